// What is asked of hot spots: kind of map, scheme, period, matter, hours and how; kept in the address of the page.
"use strict";

gridkeeper.hotspotsChoices = ({ changed, schemeChanged, compared }) => {
  const { t, el, word, number, times, remember } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  // What each kind of map is asked with, beside what all of them are.
  const ASKED = {
    density: ["per", "bandwidth_m", "step"],
    gi: ["value", "alpha", "permutations", "step"],
    moran: ["value", "alpha", "permutations", "step"],
    clusters: ["within_m", "least"],
    emerging: ["alpha"],
    near: [],
  };
  const KEYS = ["scheme", "what", "from", "to", "matter", "hours", ...new Set(Object.values(ASKED).flat()), "from2", "to2"];
  // The service tells of three years at most.
  const MOST_DAYS = 3 * 365;
  const USUAL_DAYS = "90";
  const asked = new URLSearchParams(location.search);
  const chosen = Object.fromEntries(KEYS.map((key) => [key, asked.get(key) ?? ""]));
  const whats = [...document.querySelectorAll("[name=gkh-what]")];
  const presets = [...document.querySelectorAll("[name=gk-preset]")];
  const selects = [...document.querySelectorAll("[data-choice]")];
  const first = Object.fromEntries(selects.map((one) => [one.dataset.choice, one.value]));
  let range = { first: "", last: "" };

  if (!whats.some((one) => one.value === chosen.what)) chosen.what = whats[0].value;
  for (const one of selects) if (![...one.options].some(({ value }) => value === chosen[one.dataset.choice])) chosen[one.dataset.choice] = one.value;

  function apply(change) {
    Object.assign(chosen, change);
    keep();
    show();
    changed();
  }

  /** What is as it was at first need not stand in the address. */
  function keep() {
    const isUsual = (key) => chosen[key] === first[key] || (first[key] !== undefined && !ASKED[chosen.what].includes(key)) || (key === "what" && chosen.what === whats[0].value);
    remember(Object.fromEntries(KEYS.map((key) => [key, isUsual(key) ? "" : chosen[key]])));
  }

  /** The days of a preset count back from the newest case, so that old data are not simply empty. */
  function days(preset) {
    if (!range.last) return { from: "", to: "" };
    const from = preset === "all" ? range.first : times.shift(range.last, 1 - Number(preset));
    const least = times.shift(range.last, 1 - MOST_DAYS);
    return { from: from < least ? least : from, to: range.last };
  }

  /** The same number of days just before. Where nothing was reported then, the later half with the earlier one. */
  function beside({ from, to }) {
    const count = Math.round((Date.parse(to) - Date.parse(from)) / 86400000) + 1;
    if (range.first && range.first < from) return { from2: times.shift(from, -count), to2: times.shift(from, -1) };
    const half = count >> 1;
    return { from: times.shift(to, 1 - half), from2: times.shift(to, 1 - 2 * half), to2: times.shift(to, -half) };
  }

  /** The controls as what was chosen says. */
  function show() {
    for (const one of whats) one.checked = one.value === chosen.what;
    for (const one of document.querySelectorAll("[data-for]")) one.hidden = !one.dataset.for.split(" ").includes(chosen.what);
    for (const one of selects) one.value = chosen[one.dataset.choice];
    for (const key of ["from", "to"]) $(`gk-${key}`).value = chosen[key];
    for (const key of ["from2", "to2"]) $(`gkh-${key}`).value = chosen[key];
    for (const one of presets) {
      const { from, to } = days(one.value);
      one.checked = from === chosen.from && to === chosen.to;
    }
    const [begin = "", end = "24"] = chosen.hours ? chosen.hours.split("-") : [];
    $("gkh-hour-from").value = begin;
    $("gkh-hour-to").value = end;
    $("gkh-hour-to").disabled = !begin;
    $("gkh-compare").checked = isCompared();
    $("gkh-other").hidden = !isCompared();
    $("gkh-hint").textContent = t(`hotspots.hint.${chosen.what}`);
  }

  /** Two days that were chosen, if they are in order. */
  function period(from, to, keys) {
    const [begin, end] = [$(from).value, $(to).value];
    $(to).setCustomValidity(begin && end && end < begin ? t("period.order") : "");
    if (begin && end && $(to).reportValidity()) apply({ [keys[0]]: begin, [keys[1]]: end });
  }

  function hours() {
    const begin = $("gkh-hour-from").value;
    // Whoever begins to choose means some hours, not all of them.
    const end = chosen.hours ? $("gkh-hour-to").value : String(((Number(begin) + 7) % 24) + 1);
    apply({ hours: begin === "" || begin === end || (begin === "0" && end === "24") ? "" : `${begin}-${end}` });
  }

  function compare(wanted) {
    Object.assign(chosen, wanted ? beside(chosen) : { from2: "", to2: "" });
    keep();
    show();
    compared();
  }

  const isCompared = () => Boolean(chosen.from2 && chosen.to2) && chosen.what !== "near";

  whats.forEach((one) => one.addEventListener("change", () => apply({ what: one.value })));
  presets.forEach((one) => one.addEventListener("change", () => apply(days(one.value))));
  for (const one of selects) one.addEventListener("change", () => apply({ [one.dataset.choice]: one.value }));
  for (const id of ["gk-from", "gk-to"]) $(id).addEventListener("change", () => period("gk-from", "gk-to", ["from", "to"]));
  for (const id of ["gkh-from2", "gkh-to2"]) $(id).addEventListener("change", () => period("gkh-from2", "gkh-to2", ["from2", "to2"]));
  for (const id of ["gkh-hour-from", "gkh-hour-to"]) $(id).addEventListener("change", hours);
  $("gkh-matter").addEventListener("change", (event) => apply({ matter: event.target.value }));
  $("gkh-scheme").addEventListener("change", (event) => schemeChanged(event.target.value));
  $("gkh-compare").addEventListener("change", (event) => compare(event.target.checked));
  $("gkh-clear").addEventListener("click", () => apply({ ...first, matter: "", hours: "", from2: "", to2: "", ...days(USUAL_DAYS) }));

  return {
    chosen, apply, isCompared,

    /** A scheme with the first and last day of its cases; the days that were chosen stay. */
    setScheme(scheme, counts) {
      const day = (at) => times.day(at, scheme.time_zone);
      range = counts.first_at ? { first: day(counts.first_at), last: day(counts.last_at) } : { first: "", last: "" };
      chosen.scheme = scheme.name;
      if (!chosen.from || !chosen.to) Object.assign(chosen, range.last ? days(USUAL_DAYS) : { from: day(Date.now()), to: day(Date.now()) });
      $("gkh-filters").disabled = false;
      keep();
      show();
    },

    /** Offer the matters there are, by their large classes, with their numbers. */
    offer(byCategory) {
      const groups = new Map();
      const isCode = (category) => /^\d{5}/.test(category);
      for (const category of Object.keys(byCategory).sort()) {
        const key = isCode(category) ? category.slice(0, 2) : "";
        groups.set(key, [...(groups.get(key) ?? []), category]);
      }
      const sum = (all) => all.reduce((total, one) => total + byCategory[one], 0);
      const option = (value, text, count) => el("option", { value }, `${text} (${number(count)})`);
      const all = (key, found) => (key ? [option(key, t("hotspots.whole_class", { name: word("matter", key) }), sum(found))] : []);
      const of = ([key, found]) => el("optgroup", { label: key ? word("matter", key) : t("hotspots.other_matters") }, all(key, found), found.map((one) => option(one, word("matter", one), byCategory[one])));
      $("gkh-matter").replaceChildren(el("option", { value: "" }, t("filter.every_category")), ...[...groups].map(of));
      if (chosen.matter && !$("gkh-matter").querySelector(`option[value="${CSS.escape(chosen.matter)}"]`)) $("gkh-matter").append(el("option", { value: chosen.matter }, word("matter", chosen.matter)));
      $("gkh-matter").value = chosen.matter;
    },

    /** The question to the service for a kind of map; `other` for the period it is compared with, `more` in place of what is
        chosen. */
    query({ what = chosen.what, other = false, more = {} } = {}) {
      const query = new URLSearchParams({ scheme: chosen.scheme, from: other ? chosen.from2 : chosen.from, to: other ? chosen.to2 : chosen.to });
      if (what === "gi" || what === "moran") query.set("statistic", what);
      for (const key of ["matter", "hours", ...(ASKED[what] ?? [])]) if (chosen[key] !== "") query.set(key, chosen[key]);
      for (const [key, value] of Object.entries(more)) {
        if (value === null) query.delete(key);
        else query.set(key, value);
      }
      return query;
    },
  };
};
