// What the page and the file of reach have in common: ground, legend, tables, playback and cards of what was told.
"use strict";

gridkeeper.reachView = ({ map, shapes = {}, areaOf = null, buildingAt = null, ...layers }) => {
  const { t, number, cards, service, on, emit, reachCards: says, reachMeasures: measures } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const shell = gridkeeper.shell();
  const legend = gridkeeper.reachLegend();
  const total = gridkeeper.reachTotal($("gkw-total"));
  const clock = gridkeeper.timeControl($("gkw-play"), { label: t("reach.play"), say });
  const ground = gridkeeper.reachGround({ map, ...layers });
  const state = { ground, grounds: [], measure: $("gkw-measure").value, ends: [], classes: null, beside: null };
  const lists = gridkeeper.reachLists({ openGrid, openArea: areaOf && openArea, openMark });
  const switches = {
    ...Object.fromEntries(["walks", "stations", "sites"].map((name) => [name, [true, (wanted) => turn(name, wanted)]])),
    ...Object.fromEntries(Object.entries(shapes).map(([name, layer]) => [name, [false, (wanted) => toggle(name, layer, wanted)]])),
  };
  let second = null;
  let tab = "grids";
  let isAll = true;
  let isChosen = false;
  let turned = () => {};

  /** A place of the playback in words, with how many are reached by then. */
  function say(at) {
    const minutes = t("reach.minutes.n", { n: at.toFixed(1) });
    const totals = state.grounds.map(({ found }) => found.answer.total);
    if (!totals.length) return minutes;
    const kind = totals[0].growing.people ? "people" : "buildings";
    const n = totals.map(({ growing: { step_min: step, [kind]: counts } }) => counts[Math.min(Math.floor(at / step), counts.length) - 1] ?? 0);
    const share = (one, nth) => measures.share(totals[nth][kind] ? one / totals[nth][kind] : null);
    return t(`reach.play.${kind}`, { minutes, n: n.map(number).join(" | "), share: n.map(share).join(" | ") });
  }

  const grounds = () => [ground, second].filter(Boolean);

  /** Paint what is known by now on each map, and say it. */
  function paint() {
    state.ends = grounds().map(({ found }) => found.ends).reduce((longest, ends) => ((ends.at(-1) ?? 0) > (longest.at(-1) ?? 0) ? ends : longest), []);
    [state.classes, state.beside] = grounds().map((one) => one.paint(state.measure, state.ends));
    state.grounds = grounds().filter(({ found }) => found.answer);
    legend.show(state, switches);
    $("gkw-pictures").hidden = !ground.found.answer;
    total.show(state.grounds.map(({ found }) => found.answer));
    map.invalidateSize({ animate: false, pan: false });
  }

  function setMeasure(measure, isWanted) {
    isChosen = isWanted;
    state.measure = $("gkw-measure").value = measure;
    paint();
  }

  function turn(name, wanted) {
    switches[name][0] = wanted;
    for (const one of grounds()) one.turn(name, wanted);
    paint();
  }

  function toggle(name, layer, wanted) {
    map[wanted ? "addLayer" : "removeLayer"](layer);
    turn(name, wanted);
  }

  /** Take in what was told of the first question, as it comes. */
  function show(told) {
    ground.set(told);
    if (told.answer) {
      for (const key of ["grids", "areas", "stations"]) lists.show(key, told.answer[key]);
      // Where nobody counted people, buildings are what there is to tell, unless somebody wants something else.
      if (told.answer.total.people_share === null && !isChosen) state.measure = $("gkw-measure").value = "share";
      reset();
      emit("status", t("reach.status", { stations: number(told.answer.stations.length), buildings: number(told.answer.total.buildings), within: number(told.answer.total.buildings_within) }));
    }
    if (told.sites) lists.show("sites", told.sites.sites);
    paint();
    turned(tab);
  }

  /** Playback goes over the longer of two limits; everything is shown at first. */
  function reset() {
    state.grounds = grounds().filter(({ found }) => found.answer);
    const limits = grounds().map(({ found }) => found.answer?.minutes ?? 0);
    clock.setSpan([0, Math.max(...limits)], { step: 0.5 });
    for (const one of grounds()) one.setTime(Infinity);
    isAll = true;
    gridkeeper.painted.played = 0;
  }

  function forget() {
    ground.forget();
    for (const key of ["grids", "areas", "stations", "sites"]) lists.show(key, []);
    clock.hide();
    paint();
  }

  function openGrid(row) {
    const one = ground.grids.grids.find(({ properties }) => properties.code === row.code);
    if (one) openAt(ground.grids.boundsOf(one), ground.grids.centre(one), row);
  }

  function openArea(row) {
    service.run(areaOf(row.code).then((bounds) => bounds && openAt(bounds, bounds.getCenter(), row)));
  }

  function openAt(bounds, place, row) {
    shell.showMap();
    map.fitBounds(bounds, { padding: [40, 40], maxZoom: 17, animate: false });
    ground.grids.choose(row.code);
    cards.open(map, place, says.place(row));
  }

  function openMark(one) {
    shell.showMap();
    map.setView([one.lat, one.lon], Math.max(map.getZoom(), 15), { animate: false });
    openCard(ground, map, [one.lat, one.lon], one.rank ? { site: one } : { station: one });
  }

  function openCard(of, on_, latlng, { site, station }) {
    of.marks.choose(site ?? station);
    cards.open(on_, latlng, site ? says.site(site) : says.station(station));
  }

  /** A click tells of the mark, the building while they are shown, the street or the grid that is there. */
  function listen(of, on_) {
    on_.on("click", ({ latlng }) => {
      const mark = of.marks.at(latlng);
      if (mark) return openCard(of, on_, latlng, mark);
      if (!switches.buildings?.[0] || of !== ground) return openGround(of, on_, latlng);
      return service.run(buildingAt(latlng).then((building) => (building ? cards.open(on_, latlng, says.building(building)) : openGround(of, on_, latlng))));
    });
    on_.on("popupclose", () => { of.grids.choose(null); of.marks.choose(null); });
  }

  function openGround(of, on_, latlng) {
    const street = of.streets.at(latlng);
    if (street) return cards.open(on_, latlng, says.street(street));
    const row = of.found.answer?.grids.find((one) => one.code === of.grids.at(latlng)?.code);
    if (!row) return undefined;
    of.grids.choose(row.code);
    return cards.open(on_, latlng, says.place(row));
  }

  clock.on((at) => {
    const isOther = (at === Infinity) !== isAll;
    isAll = at === Infinity;
    gridkeeper.painted.played = at === Infinity ? 0 : at;
    for (const one of grounds()) one[isOther ? "setTime" : "play"](at);
    if (isOther) paint();
  });
  shell.tabs($("gkw-tabs"), (name) => { tab = name; lists.turn(name); turned(tab); });
  $("gkw-measure").addEventListener("change", (event) => setMeasure(event.target.value, true));
  listen(ground, map);
  // The ground of a city fills the map: whole steps would leave half of it empty.
  map.options.zoomSnap = 0.5;
  map.invalidateSize({ animate: false });
  on("layout", () => map.invalidateSize({ animate: false }));
  gridkeeper.map = map;

  return {
    show, forget, ground, lists,

    fit([west, south, east, north]) { map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false }); },

    /** What a picture of it says. */
    sheet() {
      const { scheme, service: of, minutes } = ground.found.answer;
      return { legend: legend.groups(state, switches), name: ["reach", scheme, of ?? "any", minutes].join("-") };
    },

    listen,

    /** The ground of the second map, null for none; said again when its answer has come. */
    setSecond(found) {
      second = found;
      for (const [name, [isOn]] of Object.entries(switches)) second?.turn(name, isOn);
      if (ground.found.answer) reset();
      paint();
    },

    paint,

    setMeasure,

    /** Hear which table is open, and when its rows are others. */
    onTab(heard) { turned = heard; },
  };
};
