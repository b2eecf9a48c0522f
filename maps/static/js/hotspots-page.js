// The page "/hotspots": where cases gather, whether that is more than chance, and how it changes.
"use strict";

gridkeeper.hotspotsPage = ({ map, shapes, cases: dots, ...layers }) => {
  const { el, t, number, times, service, on, emit } = gridkeeper;
  const API = "/api/v1";
  const PATHS = { density: "density", gi: "grids", moran: "grids", clusters: "clusters", emerging: "emerging", near: "near-repeat" };
  const $ = (id) => document.getElementById(id);
  const zone = () => scheme?.time_zone ?? "UTC";
  const on_map = Object.fromEntries(Object.keys(shapes).map((name) => [name, false]));
  let schemes = [];
  let scheme = null;
  let bounds = null;
  // Grids by the version of the boundaries.
  let grounds = new Map();
  let reading = new AbortController();

  const choices = gridkeeper.hotspotsChoices({
    changed: () => service.run(refresh()),
    compared: () => service.run(refresh()),
    schemeChanged: (name) => service.run(showScheme(named(name))),
  });
  const shown = gridkeeper.hotspotsShown({
    map, layers, zone,
    title: () => gridkeeper.schemeTitle(scheme, schemes),
    openCases: (place) => behind.read(place),
    taken: (latlng) => behind.openAt(latlng),
    more: () => Object.keys(shapes).map((id) => ({
      id, title: t(`layer.${id}`), shown: on_map[id], onswitch: (wanted) => toggle(id, wanted),
      rows: on_map[id] ? [{ mark: `gk-line gk-line-${id}`, text: t(`legend.${id}`) }] : [],
    })),
  });
  const { shell } = shown;
  const behind = gridkeeper.hotspotsCases({ map, layer: dots, query: choices.query, zone, shell: { ...shell, openList } });
  const second = gridkeeper.secondMap({ map, label: t("hotspots.map.second"), made: addSide, whole: () => bounds });
  const named = (name) => schemes.find((one) => one.name === name);

  function addSide(of) {
    const own = { density: gridkeeper.densityLayer({ counted: "density_2" }), grids: gridkeeper.markedGrids({ counted: "grids_2" }), clusters: gridkeeper.clusterLayer({ counted: "clusters_2" }) };
    for (const layer of Object.values(own)) of.addLayer(layer);
    shown.addSide(of, own);
    layers.second = own;
  }

  function toggle(name, wanted) {
    on_map[name] = wanted;
    if (wanted) map.addLayer(shapes[name]);
    else map.removeLayer(shapes[name]);
    shown.showLegend();
  }

  async function start() {
    ({ schemes } = await service.json(`${API}/schemes`));
    if (!schemes.length) {
      emit("status", "");
      return sayEmpty(t("empty.no_scheme"));
    }
    $("gkh-scheme").replaceChildren(...schemes.map((one) => el("option", { value: one.name }, gridkeeper.schemeTitle(one, schemes))));
    return showScheme(named(choices.chosen.scheme) ?? schemes.find(({ kind }) => kind === "duty") ?? schemes[0]);
  }

  async function showScheme(found) {
    scheme = found;
    $("gkh-scheme").value = scheme.name;
    const query = new URLSearchParams({ scheme: scheme.name });
    const counts = await service.json(`${API}/layers/grids/counts?${query}`);
    // Another one was chosen meanwhile.
    if (scheme !== found) return;
    choices.setScheme(scheme, counts);
    choices.offer(counts.by_category);
    const [west, south, east, north] = scheme.bounds;
    bounds = L.latLngBounds([[south, west], [north, east]]);
    map.fitBounds(bounds, { padding: [16, 16], animate: false });
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(`${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?${query}`);
    grounds = new Map();
    await refresh();
  }

  /** The grids as an answer counted in them: those of the last of its days, or of now where there were none. */
  async function groundOf(answer, signal) {
    const version = answer?.version ?? "now";
    if (!grounds.has(version)) {
      const read = (more) => service.features(`${API}/layers/grids/items?${new URLSearchParams({ scheme: scheme.name, limit: "10000", ...more })}`, signal);
      const until = answer && Date.parse(times.midnight(times.shift(answer.to, 1), zone())) - 1000;
      const then = answer ? await read({ at: new Date(Math.min(until, Date.now())).toISOString() }) : [];
      grounds.set(version, then.length ? then : await read({}));
    }
    return grounds.get(version);
  }

  /** Draw those grids on a map, unless it has them. */
  async function lay(layer, answer, signal) {
    const features = await groundOf(answer, signal);
    if (signal.aborted || layer.laid === features) return;
    layer.setFeatures(features);
    layer.laid = features;
  }

  /** The answer for one period. Near repeats have no map of their own: below their table lies the density of the same cases. */
  async function ask(signal, other) {
    const { what } = choices.chosen;
    const read = (path, query) => service.json(`${API}/hotspots/${path}?${query}`, signal);
    const found = read(PATHS[what], choices.query({ other }));
    if (what !== "near") return found;
    const [near, density] = await Promise.all([found, read(PATHS.density, choices.query({ what: "density", other, more: { per: "km2", step: null } }))]);
    return { ...near, image: density.image, classes: density.classes, below: density };
  }

  /** Ask again after any change of what is asked. */
  async function refresh() {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    const { what } = choices.chosen;
    behind.forget();
    emit("status", t("status.loading"));
    if (choices.isCompared()) second.open();
    else second.close();
    const answers = await Promise.all([ask(signal, false), ...(choices.isCompared() ? [ask(signal, true)] : [])]).catch(refused);
    if (signal.aborted) return;
    await lay(layers.grids, answers?.[0], signal);
    if (answers?.[1]) await lay(layers.second.grids, answers[1], signal);
    if (signal.aborted) return;
    shown.show(what, answers ?? []);
    for (const button of document.querySelectorAll("#gkh-files [data-file]")) button.hidden = what === "near" || !answers;
    if (!answers) return;
    const [answer, other] = answers;
    second.say(...[answer, other].filter(Boolean).map((one) => t("hotspots.caption", { from: one.from, to: one.to, n: number(one.n) })));
    sayEmpty(answer.n || other?.n ? null : t("hotspots.empty"));
    emit("status", t("hotspots.status", { n: number(answer.n), from: answer.from, to: answer.to }));
    if (what === "near" && answer.n) openList("gkh-tab-found");
  }

  /** Why there is no answer, in words, where the map would be. */
  function refused(error) {
    if (!(error instanceof service.Refused)) throw error;
    emit("status", service.refusal(error));
    sayEmpty(service.refusal(error));
    return null;
  }

  function sayEmpty(text) {
    $("gk-empty").hidden = text === null;
    $("gk-empty").replaceChildren(...(text === null ? [] : [el("p", {}, text)]));
  }

  /** Open the list below the map at one of its tabs. */
  function openList(tab) {
    if (!shell.isOpen("gk-list")) [...document.querySelectorAll("[data-opens=gk-list]")].find((one) => one.offsetParent)?.click();
    $(tab).click();
  }

  shell.tabs($("gkh-tabs"), (name) => { $("gkh-note").hidden = name !== "cases"; });
  for (const button of document.querySelectorAll("#gkh-files [data-file]")) {
    button.addEventListener("click", () => service.run(service.save(`${API}/hotspots/${PATHS[choices.chosen.what]}?${choices.query({ more: { format: button.dataset.file } })}`)));
  }
  on("back", () => service.run(scheme ? refresh() : start()));
  Object.assign(gridkeeper, { map, hotspots: { shown, second, choices } });
  gridkeeper.track(start()).then(gridkeeper.markReady, (error) => {
    if (!(error instanceof service.Away)) throw error;
  });
};
