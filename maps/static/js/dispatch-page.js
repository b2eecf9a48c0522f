// The dispatch page at "/dispatch": list, map and open case in step, live.
"use strict";

gridkeeper.dispatchPage = ({ map, grids, marks, shapes }) => {
  const { t, number, service, clock, config, on, emit, painted, remember } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  const query = new URLSearchParams(location.search);
  const isScreen = query.get("screen") === "1";
  const store = gridkeeper.dispatchStore();
  const states = new Map();
  let parts = null;
  let list = null;
  // The case that the address names is opened once, when all are there.
  let linked = isScreen ? null : query.get("case");

  const stateName = (state) => states.get(state)?.[config.lang] ?? state;

  async function start() {
    const { cases = null, ...early } = window.gridkeeperEarly ?? {};
    // A hundred thousand cases are not kept twice.
    delete window.gridkeeperEarly;
    const first = async (name) => (await early[name]) ?? (await service.json(`${API}/${name}`));
    const [{ schemes }, loop] = await Promise.all([first("schemes"), first("loop")]);
    loop.states.forEach((one) => states.set(one.name, one));
    const duties = schemes.filter(({ kind }) => kind === "duty");
    const scheme = schemes.find(({ name }) => name === query.get("scheme")) ?? duties[0] ?? schemes[0];
    if (!scheme) return sayNothing(t("empty.no_scheme"));
    clock.set({ zone: scheme.time_zone });
    const [west, south, east, north] = scheme.bounds;
    // A wall has no hand that zooms: the city fills it.
    if (isScreen) map.options.zoomSnap = 0.25;
    map.fitBounds([[south, west], [north, east]], { padding: [12, 12], animate: false });
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(`${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?scheme=${encodeURIComponent(scheme.name)}`);
    map.on("zoomend", showShapes);
    parts = build(scheme, loop);
    marks.setStore(store);
    service.run(showGrids(scheme));
    setInterval(tick, 1000);
    if (!isScreen) listen();
    if (query.has("scheme")) $("gkd-screen-open").href = `?${new URLSearchParams({ screen: "1", scheme: scheme.name })}`;
    const read = await cases;
    await parts.live.load(read?.tree === scheme.tree ? read : null);
    return undefined;
  }

  function build(scheme, loop) {
    list = gridkeeper.dispatchList({ store, stateName, open: (one) => service.run(openCase(one)) });
    const filters = gridkeeper.dispatchFilters({ store, tree: scheme.tree, states, changed });
    const desk = gridkeeper.dispatchCase({ tree: scheme.tree, loop, map, grids, view, shown, taken });
    const form = gridkeeper.dispatchNew({
      tree: scheme.tree, scheme: scheme.name, store, names: desk.names, pick: desk.pick, lookAt, pin: (place) => marks.setPin(place),
      filed: (answer) => openCase(answer.number), openCase: (one) => service.run(openCase(one)),
    });
    const live = gridkeeper.dispatchLive({ tree: scheme.tree, store, isOpen: (state) => states.get(state).is_open, arrived, loaded, told });
    const screen = gridkeeper.dispatchScreen({ store, stateName });
    return { filters, desk, form, live, screen };
  }

  async function showGrids(scheme) {
    if (scheme.grids > grids.options.mostOnCanvas) return grids.setTiles(`${API}/layers/grids/tiles/{z}/{x}/{y}.mvt?scheme=${encodeURIComponent(scheme.name)}`);
    return grids.setFeatures(await service.features(`${API}/layers/grids/items?${new URLSearchParams({ scheme: scheme.name, limit: "1000" })}`));
  }

  /** Streets and buildings help close up; over the whole city they would hide the grids. */
  function showShapes() {
    for (const name of ["streets", "buildings"]) {
      if (map.getZoom() >= 15) map.addLayer(shapes[name]);
      else map.removeLayer(shapes[name]);
    }
  }

  function sayNothing(text) {
    $("gk-empty").hidden = false;
    $("gk-empty").textContent = text;
    emit("status", "");
  }

  const sayLive = () => emit("status", t("dispatch.live", { n: number(store.size), overdue: number(store.overdue) }));

  /** All cases were read: what happened since the last time was told to nobody. */
  function loaded() {
    parts.filters.renew();
    sayLive();
    service.run(linked ? openCase(linked) : parts.desk.again());
    linked = null;
  }

  /** What is shown changed: list, map, counts. */
  function changed() {
    list.schedule();
    marks.repaint();
    parts.filters.showCounts();
    list.note(t("dispatch.count", { n: number(store.shown.length), all: number(store.size) }));
    painted.open = store.size;
    if (isScreen) parts.screen.show();
  }

  let due = 0;
  function soon() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      parts.filters.apply();
    });
  }

  /** One event came: the list is put in order at the next frame, the open case is read anew. */
  function arrived(one, isNew) {
    soon();
    if (isNew) {
      list.flash(one.number);
      emit("status", t("dispatch.arrived", { number: one.number, matter: one.matter?.[config.lang] ?? t("dispatch.no_matter") }));
    }
    parts.desk.heard(one);
  }

  /** Whether events come. */
  function told(isConnected) {
    for (const flag of document.querySelectorAll(".gkd-lost")) flag.hidden = isConnected;
    if (isConnected) sayLive();
    else emit("status", t("dispatch.lost"));
  }

  function tick() {
    parts.desk.tick();
    if (store.refresh()) return changed();
    list.schedule();
    return isScreen ? parts.screen.show() : undefined;
  }

  /** Open a case; keys that walk the list keep the focus where it is. */
  async function openCase(wanted, { walking = false } = {}) {
    parts.form.close();
    list.choose(wanted);
    const found = await parts.desk.open(wanted).catch((error) => {
      if (parts.desk.number) list.choose(parts.desk.number);
      else if (!parts.form.isOpen()) closeDrawer();
      throw error;
    });
    if (!found) return;
    view("case");
    lookAt(found.position);
    if (!walking) $("gkd-drawer").focus();
  }

  function shown(found) {
    $("gkd-drawer").hidden = false;
    marks.choose(L.latLng(found.position.lat, found.position.lon));
    grids.choose(found.grid?.code ?? null);
    remember({ case: found.number });
  }

  function taken(found) {
    const last = found.events[found.events.length - 1];
    emit("status", t("dispatch.done", { number: found.number, what: last?.[config.lang] ?? "" }));
  }

  /** Bring a place into the part of the map that no drawer covers. */
  function lookAt(place) {
    const covered = matchMedia("(max-width: 760px)").matches ? 0 : $("gkd-drawer").offsetWidth;
    if (map.getZoom() < 15) map.setView(place, 15, { animate: false });
    map.panInside(place, { paddingTopLeft: [60, 60], paddingBottomRight: [covered + 60, 60], animate: false });
  }

  /** No case is open any more. */
  function leave() {
    parts.desk.close();
    list.choose(null);
    marks.choose(null);
    grids.choose(null);
    remember({ case: "" });
  }

  function closeDrawer() {
    leave();
    parts.form.close();
    $("gkd-drawer").hidden = true;
    view("list");
    $("gkd-rows").focus();
  }

  /** On a phone one thing fills the screen: the list, the map, or the open case. */
  function view(what) {
    document.body.dataset.view = what;
    for (const tab of document.querySelectorAll("[data-shows]")) tab.setAttribute("aria-pressed", String(tab.dataset.shows === what));
    document.querySelector("[data-shows=case]").disabled = $("gkd-drawer").hidden;
    if (what === "map") map.invalidateSize({ animate: false });
  }

  function create() {
    leave();
    $("gkd-drawer").hidden = false;
    view("case");
    parts.form.open();
  }

  /** What lies at one spot is opened in turn. */
  function click({ latlng }) {
    if (parts.desk.place(latlng)) return;
    const numbers = marks.at(latlng).map(store.number);
    const next = numbers[(numbers.indexOf(parts.desk.number) + 1) % numbers.length];
    if (next) service.run(openCase(next));
  }

  function full() {
    document.body.classList.toggle("gkd-full");
    $("gkd-full-open").setAttribute("aria-pressed", String(document.body.classList.contains("gkd-full")));
    list.schedule();
  }

  function step(by) {
    const next = list.step(by);
    if (!next) return;
    if (parts.desk.number) service.run(openCase(next, { walking: true }));
    else list.choose(next);
  }

  function back() {
    if (parts.desk.stopPicking()) return;
    if (parts.desk.steps.isOpen()) parts.desk.steps.close();
    else if (!$("gkd-drawer").hidden) closeDrawer();
    else if (document.body.classList.contains("gkd-full")) full();
  }

  function listen() {
    gridkeeper.dispatchKeys({
      step, back, full, create,
      enter: () => { if (list.chosen) service.run(openCase(list.chosen)); },
      dispatch: () => parts.desk.steps.holdBest(),
      giveBack: () => parts.desk.steps.begin("return"),
      search: () => { view("list"); $("gkd-text").focus(); },
      map: () => view(document.body.dataset.view === "map" ? "list" : "map"),
    });
    $("gkd-create").addEventListener("click", create);
    $("gkd-full-open").addEventListener("click", full);
    $("gkd-close").addEventListener("click", closeDrawer);
    for (const tab of document.querySelectorAll("[data-shows]")) tab.addEventListener("click", () => view(tab.dataset.shows));
    map.on("click", click);
  }

  gridkeeper.shell();
  gridkeeper.dispatchLegend();
  document.body.classList.toggle("gkd-screen", isScreen);
  view("list");
  map.invalidateSize({ animate: false });
  on("back", () => service.run(parts ? parts.live.load() : start()));
  Object.assign(gridkeeper, { map, store });
  service.run(gridkeeper.track(start()).finally(gridkeeper.markReady));
};
