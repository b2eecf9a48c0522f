// How grids look: by what a statistic says of them, by what became of them over weeks, by their number of cases.
"use strict";

gridkeeper.hotspotsLooks = (() => {
  const { config, t, number } = gridkeeper;
  const { diverging, cold_pattern: cold, emerging, none, ink } = config.palette;
  const CONFIDENCES = [99, 95, 90];
  // |z| from which on a normal deviate is that rare on both sides.
  const RARE = [[2.5758, 99], [1.96, 95], [1.6449, 90]];
  const middle = { colour: diverging[3] };
  const unknown = { colour: ink.withheld };

  const gi = {
    looks: {
      ...Object.fromEntries(CONFIDENCES.map((confidence, rank) => [`hot-${confidence}`, { colour: diverging[6 - rank] }])),
      none: middle,
      ...Object.fromEntries([...CONFIDENCES].reverse().map((confidence, rank) => [`cold-${confidence}`, { colour: diverging[2 - rank], pattern: cold }])),
    },
    keyOf: ({ hot, confidence }) => (hot === "none" || !confidence ? "none" : `${hot}-${confidence}`),
    text: (key) => (key === "none" ? t("hotspots.none") : t(key.startsWith("hot") ? "hotspots.hot" : "hotspots.cold", { n: key.split("-")[1] })),
  };

  const moran = {
    looks: {
      "high-high": { colour: diverging[6] }, "high-low": { colour: diverging[4] }, none: middle,
      "low-high": { colour: diverging[2], pattern: cold }, "low-low": { colour: diverging[0], pattern: cold },
    },
    keyOf: ({ hot }) => hot,
    text: (key) => t(`hotspots.moran.${key}`),
  };

  const names = Object.keys(emerging);
  const became = {
    looks: {
      ...Object.fromEntries(names.map((name) => [`${name}-hot`, { colour: emerging[name] }])),
      none: middle,
      ...Object.fromEntries(names.map((name) => [`${name}-cold`, { colour: emerging[name], pattern: cold }])),
    },
    keyOf: (row) => row.class,
    text: (key) => t(`hotspots.emerging.${key}`),
  };

  const scales = { gi, moran, emerging: became };

  /** The key of what a kind of map says of a grid: "hot-99", "low-high", "new-hot", "none"; "unknown" without a value. */
  const keyOf = (what, row) => (what !== "emerging" && row.value === null ? "unknown" : scales[what].keyOf(row));
  const textOf = (what, key) => (key === "unknown" ? t("hotspots.no_base") : scales[what].text(key));
  const lookOf = (what, key) => (key === "unknown" ? unknown : scales[what].looks[key] ?? middle);

  /** All grids of an answer: their looks by number, and the rows of the legend with how many of each there are. */
  function standing(what, rows) {
    const looks = {};
    const counts = {};
    for (const row of rows) {
      const key = keyOf(what, row);
      counts[key] = (counts[key] ?? 0) + 1;
      looks[row.grid_no] = { ...lookOf(what, key), found: row.found === true, island: row.island === true };
    }
    // Of sixteen ways to become hot or cold only those that happened are told.
    const told = [...Object.keys(scales[what].looks).filter((key) => what !== "emerging" || key === "none" || counts[key]), ...(counts.unknown ? ["unknown"] : [])];
    return { looks, rows: told.map((key) => ({ ...lookOf(what, key), key, text: textOf(what, key), value: grids(counts[key] ?? 0) })) };
  }

  const grids = (n) => t("legend.grids_in_class", { n: number(n) });

  /** Classes of counts that hold for all frames of all answers. */
  const classesOf = (answers) => gridkeeper.classify(answers.flatMap((one) => (one.frames ?? []).flatMap((frame) => frame.counts)));

  /** Grids by their number of cases in one frame. */
  function counted(answer, nth, classes) {
    const { counts } = answer.frames[nth];
    const looks = Object.fromEntries(answer.grids.map((row, at) => [row.grid_no, { colour: classes.of(counts[at]).colour }]));
    const within = (one) => counts.filter((count) => classes.of(count) === one).length;
    const text = ({ lower, upper }) => (lower === upper ? number(lower) : `${number(lower)}–${number(upper)}`);
    return { looks, rows: classes.all.map((one) => ({ colour: one.colour, key: String(one.upper), text: text(one), value: grids(within(one)) })) };
  }

  /** Grids by how rare their z of one week is. */
  function ofWeek(answer, nth) {
    const standingOf = (z) => {
      const [, confidence = 0] = RARE.find(([least]) => Math.abs(z ?? 0) >= least) ?? [];
      return { hot: z > 0 ? "hot" : "cold", confidence };
    };
    return standing("gi", answer.grids.map((row) => ({ grid_no: row.grid_no, value: 0, found: Boolean(row.found[nth]), ...standingOf(row.z[nth]) })));
  }

  return { keyOf, textOf, lookOf, standing, classesOf, counted, ofWeek, blank: { colour: none } };
})();
