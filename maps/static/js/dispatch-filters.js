// Filters of the dispatch page: clocks, state, matter, department, area, grid, and a text.
"use strict";

gridkeeper.dispatchFilters = ({ store, tree, states, changed }) => {
  const { el, t, number, service, clock, config } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const SOON_MS = 250;
  const INDENT = "\u2003";
  const LISTED = ["state", "matter", "department", "grid"];
  const kinds = new Set();
  const query = new URLSearchParams(location.search);
  let found = new Set();
  let soon = 0;
  let asked = new AbortController();

  const chips = clock.KINDS.map((kind, at) => {
    const sum = el("b");
    const chip = el(
      "button", { type: "button", class: "gkd-chip", "data-kind": kind, "aria-pressed": "false", onclick: () => toggle(at) },
      el("i", { class: `gkd-mark gkd-mark-${kind}`, "aria-hidden": "true" }), sum, el("span", {}, t(`clock.${kind}`)),
    );
    return { chip, sum };
  });
  $("gkd-chips").replaceChildren(...chips.map(({ chip }) => chip));

  function toggle(at) {
    if (!kinds.delete(at)) kinds.add(at);
    apply();
  }

  const name = (one) => one[config.lang] ?? one.name ?? one.code;
  const label = (what, one) => (what === "state" ? states.get(one)?.[config.lang] ?? one : name(one));

  /** Offer what the cases have; what was chosen stays chosen. */
  function offer() {
    for (const what of LISTED) {
      const select = $(`gkd-${what}`);
      const list = store.words[what].list.map((one, at) => ({ at, key: key(what, one), text: label(what, one) }));
      if (what !== "state") list.sort((a, b) => a.text.localeCompare(b.text, config.lang));
      const kept = select.value || query.get(what) || "";
      const open = what === "state" ? list.filter(({ key: state }) => states.get(state)?.is_open !== false) : list;
      select.replaceChildren(el("option", { value: "" }, t("dispatch.filter.any")), ...open.map((one) => el("option", { value: one.key, "data-at": one.at }, one.text)));
      select.value = open.some((one) => one.key === kept) ? kept : "";
    }
    offerAreas();
  }

  const key = (what, one) => (what === "state" ? one : what === "matter" ? `${one.standard ?? ""}:${one.code}` : one.code);

  /** Offer the areas of the city, each below the one that it is part of. */
  function offerAreas() {
    const below = (parent) => store.areas.filter((one) => (one.parent ?? null) === parent).sort((a, b) => a.code.localeCompare(b.code));
    const listed = (parent, deep) => below(parent).flatMap((one) => [el("option", { value: one.code }, INDENT.repeat(deep) + one.name), ...listed(one.code, deep + 1)]);
    const kept = $("gkd-area").value || query.get("area") || "";
    $("gkd-area").replaceChildren(el("option", { value: "" }, t("dispatch.filter.any")), ...listed(null, 0));
    $("gkd-area").value = store.areas.some((one) => one.code === kept) ? kept : "";
  }

  function position(what) {
    const option = $(`gkd-${what}`).selectedOptions[0];
    return option?.dataset.at === undefined ? null : Number(option.dataset.at);
  }

  function apply() {
    const text = $("gkd-text").value.trim();
    const chosen = Object.fromEntries(LISTED.map((what) => [what, position(what)]));
    store.filter({ ...chosen, area: $("gkd-area").value, text, found, kinds });
    chips.forEach(({ chip }, at) => chip.setAttribute("aria-pressed", String(kinds.has(at))));
    const narrowed = LISTED.filter((what) => chosen[what] !== null).length + ($("gkd-area").value ? 1 : 0);
    $("gkd-more-count").textContent = narrowed ? ` (${number(narrowed)})` : "";
    remember(text);
    changed();
  }

  /** The address tells the filters, so that it can be passed on. */
  function remember(text) {
    const next = new URLSearchParams(location.search);
    const values = { text, area: $("gkd-area").value, kinds: [...kinds].map((at) => clock.KINDS[at]).join(" ") };
    for (const what of LISTED) values[what] = $(`gkd-${what}`).value;
    for (const [what, value] of Object.entries(values)) {
      if (value) next.set(what, value);
      else next.delete(what);
    }
    history.replaceState(null, "", `?${next}`);
    for (const link of document.querySelectorAll("[data-lang]")) {
      next.set("lang", link.dataset.lang);
      link.href = `?${next}`;
    }
  }

  /** Names are looked for here; what only descriptions say, the service finds. */
  function typed() {
    found = new Set();
    apply();
    clearTimeout(soon);
    asked.abort();
    const text = $("gkd-text").value.trim();
    if (text.length > 1) soon = setTimeout(() => service.run(search(text)), SOON_MS);
  }

  async function search(text) {
    asked = new AbortController();
    const answer = await service.json(`/api/v1/dispatch/queue?${new URLSearchParams({ tree, text, limit: "200" })}`, asked.signal);
    found = new Set(answer.rows.map((one) => store.row(one.number)).filter((row) => row !== undefined));
    apply();
  }

  function clear() {
    kinds.clear();
    query.forEach((_, what) => query.delete(what));
    for (const what of [...LISTED, "area"]) $(`gkd-${what}`).value = "";
    $("gkd-text").value = "";
    typed();
  }

  for (const what of [...LISTED, "area"]) $(`gkd-${what}`).addEventListener("change", apply);
  $("gkd-text").addEventListener("input", typed);
  $("gkd-clear").addEventListener("click", clear);
  $("gkd-text").value = query.get("text") ?? "";
  for (const kind of (query.get("kinds") ?? "").split(" ")) if (clock.KINDS.includes(kind)) kinds.add(clock.KINDS.indexOf(kind));

  /** The numbers on the chips. */
  function showCounts() {
    chips.forEach(({ sum }, at) => { sum.textContent = number(store.counts[at] ?? 0); });
  }

  return { offer, apply, clear, showCounts };
};
