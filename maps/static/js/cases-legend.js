// What the legend of the case map says, from the counts and the classes that are drawn.
"use strict";

gridkeeper.casesLegend = (() => {
  const { config, t, word, number } = gridkeeper;

  function classes(grids) {
    if (!grids.classes) return [];
    return grids.classes.all.map((one) => {
      const rank = config.palette.sequential.indexOf(one.colour) + 1;
      const text = one.lower === one.upper ? number(one.lower) : `${number(one.lower)}–${number(one.upper)}`;
      return { mark: `gk-class gk-class-${rank}`, text, value: t("legend.grids_in_class", { n: number(one.grids) }) };
    });
  }

  function states(byState) {
    const known = Object.keys(config.palette.states).filter((state) => byState[state]);
    const rows = known.map((state) => ({ mark: `gk-dot gk-dot-${state}`, text: word("state", state), value: number(byState[state]) }));
    return [...rows, { mark: "gk-ring", text: t("legend.near_border") }, { mark: "gk-bin", text: t("legend.bin") }];
  }

  /** facts: {grids: layer, counts: {total, outside, by_state}, period: text, notes: [text]}; switches by layer name. */
  return function groups({ grids, counts, period, notes = [], switches, shown }) {
    return [
      {
        id: "grids", title: t("legend.choropleth"), shown: shown("grids"), onswitch: switches.grids, rows: classes(grids),
        facts: { period, n: counts.total, outside: counts.outside, method: t("legend.method") }, notes,
      },
      { id: "cases", title: t("legend.cases"), shown: shown("cases"), onswitch: switches.cases, rows: states(counts.by_state) },
      ...Object.keys(switches)
        .filter((name) => name !== "grids" && name !== "cases")
        .map((name) => ({
          id: name, title: t(`layer.${name}`), shown: shown(name), onswitch: switches[name],
          rows: shown(name) ? [{ mark: `gk-line gk-line-${name}`, text: t(`legend.${name}`) }] : [],
        })),
    ];
  };
})();
