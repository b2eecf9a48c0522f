// The tasks of one person as cards, by deadline.
"use strict";

gridkeeper.tasksList = ({ open, stateName }) => {
  const { el, t, clock, config, number, painted, keepFocus } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const name = (one) => one?.[config.lang] ?? "";
  const seconds = (at) => (at ? Date.parse(at) / 1000 : Infinity);
  const kindOf = (one) => clock.KINDS[clock.kindOf(one.clock, seconds(one.due_at), clock.now(), clock.dayEnd())];
  let rows = [];
  let kinds = "";

  /** The telephone's own map opens by a geo: link; the numbers are there for whoever has none. */
  function way({ lon, lat }) {
    const at = `${lat.toFixed(6)},${lon.toFixed(6)}`;
    return el("a", { class: "gk-tool", href: `geo:${at}?q=${at}` }, t("tasks.way", { at }));
  }

  function card(one) {
    const kind = kindOf(one);
    const begin = (step) => () => open(one.number, step);
    const act = (step, key) => el("button", { type: "button", class: `gk-button ${step ? "" : "gkd-second"}`, "data-act": key, "data-of": one.number, onclick: begin(step) }, t(`tasks.act.${key}`));
    const next = one.state === "dispatched" ? act("accept", "accept") : one.state === "handling" ? act("feed_back", "feed_back") : null;
    return el(
      "li", { class: `gkt-task gkd-is-${kind}`, "data-number": one.number },
      el("header", {}, el("i", { class: `gkd-mark gkd-mark-${kind}`, "aria-hidden": "true" }), el("h2", {}, name(one.matter) || t("dispatch.no_matter")),
        el("span", { class: "gkd-left", "data-clock": one.clock, "data-due": seconds(one.due_at) })),
      el("p", { class: "gk-note" }, [one.number, stateName(one.state), one.grid?.name ?? one.grid?.code].filter(Boolean).join(" · ")),
      one.description ? el("p", {}, one.description) : null,
      el("div", { class: "gkt-acts" }, next, act(null, "open"), way(one)),
    );
  }

  /** found: the first tasks; total: how many there are. */
  function show(found, total) {
    rows = found;
    $("gkt-count").textContent = t("tasks.count", { n: number(total) });
    painted.tasks = rows.length;
    paint();
    tick();
  }

  function paint() {
    kinds = rows.map(kindOf).join();
    keepFocus($("gk-panel"), () => $("gkt-list").replaceChildren(...(rows.length ? rows.map(card) : [el("li", { class: "gk-empty" }, t("tasks.none"))])));
  }

  const has = (wanted) => rows.some((one) => one.number === wanted);

  function tick() {
    if (rows.map(kindOf).join() !== kinds) paint();
    for (const one of $("gkt-list").querySelectorAll("[data-due]")) one.textContent = clock.left(one.dataset.clock, Number(one.dataset.due));
  }

  return { show, has, tick };
};
