// What is shown of hot spots, on one map or on two that are compared: layers, legend, time, table, cards, picture.
"use strict";

/** zone(): of the city; title(): of the picture; openCases(place): reads the cases of a place, null where there is nobody to
    ask; taken(latlng): whether something else answers a click there; more(): further groups of the legend. */
gridkeeper.hotspotsShown = ({ map, layers, zone, title, openCases = null, taken = () => false, more = () => [] }) => {
  const { t, cards, painted, hotspotsCards: says, hotspotsLegend } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const shell = gridkeeper.shell();
  const legend = gridkeeper.legend($("gk-legend"));
  const frames = gridkeeper.hotspotsFrames(turn);
  const sides = [{ map, view: gridkeeper.hotspotsView(layers) }];
  let popup = null;
  let shown = { what: "density", answers: [], common: {}, rows: [] };
  const lists = gridkeeper.hotspotsLists({
    zone, openFrame: (nth) => frames.turn(nth),
    openGrid: (row) => openGrid(row),
    openCluster: (row) => openCluster(row),
    openPlace: (row) => openPlace(row),
    gridAt: ({ lon, lat }) => nameAt(L.latLng(lat, lon)),
  });

  /** The name of the grid at a place, or that it is this place. */
  function nameAt(place) {
    const grid = layers.grids.at(place);
    return grid?.name || grid?.code || t("hotspots.here");
  }

  const answerOf = (side) => shown.answers[sides.indexOf(side)];
  const steps = (side) => frames.labels(shown.what, answerOf(side)).length;

  /** Show the answers of one period, or of two that are compared. */
  function show(what, answers) {
    for (const side of sides) side.map.closePopup();
    shown = { what, answers, common: gridkeeper.hotspotsCommon(what, answers), rows: [] };
    frames.set(what, answers[0]);
    paint(Infinity, (side) => side.view.show(what, answerOf(side) ?? null, shown.common));
    painted.rows = lists.show(what, answers[0], answers[0] ? frames.labels(what, answers[0]) : []);
    $("gkh-tab-found").textContent = lists.nameOf(what, answers[0]);
  }

  /** The frame of an answer that is shown with one of the first: where the other period has fewer, its last one stays. */
  const stepOf = (side, nth) => (nth === Infinity ? nth : Math.min(nth, Math.max(steps(side) - 1, 0)));

  /** Go to a frame. */
  function turn(nth) {
    paint(nth, (side) => (answerOf(side) ? side.view.frame(stepOf(side, nth)) : []));
  }

  function paint(nth, of) {
    [shown.rows] = sides.map(of);
    shown.nth = nth;
    showLegend();
  }

  const showLegend = () => legend.show(groups());

  function groups() {
    const { what, answers: [answer, other], common, rows, nth } = shown;
    if (!answer) return more();
    const label = nth === Infinity ? "" : frames.labels(what, answer)[nth];
    return [...hotspotsLegend.groups({ what, answer, other, common, rows, nth, label }), ...more()];
  }

  /** What shows the cases of a place: those that the answer, or the frame of it that is shown now, counts there. */
  function cases(side, place, nth = stepOf(side, shown.nth)) {
    const answer = answerOf(side);
    const when = { ...frames.when(shown.what, answer, nth), version: answer.version };
    return openCases && (() => openCases({ ...place, when }));
  }

  function open(side, place, card) { popup = cards.open(side.map, place, card); }

  function gridCard(side, row, latlng) {
    const answer = answerOf(side);
    const place = { grid: row.code, title: row.name || row.code };
    side.view.grids.choose(row.code);
    open(side, latlng, says.grid(shown.what, row, {
      base: answer.base, openCases: cases(side, place, Infinity),
      step: frames.ofGrid(shown.what, answer, stepOf(side, shown.nth), row), openStep: cases(side, place),
    }));
  }

  function clusterCard(side, properties, latlng, bounds) {
    side.view.clusters.hold(properties.cluster);
    open(side, latlng, says.cluster(properties, zone(), cases(side, { bounds, among: new Set(properties.cases), title: t("hotspots.cluster", { n: properties.cluster + 1 }) })));
  }

  /** A row of the table was chosen: its place on the first map. */
  function openGrid(row) {
    const [side] = sides;
    const one = side.view.grids.grids.find(({ properties }) => properties.grid_no === row.grid_no);
    if (!one) return;
    shell.showMap();
    const place = side.view.grids.centre(one);
    map.setView(place, map.getZoom(), { animate: false });
    gridCard(side, row, place);
  }

  function openCluster(row) {
    const one = answerOf(sides[0]).features.find(({ properties }) => properties.cluster === row.cluster);
    const bounds = L.geoJSON(one).getBounds();
    shell.showMap();
    map.fitBounds(bounds, { padding: [60, 60], maxZoom: 17, animate: false });
    clusterCard(sides[0], row, bounds.getCenter(), bounds);
  }

  function openPlace({ lon, lat }) {
    const place = L.latLng(lat, lon);
    shell.showMap();
    map.setView(place, Math.max(map.getZoom(), 15), { animate: false });
    placeCard(sides[0], place);
  }

  function placeCard(side, latlng) {
    const answer = answerOf(side).below ?? answerOf(side);
    const radius = answer.bandwidth_m;
    const near = { bounds: latlng.toBounds(2 * radius), within: { latlng, radius }, title: nameAt(latlng) };
    const value = side.view.density.at(latlng);
    if (shown.what === "near") cases(side, near)?.();
    else open(side, latlng, says.place({ title: near.title, value, unit: answer.unit, radius, openCases: cases(side, near) }));
  }

  function click(side, { latlng }) {
    const answer = answerOf(side);
    if (!answer || (side === sides[0] && taken(latlng))) return;
    const cluster = side.view.clusters.at(latlng);
    if (cluster) clusterCard(side, cluster.properties, latlng, L.geoJSON(answer.features.find(({ properties }) => properties.cluster === cluster.properties.cluster)).getBounds());
    else if (answer.image) placeCard(side, latlng);
    else if (answer.grids) {
      const grid = side.view.grids.at(latlng);
      const row = grid && answer.grids.find((one) => one.grid_no === grid.grid_no);
      if (row) gridCard(side, row, latlng);
    }
  }

  function listen(side) {
    side.map.on("click", (event) => click(side, event));
    side.map.on("popupclose", () => { side.view.grids.choose(null); side.view.clusters.hold(null); });
  }

  gridkeeper.pictureButtons($("gkh-files"), () => {
    const { what, answers } = shown;
    const of = (answer) => (answer ? hotspotsLegend.spanOf(answer) : "");
    return {
      maps: sides.slice(0, answers[1] ? 2 : 1).map((side) => ({ map: side.map, title: answers[1] ? of(answerOf(side)) : undefined })),
      title: `${t(`hotspots.title.${what}`)} · ${title()}`, subtitle: of(answers[0]), legend: groups(), zone: zone(),
      name: `hotspots-${what}-${answers[0]?.from ?? ""}-${answers[0]?.to ?? ""}`,
    };
  });
  listen(sides[0]);
  map.options.zoomSnap = 0.5;
  map.invalidateSize({ animate: false });
  gridkeeper.on("layout", () => {
    map.invalidateSize({ animate: false });
    // The list takes room from the map: a card stays in view.
    if (popup?.isOpen()) popup.update();
  });

  return {
    show, showLegend, shell, frames,

    /** A second map with layers of its own takes part. */
    addSide(second, own) {
      sides.push({ map: second, view: gridkeeper.hotspotsView(own) });
      listen(sides[1]);
    },
    shown: () => shown,
  };
};
