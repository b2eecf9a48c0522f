// The dispatch page at "/dispatch": list, map and open case in step, live.
"use strict";

gridkeeper.dispatchPage = ({ map, grids, marks, shapes }) => {
  const { t, number, service, clock, config, on, emit, painted } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  const query = new URLSearchParams(location.search);
  const isScreen = query.get("screen") === "1";
  const store = gridkeeper.dispatchStore();
  const shell = gridkeeper.shell();
  const states = new Map();
  let parts = null;
  let list = null;
  let picking = null;

  const stateName = (state) => states.get(state)?.[config.lang] ?? state;

  async function start() {
    const [{ schemes }, loop] = await Promise.all([service.json(`${API}/schemes`), service.json(`${API}/loop`)]);
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
    const read = await window.gridkeeperEarly;
    await parts.live.load(read?.tree === scheme.tree ? read : null);
    if (query.get("case")) service.run(openCase(query.get("case")));
    setInterval(tick, 1000);
    return undefined;
  }

  function build(scheme, loop) {
    list = gridkeeper.dispatchList({ store, stateName, open: (one) => service.run(openCase(one)) });
    const filters = gridkeeper.dispatchFilters({ store, tree: scheme.tree, states, changed });
    const person = gridkeeper.dispatchPerson({ roles: loop.roles, changed: () => service.run(again()) });
    let known = null;
    const names = () => (known ??= service.json(`${API}/dispatch/names?${new URLSearchParams({ tree: scheme.tree })}`).catch((error) => { known = null; throw error; }));
    const fields = gridkeeper.dispatchFields({ names, pick, gridAt: (latlng) => grids.at(latlng), upload });
    const steps = gridkeeper.dispatchSteps({ fields, taken, renewed: again, askWho: person.ask });
    const drawer = gridkeeper.dispatchDrawer({ loop, steps });
    const form = gridkeeper.dispatchNew({
      tree: scheme.tree, scheme: scheme.name, store, names, pick, lookAt, pin: (place) => marks.setPin(place),
      filed: (answer) => openCase(answer.number), openCase: (one) => service.run(openCase(one)),
    });
    const live = gridkeeper.dispatchLive({ tree: scheme.tree, store, isOpen: (state) => states.get(state).is_open, arrived, loaded, told });
    const screen = gridkeeper.dispatchScreen({ store, stateName });
    return { filters, person, steps, drawer, form, live, screen, scheme };
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

  /** All cases were read: offer what they have in the filters. */
  function loaded() {
    parts.filters.offer();
    parts.filters.apply();
    emit("status", t("dispatch.live", { n: number(store.size), overdue: number(store.overdue) }));
  }

  /** What is shown changed: list, map, counts. */
  function changed() {
    list.schedule();
    marks.repaint();
    parts?.filters.showCounts();
    list.note(t("dispatch.count", { n: number(store.shown.length), all: number(store.size) }));
    painted.open = store.size;
    if (isScreen) parts?.screen.show();
  }

  let due = 0;
  function soon() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      parts.filters.apply();
    });
  }

  /** One event came: the list is put in order at the next frame, the open case is read anew. */
  function arrived(one, { isNew }) {
    soon();
    if (isNew) {
      list.flash(one.number);
      emit("status", t("dispatch.arrived", { number: one.number, matter: one.matter?.[config.lang] ?? t("dispatch.no_matter") }));
    }
    if (parts.drawer.number === one.number && one.revision > seen) service.run(again());
  }

  function told(isConnected) {
    $("gkd-lost").hidden = isConnected;
  }

  function tick() {
    if (store.refresh()) changed();
    else list.schedule();
    parts.drawer.tick();
    if (isScreen) parts.screen.show();
  }

  let seen = 0;

  async function openCase(wanted) {
    if (isScreen) return undefined;
    parts.form.close();
    list.choose(wanted);
    const found = await read(wanted);
    if (list.chosen !== wanted) return undefined;
    showDetail(found);
    lookAt(found.position);
    view("case");
    return undefined;
  }

  /** A case with the tag of the state it is in. */
  async function read(wanted) {
    const { body, etag } = await service.send("GET", `${API}/cases/${encodeURIComponent(wanted)}`);
    return { ...body, etag };
  }

  /** Read the open case anew. */
  async function again() {
    const wanted = parts.drawer.number;
    if (!wanted) return;
    const found = await read(wanted);
    if (parts.drawer.number === wanted) showDetail(found);
  }

  function showDetail(found) {
    seen = found.revision;
    $("gkd-drawer").hidden = false;
    parts.drawer.show(found);
    marks.choose(L.latLng(found.position.lat, found.position.lon));
    grids.choose(found.grid?.code ?? null);
    address(found.number);
  }

  function taken(found) {
    if (parts.drawer.number !== found.number) return;
    showDetail(found);
    const last = found.events[found.events.length - 1];
    emit("status", t("dispatch.done", { number: found.number, what: last?.[config.lang] ?? "" }));
  }

  function address(wanted) {
    const next = new URLSearchParams(location.search);
    if (wanted) next.set("case", wanted);
    else next.delete("case");
    history.replaceState(null, "", `?${next}`);
  }

  /** Bring a place into the part of the map that no drawer covers. */
  function lookAt({ lon, lat }) {
    const place = L.latLng(lat, lon);
    const covered = matchMedia("(max-width: 760px)").matches ? 0 : $("gkd-drawer").offsetWidth;
    if (map.getZoom() < 15) map.setView(place, 15, { animate: false });
    map.panInside(place, { paddingTopLeft: [60, 60], paddingBottomRight: [covered + 60, 60], animate: false });
  }

  function closeDrawer() {
    parts.drawer.close();
    parts.form.close();
    $("gkd-drawer").hidden = true;
    list.choose(null);
    marks.choose(null);
    grids.choose(null);
    address(null);
    view("list");
  }

  /** On a phone one thing fills the screen: the list, the map, or the open case. */
  function view(what) {
    document.body.dataset.view = what;
    for (const tab of document.querySelectorAll("[data-shows]")) tab.setAttribute("aria-pressed", String(tab.dataset.shows === what));
    document.querySelector("[data-shows=case]").disabled = $("gkd-drawer").hidden;
    if (what === "map") map.invalidateSize({ animate: false });
  }

  function create() {
    if (isScreen) return;
    parts.drawer.close();
    address(null);
    $("gkd-drawer").hidden = false;
    view("case");
    parts.form.open();
  }

  const upload = async (wanted, file) => (await service.send("POST", `${API}/cases/${wanted}/photos`, file)).body;

  /** Ask for a place: the next click on the map gives it, Escape none. */
  function pick() {
    picking?.(null);
    document.body.classList.add("gkd-picking");
    $("gkd-pick").hidden = false;
    view("map");
    return new Promise((resolve) => {
      picking = (found) => {
        picking = null;
        document.body.classList.remove("gkd-picking");
        $("gkd-pick").hidden = true;
        view("case");
        resolve(found);
      };
    });
  }

  function click({ latlng }) {
    if (picking) return picking(latlng);
    const rows = marks.at(latlng);
    if (rows.length && !isScreen) service.run(openCase(store.number(rows[0])));
    return undefined;
  }

  function full() {
    document.body.classList.toggle("gkd-full");
    $("gkd-full-open").setAttribute("aria-pressed", String(document.body.classList.contains("gkd-full")));
    list.schedule();
  }

  function step(by) {
    const next = list.step(by);
    if (!next) return;
    if (parts.drawer.number) service.run(openCase(next));
    else list.choose(next);
  }

  function back() {
    if (picking) picking(null);
    else if (parts.steps.isOpen()) parts.steps.close();
    else if (!$("gkd-drawer").hidden) closeDrawer();
    else if (document.body.classList.contains("gkd-full")) full();
  }

  gridkeeper.dispatchKeys({
    step, back, full, create,
    enter: () => { if (list.chosen) service.run(openCase(list.chosen)); },
    dispatch: () => parts.steps.holdBest(),
    giveBack: () => parts.steps.begin("return"),
    search: () => { view("list"); $("gkd-text").focus(); },
    map: () => view(document.body.dataset.view === "map" ? "list" : "map"),
  });
  document.body.classList.toggle("gkd-screen", isScreen);
  view("list");
  $("gkd-create").addEventListener("click", create);
  $("gkd-full-open").addEventListener("click", full);
  $("gkd-close").addEventListener("click", closeDrawer);
  $("gkd-pick-cancel").addEventListener("click", () => picking?.(null));
  $("gkd-nobody-open").addEventListener("click", () => parts.person.ask());
  for (const tab of document.querySelectorAll("[data-shows]")) tab.addEventListener("click", () => view(tab.dataset.shows));
  map.on("click", click);
  map.invalidateSize({ animate: false });
  on("back", () => service.run(parts ? parts.live.load() : start()));
  Object.assign(gridkeeper, { map, store, shell });
  gridkeeper.track(start()).then(gridkeeper.markReady, (error) => {
    if (!(error instanceof service.Away)) throw error;
  });
};
