// Numbers of reach in words, what colour a grid has for them, and what colour minutes have.
"use strict";

gridkeeper.reachMeasures = (() => {
  const { config, t, number } = gridkeeper;
  const one = new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const SHARES = ["people_share", "share"];
  const STEPS = 5;

  const isKnown = (value) => value !== null && value !== undefined;
  const unknown = () => t("reach.unknown");
  const share = (value) => (isKnown(value) ? t("unit.percent", { n: one.format(value * 100) }) : unknown());
  const minutes = (value) => (isKnown(value) ? t("reach.minutes.n", { n: one.format(value) }) : t("reach.none_reached"));
  const count = (value) => (isKnown(value) ? number(Math.round(value)) : unknown());

  /** The numbers of a grid or an area in words; where nothing stands, or nobody lives, there is none to tell. */
  const row = (one) => ({
    share: one.buildings ? share(one.share) : "",
    people: one.buildings ? count(one.people) : "",
    people_share: one.buildings && one.people !== 0 ? share(one.people_share) : "",
    median_min: one.buildings ? minutes(one.median_min) : "",
    longest_min: one.buildings ? minutes(one.longest_min) : "",
  });

  /** What is reached of what there is. */
  const of = (within, all) => (isKnown(all) && isKnown(within) ? t("reach.of", { n: count(within), all: count(all) }) : unknown());

  /** The upper ends of the bands up to a limit, in minutes: those that the service made, else every five. */
  function uppers(limit, bands) {
    const made = [...new Set((bands?.features ?? []).map(({ properties }) => properties.minutes))].sort((a, b) => a - b);
    return made.length ? made : Array.from({ length: Math.ceil(limit / 5) }, (_, rank) => Math.min(limit, (rank + 1) * 5));
  }

  /** Bands with colours that are as far apart as the palette has them: [{from, upper, colour}]. */
  function bands(ends) {
    const ramp = config.palette.minutes;
    // The last one is nearly paper: it is taken where all are needed.
    const last = ends.length < ramp.length ? ramp.length - 2 : ramp.length - 1;
    const colour = (rank) => ramp[ends.length > 1 ? Math.ceil((rank * last) / (ends.length - 1)) : 1];
    return ends.map((upper, rank) => ({ from: rank ? ends[rank - 1] : 0, upper, colour: colour(Math.min(rank, ramp.length - 1)) }));
  }

  /** The colour of so many minutes. */
  function scale(ends) {
    const found = bands(ends);
    return (minutes) => (found.find(({ upper }) => minutes <= upper) ?? found.at(-1))?.colour ?? config.palette.none;
  }

  /** How grids are coloured: {all: [{colour, text, grids}], of(value)}. */
  function classes(measure, rows, ends) {
    const nothing = { colour: config.palette.ink.withheld, text: t(SHARES.includes(measure) ? "reach.nobody" : "reach.no_way"), grids: 0 };
    const steps = SHARES.includes(measure) ? shares() : spans(ends);
    const found = (value) => (isKnown(value) ? steps.find((step) => value <= step.upper) ?? steps.at(-1) : nothing);
    for (const row of rows) found(row[measure]).grids += 1;
    const blank = { colour: config.palette.none };
    return { all: nothing.grids ? [...steps, nothing] : steps, of: (value) => (value === undefined ? blank : found(value)) };
  }

  function shares() {
    const none = { upper: 0, colour: config.palette.none, text: t("unit.percent", { n: 0 }), grids: 0 };
    const step = (colour, rank) => ({ upper: (rank + 1) / STEPS, colour, text: t("patrol.class", { from: (rank * 100) / STEPS, to: ((rank + 1) * 100) / STEPS }), grids: 0 });
    return [none, ...config.palette.sequential.map(step)];
  }

  function spans(ends) {
    const within = bands(ends).map((one) => ({ ...one, text: span(one), grids: 0 }));
    return [...within, { upper: Infinity, colour: config.palette.none, text: t("reach.beyond", { n: ends.at(-1) }), grids: 0 }];
  }

  const span = ({ from, upper }) => t("reach.minutes.span", { from, to: upper });

  return { share, minutes, count, row, of, uppers, bands, scale, classes, span };
})();
