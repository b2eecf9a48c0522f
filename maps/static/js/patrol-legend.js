// What the legend of the patrol page says: coverage of grids, traces by time, what nobody was at, points, people.
"use strict";

gridkeeper.patrolLegend = ({ layers, zone }) => {
  const { config, t, number, times } = gridkeeper;
  const legend = gridkeeper.legend(document.getElementById("gk-legend"));

  function coverage({ measure, classes, facts, notes }) {
    const rows = (classes?.all ?? []).map((one) => ({ mark: one.mark, text: one.text, value: t("legend.grids_in_class", { n: number(one.grids) }) }));
    return { id: "grids", title: t(`patrol.measure.${measure}`), rows, facts, notes };
  }

  function traces({ traces: told, isNarrowed }) {
    const span = layers.traces.span();
    if (!span) return { rows: [], notes: [t(told === null ? (isNarrowed ? "status.loading" : "patrol.traces.choose") : "patrol.traces.none")] };
    const isDay = times.day(span[0], zone()) === times.day(span[1], zone());
    const moment = (at) => times.show(at, zone()).slice(isDay ? 11 : 5);
    const rows = layers.traces.classes().map((one, rank) => ({ mark: `gk-line gkr-time-${rank + 1}`, text: `${moment(one.from)}–${moment(one.to)}` }));
    return { rows: [...rows, { mark: "gk-line gkr-gap", text: t("patrol.legend.gap") }, { mark: "gk-ring gkr-stop", text: t("patrol.legend.stop") }], notes: [] };
  }

  function unvisited(what, found) {
    if (!found) return [];
    const never = found.filter((one) => one.properties.days_since === null).length;
    const mark = what === "streets" ? "gk-line gkr-line" : "gkr-block";
    return [
      { mark: `${mark} gkr-never`, text: t("patrol.legend.never"), value: number(never) },
      { mark: `${mark} gkr-long`, text: t("patrol.legend.long"), value: number(found.length - never) },
    ];
  }

  function points(found) {
    return ["done", "late", "partial", "missed", "not_yet"].map((state) => ({
      mark: `gkr-point gkr-point-${state}`, text: t(`patrol.point.${state}`), value: number(found.filter((one) => gridkeeper.pointStanding(one) === state).length),
    }));
  }

  /** Show it as it is; `switches` by name: [is it on, what turns it]. */
  function show(state, switches) {
    const group = (id, more) => ({ id, title: t(`layer.${id}`), shown: switches[id][0], onswitch: switches[id][1], ...more });
    const shapes = ["areas", "streets", "buildings"].map((id) => group(id, { rows: switches[id][0] ? [{ mark: `gk-line gk-line-${id}`, text: t(`legend.${id}`) }] : [] }));
    legend.show([
      coverage(state),
      group("traces", traces(state)),
      group("fixes", { rows: switches.fixes[0] ? [{ mark: "gk-dot gkr-fix", text: t("patrol.legend.fix") }, { mark: "gkr-cross", text: t("patrol.legend.dropped") }] : [] }),
      group("unvisited_streets", { rows: unvisited("streets", state.unvisited.streets), notes: state.unvisited.streets ? [t("patrol.legend.street", { n: config.street_share * 100 })] : [] }),
      group("unvisited_buildings", { rows: unvisited("buildings", state.unvisited.buildings) }),
      group("points", { rows: switches.points[0] ? points(state.points) : [] }),
      group("live", { rows: switches.live[0] ? [{ mark: "gk-dot gkr-live", text: t("patrol.legend.live") }, { mark: "gk-dot gkr-live-old", text: t("patrol.legend.live_old") }] : [] }),
      ...shapes,
    ]);
  }

  return { show };
};
