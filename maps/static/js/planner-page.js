// The planner at "/planner": a draft on the map, what it would do beside it, and what was published when.
"use strict";

gridkeeper.plannerPage = ({ map, canvas, shapes }) => {
  const { config, el, t, number, service, times, plane, on, emit } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  const shell = gridkeeper.shell();
  map.invalidateSize({ animate: false });
  map.addLayer(canvas);
  const ground = gridkeeper.plannerGround();
  const asked = new URLSearchParams(location.search);
  let schemes = [];
  let scheme = null;
  let selection = [];
  let snaps = true;
  const hectare = new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: 2 });

  const store = gridkeeper.plannerDraft({ taken: () => drafts?.show() });
  const snap = gridkeeper.plannerSnap({ map, ground, scheme: () => scheme?.name, isOn: () => snaps });

  const desk = {
    ground, canvas, snap, store, map,
    scheme: () => scheme,
    isReady: () => store.now()?.state === "draft" && !past.isOn(),
    isLookingBack: () => past.isOn(),
    hasGround: () => ground.all().length > 0,
    selected: () => selection,
    metres: (value) => t("unit.metres", { n: value < 10 ? value.toFixed(1) : number(Math.round(value)) }),
    hectares: (value) => t("unit.hectares", { n: hectare.format(value / 1e4) }),
    say: (text) => emit("status", text),
    cursor: (name) => { map.getContainer().style.cursor = name; },
    told: () => tools.told(),
    giveUp: () => tools.giveUp(),
    showMap: () => shell.showMap(),
    tool: () => tools.now(),
    run, select, nameOf, open, close, reread, published, showTab, bringIntoView, showPlace, take, enable, refresh, empty, setSettings,
    renew: () => trouble.renew(),
    conflict: (error) => trouble.show(error),
    hideSuggestions: () => suggest.clear(),
  };
  const effects = gridkeeper.plannerEffects({
    container: $("gkp-effects"), nameOf,
    show: (where, { fly }) => showPlace(where, fly),
    setSettings: (settings) => run(setSettings(settings)),
  });
  const trouble = gridkeeper.plannerConflict({ desk, store });
  Object.assign(desk, gridkeeper.plannerEditing({ desk, store, effects, trouble }));
  const past = gridkeeper.plannerHistory({ desk, shown: showGround });
  const drafts = gridkeeper.plannerDrafts({ desk, store });
  const tools = gridkeeper.plannerTools({ map, desk, bar: $("gkp-bar") });
  const suggest = gridkeeper.plannerSuggest({ desk, store });
  gridkeeper.plannerPublish({ desk, store, effects });
  const swipe = gridkeeper.plannerSwipe({ map, canvas, button: $("gkp-swipe") });
  for (const one of [...gridkeeper.plannerChoosing(desk), ...gridkeeper.plannerCorners(desk), ...gridkeeper.plannerDrawing(desk), past.tool]) tools.add(one);

  /** Work that a person waits for; what is refused is told, and another's change is shown. */
  function run(work) {
    service.run(work.catch((error) => {
      if (error instanceof service.Refused && [412, 409].includes(error.status) && trouble.knows(error)) return trouble.show(error);
      throw error;
    }));
  }

  function nameOf(no) {
    const found = ground.get(no) ?? ground.publishedOne(no);
    return found?.properties.name || found?.properties.code || t("planner.grid.number", { no });
  }

  async function load() {
    schemes = (await service.json(`${API}/schemes`)).schemes;
    $("gkp-scheme").replaceChildren(...schemes.map((one) => el("option", { value: one.name }, gridkeeper.schemeTitle(one, schemes))));
    if (!schemes.length) return empty(t("empty.no_scheme"));
    const draft = await draftAsked();
    const called = (name) => schemes.find((one) => one.name === name);
    await showScheme(called(draft?.scheme) ?? called(asked.get("scheme")) ?? schemes.find((one) => one.kind === "duty") ?? schemes[0], draft?.id);
    const isMissing = asked.has("draft") && !draft;
    return emit("status", isMissing ? t("problem.unknown_draft") : t("planner.say.ready", { n: number(ground.all().length) }));
  }

  /** The draft that the address names; null where it names none, or one that is not there. */
  function draftAsked() {
    if (!asked.has("draft")) return null;
    return service.json(`${API}/drafts/${encodeURIComponent(asked.get("draft"))}`).catch((error) => {
      if (error instanceof service.Refused) return null;
      throw error;
    });
  }

  async function showScheme(found, draftId = null) {
    scheme = found;
    selection = [];
    $("gkp-scheme").value = scheme.name;
    const [west, south, east, north] = scheme.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(`${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?${new URLSearchParams({ scheme: scheme.name })}`);
    store.close();
    const all = await drafts.list();
    snap.read();
    if (all.some((one) => one.id === draftId)) await open(draftId);
    else await close();
  }

  /** Read the published grids that the map starts from: the newest, or those a draft was begun on. False where another
      draft or scheme was opened meanwhile: what comes late is not shown. */
  async function readGround(draft = null) {
    const { name } = scheme;
    await past.list();
    const at = draft && past.instantOf(draft.base_version);
    const query = new URLSearchParams({ scheme: name, limit: "10000", ...(at ? { at } : {}) });
    const features = await service.features(`${API}/layers/grids/items?${query}`);
    if (scheme.name !== name || store.now()?.id !== draft?.id) return false;
    ground.load(features);
    past.leave({ quiet: true });
    return true;
  }

  function showGround() {
    canvas.setGrids(ground.all(), ground.published());
    canvas.show({ lifted: [], proposed: [], problems: [], shapes: [], tinted: [], handles: [], corner: null, edge: null, line: null, label: null });
    select(selection.filter((no) => ground.get(no)));
  }

  /** Show a draft as it is now, with its trail. */
  async function open(id) {
    const other = store.now()?.id !== id;
    emit("status", t("status.loading"));
    desk.outdate();
    const { draft, changes } = await store.open(id);
    if (!(await readGround(draft))) return draft;
    ground.change(changes);
    remember(id);
    showGround();
    if (other) effects.clear();
    empty(null);
    enable();
    drafts.show(true);
    drafts.trail(draft);
    suggest.showSettings();
    emit("status", t("planner.say.ready", { n: number(ground.all().length) }));
    desk.look();
    return draft;
  }

  /** Everything read anew, with the draft that is open. */
  function refresh() {
    if (store.now()) return open(store.now().id);
    return scheme ? close() : load();
  }

  async function close() {
    store.close();
    remember(null);
    if (!(await readGround())) return;
    showGround();
    effects.clear();
    drafts.show();
    enable();
    invite();
  }

  /** Where no draft is open, say how to begin; not over the map of a person who looks back. */
  function invite() {
    const wanted = !store.now() && !past.isOn() && tools.now() !== "ask";
    empty(wanted ? t("planner.empty.no_draft") : null, true);
  }

  const remember = (id) => gridkeeper.remember({ scheme: scheme.name, draft: id === null ? "" : String(id) });

  /** Read the trail of the open draft again. */
  async function reread() {
    const found = await service.json(`${API}/drafts/${store.now().id}`);
    if (store.now()?.id !== found.id) return found;
    // Somebody else went on: show it. An older answer was overtaken by a write of our own.
    if (found.revision > store.now().revision) return open(found.id);
    if (found.revision < store.now().revision) return found;
    Object.assign(store.now(), found);
    drafts.show();
    drafts.trail(found);
    enable();
    return found;
  }

  function enable() {
    const ready = desk.isReady();
    for (const button of document.querySelectorAll("#gkp-bar [data-tool]")) button.disabled = !ready && button.dataset.tool !== "select";
    $("gkp-undo").disabled = !ready || !store.now().can_undo;
    $("gkp-redo").disabled = !ready || !store.now().can_redo;
    $("gkp-swipe").disabled = past.isOn();
    if (!ready && !["select", "ask"].includes(tools.now())) tools.take("select");
    tools.told();
  }

  function empty(text, canBegin = false) {
    const note = $("gk-empty");
    note.hidden = text === null;
    const begin = canBegin ? el("button", { type: "button", class: "gk-button", onclick: () => { showTab("draft"); drafts.askForNew(); } }, t("planner.draft.new")) : null;
    note.replaceChildren(...(text === null ? [] : [el("p", {}, text), begin].filter(Boolean)));
  }

  function select(numbers) {
    selection = numbers;
    canvas.show({ chosen: numbers.map((no) => ground.get(no)?.rings).filter(Boolean) });
    const one = numbers.length === 1 ? ground.get(numbers[0]) : null;
    $("gkp-selection").textContent = one ? t("planner.selected.one", { name: nameOf(one.no), code: one.properties.code ?? t("planner.grid.no_code") }) : numbers.length ? t("planner.selected.many", { n: number(numbers.length) }) : "";
  }

  async function published(answer) {
    schemes = (await service.json(`${API}/schemes`)).schemes;
    scheme = schemes.find((one) => one.name === scheme.name);
    if (!answer.version) {
      await open(store.now().id);
      return emit("status", t("planner.say.scheduled", { at: times.show(answer.publish_at, scheme.time_zone) }));
    }
    const text = t("planner.say.published", { version: answer.version, n: number(answer.cases_moved) });
    store.close();
    await Promise.all([drafts.list(), close()]);
    empty(text, true);
    return emit("status", text);
  }

  function showTab(name, { onlyWide = false } = {}) {
    if (onlyWide && !matchMedia("(min-width: 761px)").matches) return;
    $(`gkp-tab-${name}`).click();
    if (!onlyWide) shell.showSheet("gk-panel");
  }

  function bringIntoView({ x, y }) {
    const [lon, lat] = plane.lonLat({ x, y });
    if (!map.getBounds().pad(-0.05).contains([lat, lon])) map.panTo([lat, lon], { animate: false });
  }

  function showPlace(geometry, fly) {
    canvas.show({ shapes: canvas.shapeOf(geometry) });
    const bounds = L.geoJSON(geometry).getBounds();
    if (fly || !map.getBounds().contains(bounds)) map.fitBounds(bounds, { padding: [80, 80], maxZoom: Math.max(17, map.getZoom()), animate: false });
    shell.showMap();
  }

  function take(name) { tools.take(name); }

  async function setSettings(settings) {
    await store.change({ settings });
    suggest.showSettings();
    desk.look();
  }

  $("gkp-actor").value = service.actor();
  $("gkp-actor").addEventListener("change", (event) => service.actor(event.target.value.trim()));
  $("gkp-scheme").addEventListener("change", (event) => run(showScheme(schemes.find((one) => one.name === event.target.value))));
  $("gkp-undo").addEventListener("click", () => desk.step("undo"));
  $("gkp-redo").addEventListener("click", () => desk.step("redo"));
  $("gkp-snap").addEventListener("click", () => { snaps = !snaps; $("gkp-snap").setAttribute("aria-pressed", String(snaps)); snap.read(); });
  shell.tabs($("gkp-tabs"), (name) => {
    $("gk-panel").scrollTop = 0;
    past.tab(name === "history");
    invite();
  });
  new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false })).observe(map.getContainer());
  on("back", () => run(trouble.back()));
  gridkeeper.plannerFinding({ desk, map, shapes });
  tools.take("select");
  run(load().finally(() => gridkeeper.markReady()));
  Object.assign(gridkeeper, { map, desk, swipe });
};
