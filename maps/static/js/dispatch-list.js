// The list of cases: as many rows as are seen, however many there are.
"use strict";

gridkeeper.dispatchList = ({ store, stateName, open }) => {
  const { el, t, clock, config, painted } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const frame = $("gkd-rows");
  const room = el("div", { class: "gkd-room", role: "presentation" });
  const MORE = 4;
  const pool = [];
  let chosen = null;
  const fresh = new Map();
  let asked = 0;
  frame.append(room);

  const height = () => (document.body.classList.contains("gkd-full") ? 34 : 58);

  /** One row to be filled again and again. */
  function make() {
    const part = (name) => el("span", { class: `gkd-${name}` });
    const parts = { mark: el("i", { "aria-hidden": "true" }), what: part("what"), left: part("left"), number: part("number"), state: part("state"), grid: part("grid"), who: part("who"), received: part("received"), flags: part("flags") };
    const row = el("div", { class: "gkd-row", role: "option" }, ...Object.values(parts));
    row.addEventListener("click", () => open(row.dataset.number));
    room.append(row);
    return { row, parts };
  }

  const name = (one) => one?.[config.lang] ?? "";

  function who(at) {
    const [unit, person] = [store.word("department", at), store.word("staff", at)];
    return unit ? name(unit) : person?.name ?? "";
  }

  function fill({ row, parts }, at, nth) {
    const { col } = store;
    const number = store.number(at);
    const kind = clock.KINDS[col.kind[at]];
    const grid = store.word("grid", at);
    row.className = `gkd-row gkd-is-${kind}`;
    row.classList.toggle("gkd-fresh", fresh.has(number));
    row.id = `gkd-row-${number}`;
    row.dataset.number = number;
    row.setAttribute("aria-selected", String(number === chosen));
    row.setAttribute("aria-posinset", nth + 1);
    row.setAttribute("aria-setsize", store.shown.length);
    row.style.transform = `translateY(${nth * height()}px)`;
    parts.mark.className = `gkd-mark gkd-mark-${kind}`;
    parts.what.textContent = name(store.word("matter", at)) || t("dispatch.no_matter");
    parts.left.textContent = clock.left(store.word("clock", at), col.due[at]);
    parts.number.textContent = number;
    parts.state.textContent = stateName(store.word("state", at));
    parts.grid.textContent = grid ? grid.name || grid.code : t("card.no_grid");
    parts.who.textContent = who(at);
    parts.received.textContent = clock.moment(col.received[at] * 1000);
    parts.flags.replaceChildren(...flags(at));
  }

  function flags(at) {
    const { col } = store;
    const found = [];
    if (col.urgent[at]) found.push(t("dispatch.flag.urgent"));
    if (col.supervised[at]) found.push(t("dispatch.flag.supervised"));
    if (col.level[at]) found.push(t("dispatch.flag.level", { n: col.level[at] }));
    return found.map((text) => el("b", { class: "gk-flag" }, text));
  }

  function paint() {
    asked = 0;
    const { shown } = store;
    const each = height();
    room.style.height = `${shown.length * each}px`;
    const first = Math.max(0, Math.floor(frame.scrollTop / each) - MORE);
    const last = Math.min(shown.length, Math.ceil((frame.scrollTop + frame.clientHeight) / each) + MORE);
    while (pool.length < last - first) pool.push(make());
    pool.forEach((one, nth) => {
      one.row.hidden = first + nth >= last;
      if (!one.row.hidden) fill(one, shown[first + nth], first + nth);
      else one.row.removeAttribute("id");
    });
    const active = chosen && document.getElementById(`gkd-row-${chosen}`);
    if (active) frame.setAttribute("aria-activedescendant", active.id);
    else frame.removeAttribute("aria-activedescendant");
    $("gkd-none").hidden = shown.length > 0 || !store.words.state;
    painted.listed = shown.length;
  }

  /** Paint at the next frame, once, however often asked. */
  function schedule() {
    if (!asked) asked = requestAnimationFrame(paint);
  }

  frame.addEventListener("scroll", schedule, { passive: true });
  new ResizeObserver(schedule).observe(frame);

  const placeOf = (number) => {
    const row = store.row(number);
    return row === undefined ? -1 : store.shown.indexOf(row);
  };

  function bringIntoView(nth) {
    const each = height();
    if (nth < 0) return;
    if (nth * each < frame.scrollTop) frame.scrollTop = nth * each;
    else if ((nth + 1) * each > frame.scrollTop + frame.clientHeight) frame.scrollTop = (nth + 1) * each - frame.clientHeight;
  }

  /** Mark a case as the chosen one. */
  function choose(number, { follow = true } = {}) {
    chosen = number;
    if (number && follow) bringIntoView(placeOf(number));
    schedule();
  }

  /** The number of the case some rows on from the chosen one; the first where none is. */
  function step(by) {
    const { shown } = store;
    if (!shown.length) return null;
    const at = chosen ? placeOf(chosen) : -1;
    const next = at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by));
    return store.number(shown[next]);
  }

  /** Show for a while that a case is new. */
  function flash(number) {
    clearTimeout(fresh.get(number));
    fresh.set(number, setTimeout(() => { fresh.delete(number); schedule(); }, 6000));
    schedule();
  }

  /** The line above the list. */
  function note(text) {
    $("gkd-count").textContent = text;
  }

  return { schedule, choose, step, flash, note, get chosen() { return chosen; } };
};
