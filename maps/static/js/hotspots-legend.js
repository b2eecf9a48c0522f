// What the legend of hot spots says: classes and signs with how many there are, and how they were made.
"use strict";

gridkeeper.hotspotsLegend = (() => {
  const { config, t, word, number, times } = gridkeeper;
  const { palette } = config;
  const metres = (value) => (value === undefined ? null : t("unit.metres", { n: number(value) }));
  const percent = (share) => t("unit.percent", { n: number(share * 100) });
  const some = (count) => (count ? number(count) : null);

  function classesOf(bounds) {
    const colours = gridkeeper.densityColours(bounds.length);
    const lower = (rank) => (rank ? bounds[rank - 1] : gridkeeper.densityLeast(bounds));
    return bounds.map((upper, rank) => ({ colour: colours[rank], key: String(upper), text: `${number(lower(rank))}–${number(upper)}` }));
  }

  function clusterRows({ all }) {
    const text = ({ lower, upper }) => (lower === upper ? number(lower) : `${number(lower)}–${number(upper)}`);
    return all.map((one) => ({ colour: one.colour, key: String(one.upper), text: t("hotspots.cases_n", { n: text(one) }), value: t("hotspots.clusters_n", { n: number(one.grids) }) }));
  }

  const spanOf = ({ from, to }) => t("hotspots.span", { from, to });

  /** Signs that lie over the colours. */
  function signs(rows) {
    const found = rows.filter((one) => one.found === true).length;
    const islands = rows.filter((one) => one.island).length;
    const outline = { colour: palette.ink.paper, outline: true, key: "found", text: t("hotspots.found"), value: t("legend.grids_in_class", { n: number(found) }) };
    const ring = { mark: "gkh-island", key: "island", text: t("hotspots.island"), value: t("legend.grids_in_class", { n: number(islands) }) };
    return [outline, ...(islands ? [ring] : [])];
  }

  /** Those of what is shown: counts have none, and what became of a grid is not outlined. */
  function signsOf(what, answer, nth) {
    if (what === "emerging") return nth === Infinity ? [] : signs(answer.grids.map((row) => ({ found: row.found[nth] })));
    return nth === Infinity ? signs(answer.grids) : [];
  }

  /** What was asked, under the names of the legend's facts. */
  const askedOf = (answer, { period, unit = answer.unit, ...counted }) => ({
    unit: word("hotspots.unit", unit),
    base_unknown: answer.value === undefined || ["count", "per_km2"].includes(answer.value) ? null : some(answer.base_unknown),
    period: t("hotspots.period", { period, zone: times.offset(`${answer.to}T00:00:00Z`, answer.time_zone) }),
    matter: answer.matter ? word("matter", answer.matter) : null,
    hours: answer.hours ? hoursOf(answer.hours) : null,
    ...counted,
  });

  /** And how it was reckoned. */
  const reckonedOf = (answer) => ({
    method: word("hotspots.method", answer.method),
    bandwidth: metres(answer.bandwidth_m),
    cell: metres(answer.cell_m),
    error: answer.error_of_peak ? t("hotspots.of_peak", { n: number(answer.error_of_peak * 100) }) : null,
    within: metres(answer.within_m),
    least: answer.least,
    noise: answer.noise === undefined ? null : number(answer.noise),
    alpha: answer.alpha === undefined ? null : percent(answer.alpha),
    threshold: typeof answer.threshold === "number" ? answer.threshold.toPrecision(2) : null,
    permutations: some(answer.permutations),
    seed: answer.permutations ? String(answer.seed) : null,
  });

  /** "22:00–06:00" of "22-6". */
  const hoursOf = (text) => text.split("-").map((hour) => `${hour.padStart(2, "0")}:00`).join("–");

  /** What the whole of an answer counts, and what it leaves out. */
  const whole = (answer) => ({ period: spanOf(answer), n: answer.n, outside: some(answer.outside), without_hour: some(answer.without_hour) });
  const factsOf = (answer, which) => ({ ...askedOf(answer, which), ...reckonedOf(answer) });

  /** Groups of the legend: of the answer as it is shown, and of the one it is compared with. */
  function groups({ what, answer, other, common, rows, nth, label }) {
    if (what === "near") {
      const near = { id: "near", title: t("hotspots.title.near"), rows: [], facts: factsOf(answer, whole(answer)), notes: [t("hotspots.near.shade")] };
      return [near, ...groups({ what: "density", answer: answer.below, common, rows, nth, label })];
    }
    const isFrame = nth !== Infinity;
    const isCounts = isFrame && (what === "gi" || what === "moran");
    const title = isCounts ? t("hotspots.title.counts") : isFrame && what === "emerging" ? t("hotspots.title.week") : t(`hotspots.title.${what}`);
    const frame = { period: label, n: isFrame ? countOf(what, answer, nth) : null };
    const facts = isCounts ? askedOf(answer, { ...frame, unit: "cases" }) : factsOf(answer, isFrame ? frame : whole(answer));
    const of = {
      density: () => classesOf(isFrame ? common.bounds : common.whole),
      clusters: () => clusterRows(common.clusters),
    }[what];
    const found = of ? of() : [...rows, ...signsOf(what, answer, nth)];
    const compared = other ? [{ id: "other", title: t("hotspots.other"), rows: [], facts: { period: spanOf(other), n: other.n }, notes: [t("hotspots.same_classes")] }] : [];
    return [{ id: "found", title, rows: found, facts, notes: notesOf(what, answer, isFrame) }, ...compared];
  }

  function countOf(what, answer, nth) {
    if (what === "density") return answer.image.frames[nth].n;
    if (what === "emerging") return answer.grids.reduce((sum, row) => sum + row.weeks[nth], 0);
    return answer.frames[nth].counts.reduce((sum, count) => sum + count, 0);
  }

  /** What must be said beside the numbers. */
  function notesOf(what, answer, isFrame) {
    if (answer.per && answer.per !== "km2") return [t("hotspots.no_colour")];
    if (isFrame || !answer.grids) return [];
    const isSomething = what === "emerging" ? (one) => one.class !== "none" : (one) => one.found;
    if (answer.grids.some(isSomething)) return [];
    // Shuffles cannot tell how rare a grid is that is rarer than all of them.
    const rarest = answer.permutations ? 2 / (answer.permutations + 1) : 0;
    const why = rarest > answer.threshold ? [t("hotspots.too_few_shuffles", { n: number(answer.permutations), p: String(Number(rarest.toPrecision(2))) })] : [];
    return [t("hotspots.nothing_found"), ...why];
  }

  return { groups, spanOf };
})();
