// The case map in one file or a notebook cell: the same layers with the data inside the page.
"use strict";

gridkeeper.casesFile = ({ map, grids, cases, data }) => {
  const { t, number, cards, on, emit } = gridkeeper;
  const shell = gridkeeper.shell();
  map.invalidateSize({ animate: false });
  const { zone, period, notes, counts, bounds } = gridkeeper.payload(data);
  const layers = { grids, cases };
  let tab = "cases";

  const legend = gridkeeper.legend(document.getElementById("gk-legend"));
  const list = gridkeeper.casesList({
    openCase: (one) => openCase(one, one.latlng, true),
    openGrid: (one) => openGrid(one, one.centre),
    countOf: (gridNo) => counts.counts[gridNo] ?? 0,
    zone: () => zone,
  });

  function showLegend() {
    const switches = Object.fromEntries(Object.keys(layers).map((name) => [name, (wanted) => toggle(name, wanted)]));
    const text = period ? t("legend.period", period) : t("legend.no_period");
    legend.show(gridkeeper.casesLegend({ grids, counts, period: text, notes, switches, shown: (name) => map.hasLayer(layers[name]) }));
  }

  function toggle(name, wanted) {
    if (wanted) map.addLayer(layers[name]);
    else map.removeLayer(layers[name]);
    showLegend();
  }

  /** The flat columns of the layer as the card wants them. */
  function openCase(one, latlng, fly = false) {
    if (fly) {
      shell.showMap();
      map.setView(latlng, Math.max(map.getZoom(), 17), { animate: false });
    }
    const grid = one.grid_code ? { code: one.grid_code, name: one.grid_name } : null;
    cards.open(map, latlng, cards.caseCard({ ...one, grid }, zone));
  }

  function openGrid(properties, latlng) {
    shell.showMap();
    grids.choose(properties.code);
    cards.open(map, latlng, cards.gridCard(properties, counts.counts[properties.grid_no] ?? 0));
  }

  function click({ latlng }) {
    const marks = cases.at(latlng);
    const singles = marks.filter((mark) => mark.properties);
    if (singles.length > 1) {
      const numbers = singles.slice(0, 12).map((mark) => mark.properties.number);
      const open = (number) => openCase(singles.find((mark) => mark.properties.number === number).properties, latlng);
      cards.open(map, latlng, cards.choice(numbers, open));
    } else if (singles.length) openCase(singles[0].properties, singles[0].latlng);
    else if (marks.length) map.setView(marks[0].latlng, Math.min(map.getZoom() + 2, map.getMaxZoom()));
    else {
      const grid = grids.at(latlng);
      if (grid) openGrid(grid, latlng);
    }
  }

  function fillList() {
    const view = map.getBounds();
    const located = (cases.features ?? []).map(({ geometry, properties }) => {
      const latlng = L.latLng(geometry.coordinates[1], geometry.coordinates[0]);
      return { ...properties, latlng };
    });
    const rows = tab === "cases"
      ? located.filter((one) => one.number && view.contains(one.latlng))
      : grids.inView().map((one) => ({ ...one.properties, centre: grids.centre(one) }));
    list[tab].show(rows.slice(0, 200));
    list.note(t(rows.length > 200 ? "list.first" : "list.all", { n: number(Math.min(rows.length, 200)) }));
  }

  const [west, south, east, north] = bounds;
  map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
  map.on("click", click);
  map.on("moveend", fillList);
  map.on("popupclose", () => grids.choose(null));
  shell.tabs(document.getElementById("gk-tabs"), (name) => { tab = name; fillList(); });
  on("layout", () => map.invalidateSize({ animate: false }));
  showLegend();
  fillList();
  emit("status", t("status.shown_file", { n: number(counts.total), outside: number(counts.outside) }));
  gridkeeper.map = map;
  gridkeeper.markReady();
};
