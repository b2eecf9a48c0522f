// Suggestions: small moves that even out the load, and a fresh division of chosen grids. Nothing happens unasked.
"use strict";

gridkeeper.plannerSuggest = ({ desk, store }) => {
  const { config, el, t, number } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const [two, four] = [2, 4].map((digits) => new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

  function clear() {
    $("gkp-suggestions").replaceChildren();
    desk.canvas.show({ shapes: [] });
  }

  function row(one) {
    const look = () => desk.showPlace(one.shape, false);
    const take = () => desk.run(desk.save(one.edit).then((isSaved) => { if (isSaved) clear(); }));
    return el(
      "li", { onmouseenter: () => desk.canvas.show({ shapes: desk.canvas.shapeOf(one.shape) }) },
      el("button", { type: "button", class: "gk-link", onclick: look }, t("planner.suggest.move", { n: number(one.atoms?.length ?? one.buildings), from: desk.nameOf(one.giver), to: desk.nameOf(one.taker) })),
      el("p", { class: "gk-note" }, t("planner.suggest.gain", { before: four.format(one.cv_before), after: four.format(one.cv_after), range_before: two.format(one.imbalance_before), range_after: two.format(one.imbalance_after), households: number(one.households), open: number(one.open_cases) })),
      el("button", { type: "button", class: "gk-button gk-quiet", onclick: take }, t("planner.suggest.take")),
    );
  }

  const chosen = () => ($("gkp-suggest-chosen").checked && desk.selected().length ? { grids: desk.selected() } : {});

  async function ask() {
    clear();
    $("gkp-suggestions").append(el("li", { class: "gk-empty" }, t("planner.suggest.searching")));
    const found = await store.suggestions({ measure: measure.value, ...chosen() }).catch((error) => { clear(); throw error; });
    $("gkp-suggestions").replaceChildren(...(found.length ? found.map(row) : [el("li", { class: "gk-empty" }, t("planner.suggest.none"))]));
  }

  async function partition() {
    if (!desk.selected().length) return desk.say(t("planner.suggest.choose_first"));
    const how = { grids: desk.selected(), parts: Number($("gkp-parts").value) || desk.selected().length, measure: measure.value, seed: Number($("gkp-seed").value) };
    desk.say(t("planner.suggest.dividing"));
    return desk.settle(await store.partition(how));
  }

  const weights = [...document.querySelectorAll("[data-weight]")];
  const measure = $("gkp-suggest-measure");

  /** What the open draft is balanced by and what it says work takes; what it says nothing of is as usual. */
  function showSettings() {
    const settings = store.now()?.settings ?? {};
    measure.value = settings.measure ?? measure.options[0].value;
    for (const field of weights) field.value = settings.weights?.[field.dataset.weight] ?? field.defaultValue;
  }

  const keepWeights = () => desk.setSettings({ weights: Object.fromEntries(weights.map((field) => [field.dataset.weight, Number(field.value)])) });

  const submitted = (id, act) => $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    if (desk.isReady()) desk.run(act());
    else desk.say(t("planner.say.no_draft"));
  });
  submitted("gkp-suggest-form", ask);
  submitted("gkp-partition-form", partition);
  submitted("gkp-weights-form", keepWeights);
  return { clear, showSettings };
};
