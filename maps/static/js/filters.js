// What the reader asks for: scheme, period, state and category; kept in the address of the page.
"use strict";

gridkeeper.filters = (changed) => {
  const { t, word, el, number, times, remember } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const asked = new URLSearchParams(location.search);
  const chosen = Object.fromEntries(["scheme", "from", "to", "state", "category"].map((key) => [key, asked.get(key) ?? ""]));
  const presets = [...document.querySelectorAll("[name=gk-preset]")];
  let scheme = null;
  let range = { first: "", last: "" };

  function apply(change) {
    Object.assign(chosen, change);
    remember(chosen);
    changed();
  }

  /** The days of a preset count back from the newest case, so that old data are not simply empty. */
  function preset(days) {
    if (days === "all" || !range.last) return { from: "", to: "" };
    return { from: times.shift(range.last, 1 - Number(days)), to: range.last };
  }

  function showPeriod() {
    $("gk-from").value = chosen.from || range.first;
    $("gk-to").value = chosen.to || range.last;
    for (const one of presets) {
      const { from, to } = preset(one.value);
      one.checked = from === chosen.from && to === chosen.to;
    }
  }

  function days() {
    const from = $("gk-from").value;
    const to = $("gk-to").value;
    $("gk-to").setCustomValidity(from && to && to < from ? t("period.order") : "");
    if (!$("gk-to").reportValidity()) return;
    apply({ from: from === range.first ? "" : from, to: to === range.last ? "" : to });
    showPeriod();
  }

  presets.forEach((one) => one.addEventListener("change", () => { apply(preset(one.value)); showPeriod(); }));
  $("gk-from").addEventListener("change", days);
  $("gk-to").addEventListener("change", days);
  $("gk-state").addEventListener("change", (event) => apply({ state: event.target.value }));
  $("gk-category").addEventListener("change", (event) => apply({ category: event.target.value }));
  $("gk-clear").addEventListener("click", () => clear());

  function clear() {
    for (const key of ["from", "to", "state", "category"]) chosen[key] = "";
    showPeriod();
    $("gk-state").value = "";
    $("gk-category").value = "";
    apply({});
  }

  function options(select, codes, counts, family, every) {
    const known = chosen[select.name] && !codes.includes(chosen[select.name]) ? [...codes, chosen[select.name]] : codes;
    const items = known.map((code) => el("option", { value: code }, `${family ? word(family, code) : code} (${number(counts[code] ?? 0)})`));
    select.replaceChildren(el("option", { value: "" }, every), ...items);
    select.value = chosen[select.name];
  }

  return {
    chosen, apply, clear,
    active: () => ["from", "to", "state", "category"].some((key) => chosen[key] !== ""),
    narrowed: () => chosen.state !== "" || chosen.category !== "",

    setScheme(found) {
      scheme = found;
      chosen.scheme = found.name;
      remember(chosen);
    },

    /** Offer what there is, with its numbers: an answer of the counts without state and category. */
    offer(counts) {
      options($("gk-state"), Object.keys(gridkeeper.config.palette.states), counts.by_state, "state", t("filter.every_state"));
      const categories = Object.keys(counts.by_category).sort((a, b) => counts.by_category[b] - counts.by_category[a]);
      options($("gk-category"), categories, counts.by_category, "matter", t("filter.every_category"));
    },

    /** The first and last day with cases, which bound the choice of days. */
    setRange(first_at, last_at) {
      range = first_at ? { first: times.day(first_at, scheme.time_zone), last: times.day(last_at, scheme.time_zone) } : { first: "", last: "" };
      showPeriod();
    },

    /** The days shown, for people. */
    period: () => [chosen.from || range.first, chosen.to || range.last],

    /** Query of the API: instants of local midnights, the end being the day after the last one. */
    query({ state = true } = {}) {
      const query = new URLSearchParams({ scheme: chosen.scheme });
      if (chosen.from) query.set("from", times.midnight(chosen.from, scheme.time_zone));
      if (chosen.to) query.set("to", times.midnight(times.shift(chosen.to, 1), scheme.time_zone));
      if (state && chosen.state) query.set("state", chosen.state);
      if (state && chosen.category) query.set("category", chosen.category);
      return query;
    },
  };
};
