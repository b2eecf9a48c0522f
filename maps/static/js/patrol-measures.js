// Numbers of patrols in words: shares, spans, quality, and why one is withheld; and what colour a grid has for them.
"use strict";

gridkeeper.patrolMeasures = (() => {
  const { config, el, t, word, number, clock } = gridkeeper;
  const one = new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const SHARES = ["area_share", "street_share", "building_share"];
  const STEPS = 5;
  const OF_SHARES = ["too_many_gaps", "too_interpolated"];

  const isKnown = (value) => value !== null && value !== undefined;
  const share = (value) => (isKnown(value) ? t("unit.percent", { n: one.format(value * 100) }) : null);
  const about = (value) => t("unit.percent", { n: number(Math.round(value * 100)) });
  const decimal = (value) => (isKnown(value) ? one.format(value) : null);
  const count = (value) => (isKnown(value) ? number(value) : null);
  const span = (seconds) => (isKnown(seconds) ? clock.span(seconds) : null);
  const metres = (value) => (isKnown(value) ? t("unit.metres", { n: number(Math.round(value)) }) : null);
  const seconds = (value) => (isKnown(value) ? t("unit.seconds", { n: number(Math.round(value)) }) : null);

  /** Why a number is not shown, as a sentence with the figure and what was asked of it. */
  function reason({ reason: code, value, demand }) {
    const said = (figure) => (!isKnown(figure) ? t("patrol.unknown") : OF_SHARES.includes(code) ? about(figure) : number(Math.round(figure)));
    return word("withheld", code).replace("{value}", said(value)).replace("{demand}", said(demand));
  }

  const reasons = (list) => (list ?? []).map(reason).join(" ");

  /** A rate, or that it is withheld, with the reason for whoever points at it or reads it aloud. */
  function rate(text, row) {
    if (text !== null) return text;
    if (!row.withheld?.length) return "";
    return el("span", { class: "gkr-withheld", title: reasons(row.withheld) }, t("patrol.withheld"));
  }

  /** How well it is known, in one line: interval, accuracy, share of the time that is traced, gaps. */
  function quality(found) {
    if (!found?.fixes) return "";
    const parts = [
      isKnown(found.interval_median_s) ? t("patrol.quality.every", { n: number(Math.round(found.interval_median_s)) }) : null,
      isKnown(found.accuracy_median_m) ? t("patrol.quality.accuracy", { n: number(Math.round(found.accuracy_median_m)) }) : null,
      isKnown(found.traced) ? t("patrol.quality.traced", { n: about(found.traced) }) : null,
      isKnown(found.interpolated) && found.interpolated >= 0.005 ? t("patrol.quality.interpolated", { n: about(found.interpolated) }) : null,
      found.gaps ? t("patrol.quality.gaps", { n: number(found.gaps) }) : null,
    ];
    return parts.filter(Boolean).join(" · ");
  }

  /** A number of the table as people read it. */
  function told(measure, value) {
    if (SHARES.includes(measure)) return share(value);
    if (measure === "days_since") return isKnown(value) ? t("patrol.days", { n: number(value) }) : t("patrol.never");
    return count(value);
  }

  /** The classes of shares: none, five equal steps, and withheld. */
  function shareClasses() {
    const colours = config.palette.sequential;
    const steps = Array.from({ length: STEPS }, (_, rank) => ({
      mark: `gk-class gk-class-${rank + 1}`, colour: colours[rank],
      text: t("patrol.class", { from: (rank * 100) / STEPS, to: ((rank + 1) * 100) / STEPS }),
    }));
    const none = { mark: "gk-class", colour: config.palette.none, text: t("unit.percent", { n: 0 }) };
    return { none, steps, of: (value) => (value <= 0 ? none : steps[Math.min(STEPS - 1, Math.ceil(value * STEPS) - 1)]) };
  }

  /** How grids are coloured by a measure: {all: [{mark, colour, text, grids}], of(value)}; null is withheld or unknown, and
      undefined was not asked for. */
  function classes(measure, rows) {
    const withheld = { mark: "gk-class gkr-class-withheld", colour: config.palette.ink.withheld, text: t(measure === "days_since" ? "patrol.never" : "patrol.not_told") };
    const values = rows.map((row) => row[measure]);
    const { steps, none, of } = SHARES.includes(measure) ? shareClasses() : counted(values);
    const found = (value) => (isKnown(value) ? of(value) : withheld);
    const all = [none, ...steps, withheld].filter(Boolean);
    all.forEach((row) => { row.grids = 0; });
    values.forEach((value) => { found(value).grids += 1; });
    const blank = { colour: config.palette.none };
    return { all: all.filter((row) => row !== withheld || row.grids), of: (value) => (value === undefined ? blank : found(value)) };
  }

  function counted(values) {
    const found = gridkeeper.classify(values.filter(isKnown));
    const mark = ({ colour }) => {
      const rank = config.palette.sequential.indexOf(colour) + 1;
      return rank ? `gk-class gk-class-${rank}` : "gk-class";
    };
    const text = ({ lower, upper }) => (lower === upper ? number(lower) : `${number(lower)}–${number(upper)}`);
    const steps = found.all.map((one) => ({ ...one, mark: mark(one), text: text(one) }));
    return { none: null, steps, of: (value) => steps[found.all.indexOf(found.of(value))] };
  }

  return { share, decimal, count, span, metres, seconds, rate, reason, quality, told, classes };
})();
