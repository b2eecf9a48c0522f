// Filters of the dispatch page: clocks, state, matter, department, area, grid, and a text.
"use strict";

gridkeeper.dispatchFilters = ({ store, tree, states, changed }) => {
  const { el, t, number, service, clock, config, remember } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const SOON_MS = 250;
  const INDENT = "\u2003";
  const LISTED = ["state", "matter", "department", "grid"];
  const kinds = new Set();
  const query = new URLSearchParams(location.search);
  // Numbers, not rows: a row is another case's as soon as its own is closed.
  let found = new Set();
  let offered = 0;
  let soon = 0;
  let search = new AbortController();

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
      const kept = select.value || asked(what);
      const open = what === "state" ? list.filter(({ key: state }) => states.get(state)?.is_open !== false) : list;
      select.replaceChildren(el("option", { value: "" }, t("dispatch.filter.any")), ...open.map((one) => el("option", { value: one.key, "data-at": one.at }, one.text)));
      select.value = open.some((one) => one.key === kept) ? kept : "";
    }
    offerAreas();
    offered = known();
  }

  /** How many things there are to offer: events bring some that no case had before. */
  const known = () => LISTED.reduce((sum, what) => sum + store.words[what].list.length, 0);

  /** What the address asked for, once: afterwards the fields say it. */
  function asked(what) {
    const value = query.get(what) ?? "";
    query.delete(what);
    return value;
  }

  const key = (what, one) => (what === "state" ? one : what === "matter" ? `${one.standard ?? ""}:${one.code}` : one.code);

  /** Offer the areas of the city, each below the one that it is part of. */
  function offerAreas() {
    const below = (parent) => store.areas.filter((one) => (one.parent ?? null) === parent).sort((a, b) => a.code.localeCompare(b.code));
    const listed = (parent, deep) => below(parent).flatMap((one) => [el("option", { value: one.code }, INDENT.repeat(deep) + one.name), ...listed(one.code, deep + 1)]);
    const kept = $("gkd-area").value || asked("area");
    $("gkd-area").replaceChildren(el("option", { value: "" }, t("dispatch.filter.any")), ...listed(null, 0));
    $("gkd-area").value = store.areas.some((one) => one.code === kept) ? kept : "";
  }

  function position(what) {
    const option = $(`gkd-${what}`).selectedOptions[0];
    return option?.dataset.at === undefined ? null : Number(option.dataset.at);
  }

  function apply() {
    if (known() > offered) offer();
    const text = $("gkd-text").value.trim();
    const chosen = Object.fromEntries(LISTED.map((what) => [what, position(what)]));
    store.filter({ ...chosen, area: $("gkd-area").value, text, found, kinds });
    chips.forEach(({ chip }, at) => chip.setAttribute("aria-pressed", String(kinds.has(at))));
    const narrowed = LISTED.filter((what) => chosen[what] !== null).length + ($("gkd-area").value ? 1 : 0);
    $("gkd-more-count").textContent = narrowed ? ` (${number(narrowed)})` : "";
    const values = Object.fromEntries([...LISTED, "area"].map((what) => [what, $(`gkd-${what}`).value]));
    remember({ ...values, text, kinds: [...kinds].map((at) => clock.KINDS[at]).join(" ") });
    changed();
  }

  function typed() {
    found = new Set();
    apply();
    ask();
  }

  /** Names are looked for here; what only descriptions say, the service finds. */
  function ask() {
    clearTimeout(soon);
    search.abort();
    const text = $("gkd-text").value.trim();
    if (text.length > 1) soon = setTimeout(() => service.run(find(text)), SOON_MS);
  }

  async function find(text) {
    search = new AbortController();
    const answer = await service.json(`/api/v1/dispatch/queue?${new URLSearchParams({ tree, text, limit: "200" })}`, search.signal);
    found = new Set(answer.rows.map((one) => one.number));
    apply();
  }

  /** All cases were read anew. */
  function renew() {
    offer();
    apply();
    ask();
  }

  function clear() {
    kinds.clear();
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

  return { renew, apply, showCounts };
};
