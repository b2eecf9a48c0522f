// What a popup of the hot spots' map says: a grid's statistic, a cluster, how densely cases lie at a place.
"use strict";

gridkeeper.hotspotsCards = (() => {
  const { el, t, number, times, cards, hotspotsLooks: looks } = gridkeeper;
  const isKnown = (value) => value !== null && value !== undefined;
  const decimal = (value, digits = 2) => (isKnown(value) ? value.toFixed(digits).replace("-", "−") : null);
  const chance = (p) => (!isKnown(p) ? null : p < 0.001 ? t("hotspots.p_small") : p.toFixed(3));
  const short = (value) => number(Number(value.toPrecision(3)));
  const link = (text, act) => el("button", { type: "button", class: "gk-link", onclick: act }, text);
  const card = (title, rows, ...more) => el("article", { class: "gk-card" }, el("header", {}, el("h2", {}, title)), cards.facts(rows), ...more);
  const BLOCKS = "▁▂▃▄▅▆▇█";

  /** Numbers of weeks as a row of bars, which are read out as numbers. */
  function bars(weeks) {
    const most = Math.max(1, ...weeks);
    const text = weeks.map((count) => (count ? BLOCKS[Math.round((count / most) * (BLOCKS.length - 1))] : "·")).join("");
    return el("span", { class: "gkh-bars", role: "img", "aria-label": weeks.map(number).join(", "), title: weeks.map(number).join(" ") }, text);
  }

  const count = (cases, openCases, text = number(cases)) => (openCases && cases ? link(text, openCases) : text);

  /** openCases, openStep: show the cases of the place, or of the step of the period, in their table; null where there are none
      to show. step: {cases, label} of the one that is shown. */
  function grid(what, row, { base = "households", openCases = null, step = null, openStep = null }) {
    const facts = [
      ["card.code", row.code],
      ["card.cases", count(row.cases, openCases)],
      ["hotspots.title.counts", step && count(step.cases, openStep, `${number(step.cases)} (${step.label})`)],
      [`hotspots.base.${base}`, row.base === undefined ? null : number(row.base)],
      ["hotspots.value", row.value === undefined || row.value === row.cases ? null : decimal(row.value)],
      ["hotspots.smoothed", isKnown(row.smoothed) ? t("hotspots.of_unit", { n: short(row.smoothed), unit: t(`hotspots.unit.cases_per_1000_${base}`) }) : null],
      ["hotspots.z", decimal(Array.isArray(row.z) ? row.trend_z : row.z)],
      ["hotspots.p", chance(row.p ?? row.trend_p)],
      ["hotspots.p_permuted", chance(row.p_permuted)],
      ["hotspots.standing", looks.textOf(what, looks.keyOf(what, row))],
      ["hotspots.is_found", what === "emerging" ? null : t(row.found ? "hotspots.yes" : "hotspots.no")],
      ["hotspots.by_week", row.weeks ? bars(row.weeks) : null],
    ];
    return card(row.name || row.code, facts, row.island ? el("p", {}, t("hotspots.island_why")) : null);
  }

  function cluster({ cluster: nth, n, diameter_m: diameter, first, last }, zone, openCases) {
    return card(t("hotspots.cluster", { n: nth + 1 }), [
      ["card.cases", openCases ? link(number(n), openCases) : number(n)],
      ["hotspots.diameter", t("unit.metres", { n: number(Math.round(diameter)) })],
      ["hotspots.first", times.show(first, zone)],
      ["hotspots.last", times.show(last, zone)],
    ]);
  }

  function place({ title, value, unit, radius, openCases }) {
    const told = value === null ? t("hotspots.no_base") : t("hotspots.of_unit", { n: short(value), unit: t(`hotspots.unit.${unit}`) });
    return card(title, [["hotspots.density", told]], openCases ? el("p", {}, link(t("hotspots.cases_near", { n: number(radius) }), openCases)) : null);
  }

  return { grid, cluster, place, bars, decimal, short, chance, link };
})();
