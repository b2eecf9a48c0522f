// What the legend of the reach page says: the ground, streets by minutes, stations, where one more would help.
"use strict";

gridkeeper.reachLegend = () => {
  const { config, t, number, word, reachMeasures: measures } = gridkeeper;
  const legend = gridkeeper.legend(document.getElementById("gk-legend"));
  const { ink } = config.palette;

  /** How it was counted, in words; of two questions what differs stands beside each other. */
  function facts(grounds, shown) {
    const both = (of) => [...new Set(grounds.map(({ found }) => of(found.answer)))].join(" | ");
    const people = ({ total }) => (total.people === null ? t("reach.unknown") : number(total.people));
    const pieces = grounds[0].found.answer.pieces.n;
    return {
      unit: t(`reach.unit.${shown}`),
      service: both(({ service }) => (service ? word("reach.service", service) : t("reach.every_service"))),
      minutes: both(({ minutes }) => t("reach.minutes.whole", { n: minutes })),
      speed: both(({ speed_kmh: n }) => t("reach.speed.n", { n })),
      method: t("reach.method"),
      stations: both(({ stations }) => number(stations.length)),
      buildings: both(({ total }) => number(total.buildings)),
      people: both(people),
      pieces: pieces > 1 ? pieces : null,
    };
  }

  const spans = (ends, shape) => measures.bands(ends).map((one) => ({ colour: one.colour, shape, text: measures.span(one) }));

  function ground({ grounds, measure, classes, beside, ends }) {
    const count = (one, nth) => [one.grids, ...(beside ? [beside.all[nth]?.grids ?? 0] : [])].map(number).join(" | ");
    const rows = classes
      ? classes.all.map((one, nth) => ({ colour: one.colour, text: one.text, value: t("legend.grids_in_class", { n: count(one, nth) }) }))
      : spans(ends);
    const shown = classes ? measure : "bands";
    return { id: "ground", title: t(`reach.measure.${shown}`), rows, facts: grounds.length ? facts(grounds, shown) : null };
  }

  function streets(ends, { streets: told }) {
    const some = (is) => told.features.some(({ properties }) => is(properties.minutes));
    const beyond = some((minutes) => minutes > ends.at(-1)) ? { colour: ink.street, shape: "line", text: t("reach.beyond", { n: ends.at(-1) }) } : null;
    const cut = some((minutes) => minutes === null) ? { colour: ink.unvisited, shape: "line", text: t("reach.cut_off") } : null;
    return [...spans(ends, "line"), beyond, cut].filter(Boolean);
  }

  /** The groups as they are now; `switches` by name: [is it on, what turns it]. */
  function groups(state, switches) {
    const { found } = state.ground;
    const group = (id, more) => ({ id, title: t(`layer.${id}`), shown: switches[id][0], onswitch: switches[id][1], ...more });
    const shapes = ["areas", "streets", "buildings"].filter((id) => switches[id]);
    return [
      ground(state),
      group("walks", { rows: switches.walks[0] && found.streets ? streets(state.ends, found) : [] }),
      group("stations", { rows: switches.stations[0] ? [{ mark: "gkw-station", text: t("reach.station"), value: number(found.answer?.stations.length ?? 0) }] : [] }),
      group("sites", { rows: switches.sites[0] ? [{ mark: "gkw-site", text: t("reach.site"), value: number(found.sites?.sites.length ?? 0) }] : [], notes: switches.sites[0] && found.sites ? [t(`reach.sites.by_${found.sites.by}`)] : [] }),
      ...shapes.map((id) => group(id, { rows: switches[id][0] ? [{ mark: `gk-line gk-line-${id}`, text: t(`legend.${id}`) }] : [] })),
    ];
  }

  return { show: (state, switches) => legend.show(groups(state, switches)), groups };
};
