// The page "/patrol": coverage by grid and person, traces with playback, and what nobody has looked at.
"use strict";

gridkeeper.patrolPage = ({ map, grids, shapes, unvisited, traces, marks }) => {
  const { el, t, word, number, service, times, clock, cards, config, on, emit, patrolMeasures: measures } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  const shell = gridkeeper.shell();
  const asked = new URLSearchParams(location.search);
  const zone = () => scheme?.time_zone ?? "UTC";
  const state = { coverage: null, classes: null, measure: asked.get("measure") ?? "", traces: null, unvisited: { streets: null, buildings: null }, points: [], facts: {}, notes: [] };
  let schemes = [];
  let scheme = null;
  let loop = null;
  let look = {};
  let grid_no = new Map();
  let tab = "grids";
  let reading = new AbortController();

  const choices = gridkeeper.patrolChoices({ changed: () => service.run(refresh()), schemeChanged: (name) => service.run(showScheme(named(name))) });
  const says = gridkeeper.patrolCards({ zone });
  const legend = gridkeeper.patrolLegend({ layers: { traces }, zone });
  const playback = gridkeeper.patrolPlayback({ traces, zone });
  const report = gridkeeper.patrolReport({ map, zone, roleName: (role) => loop?.roles.find((one) => one.name === role)?.[config.lang] ?? word("role", role) });
  const live = gridkeeper.patrolLive({ marks, scheme: () => scheme.name, shown: (rows) => { lists.show("live", rows); showLegend(); } });
  const lists = gridkeeper.patrolLists({
    cards: says, zone, openGrid, showFixes,
    choosePerson: (whose) => choices.apply({ staff: "", device: "", ...whose }),
    showFix: (row) => open(row, null, () => traces.choose([row.lat, row.lon])),
    showPoint: (row) => open(row, says.point(row)),
    showPerson: (row) => open(row, says.person(row)),
  });
  const named = (name) => schemes.find((one) => one.name === name);

  const switches = {
    traces: [true, (wanted) => toggle(traces, "traces", wanted)],
    fixes: [false, (wanted) => { traces.showFixes(wanted); turned("fixes", wanted); }],
    unvisited_streets: [false, (wanted) => { turned("unvisited_streets", wanted); service.run(readUnvisited("streets")); }],
    unvisited_buildings: [false, (wanted) => { turned("unvisited_buildings", wanted); service.run(readUnvisited("buildings")); }],
    points: [true, (wanted) => { turned("points", wanted); marks.setPoints(wanted ? state.points : []); }],
    live: [false, (wanted) => { turned("live", wanted); service.run(Promise.resolve(live.turn(wanted))); }],
    ...Object.fromEntries(Object.entries(shapes).map(([name, layer]) => [name, [false, (wanted) => toggle(layer, name, wanted)]])),
  };

  function turned(name, wanted) {
    switches[name][0] = wanted;
    showLegend();
  }

  function toggle(layer, name, wanted) {
    if (wanted) map.addLayer(layer);
    else map.removeLayer(layer);
    turned(name, wanted);
  }

  const showLegend = () => { if (scheme) legend.show({ ...state, isNarrowed: isNarrowed() }, switches); };

  /** Whether it is said whose traces are meant; who sees the own ones alone need not say so. */
  const isNarrowed = () => choices.isNarrowed() || Boolean(state.coverage?.choices.only) || Object.keys(look).length > 0;

  async function start() {
    [{ schemes }, loop] = await Promise.all([service.json(`${API}/schemes`), service.json(`${API}/loop`)]);
    gridkeeper.dispatchPerson({ roles: loop.roles, changed: () => service.run(refresh()) });
    if (!schemes.length) {
      emit("status", "");
      return sayEmpty(t("empty.no_scheme"));
    }
    $("gkr-scheme").replaceChildren(...schemes.map((one) => el("option", { value: one.name }, gridkeeper.schemeTitle(one, schemes))));
    state.measure = [...$("gkr-measure").options].some((one) => one.value === state.measure) ? state.measure : $("gkr-measure").value;
    $("gkr-measure").value = state.measure;
    return showScheme(named(choices.chosen.scheme) ?? schemes.find(({ kind }) => kind === "duty") ?? schemes[0]);
  }

  async function showScheme(found) {
    const isOther = scheme && scheme.name !== found.name;
    scheme = found;
    clock.set({ zone: scheme.time_zone });
    $("gkr-scheme").value = scheme.name;
    if (isOther) Object.assign(choices.chosen, { team: "", staff: "", device: "", grid: "" });
    choices.setScheme(scheme);
    const [west, south, east, north] = scheme.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(`${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?scheme=${encodeURIComponent(scheme.name)}`);
    await refresh();
  }

  /** The boundaries that hold at the end of the days that are looked at. */
  async function showGrids() {
    const at = times.midnight(times.shift(choices.chosen.to, 1), zone());
    const instant = new Date(Math.min(Date.parse(at) - 1000, Date.now())).toISOString();
    const features = await service.features(`${API}/layers/grids/items?${new URLSearchParams({ scheme: scheme.name, limit: "10000", at: instant })}`, reading.signal);
    grids.setFeatures(features);
    grid_no = new Map(features.map(({ properties }) => [properties.code, properties.grid_no]));
    choices.offerGrids(features.map(({ properties }) => properties));
  }

  /** Ask again after any change of what is chosen. */
  async function refresh() {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    look = {};
    Object.assign(state, { traces: null, coverage: null });
    traces.setTraces([]);
    playback.reset();
    lists.show("fixes", []);
    emit("status", t("status.loading"));
    const [found] = await Promise.all([read("coverage", {}, signal), showGrids()]).catch(refused);
    if (signal.aborted || !found) return;
    Object.assign(state, { coverage: found, points: found.points, facts: facts(found), notes: notes(found) });
    choices.offer(found.choices);
    choices.setReach(found.reach_m);
    for (const key of ["grids", "people", "points", "plans"]) lists.show(key, found[key]);
    marks.setPoints(switches.points[0] ? state.points : []);
    showTotal(found);
    colour();
    report.head({ ...found, scheme: gridkeeper.schemeTitle(scheme, schemes), chosen: choices.chosen });
    sayNothing(found);
    report.offer(tab, hasRows());
    lookAt(choices.chosen.grid);
    emit("status", t("patrol.status", { grids: number(found.grids.length), people: number(found.people.length), from: found.from, to: found.to, zone: times.offset(Date.now(), zone()) }));
    // Over the whole map nobody's trace is read: whoever wants to see one says whose.
    await Promise.all([isNarrowed() ? readTraces(signal) : null, readUnvisited("streets"), readUnvisited("buildings")]);
  }

  const read = (what, more, signal) => service.json(`${API}/patrols/${what}?${choices.query(more)}`, signal, service.identity());

  /** Who may not see it is told so, with the way to say who sits there. */
  function refused(error) {
    if (!(error instanceof service.Refused)) throw error;
    emit("status", service.refusal(error));
    for (const key of ["grids", "people", "points", "plans"]) lists.show(key, []);
    $("gkr-total").hidden = true;
    const ask = el("button", { type: "button", class: "gk-button", onclick: () => $("gkd-person-open").click() }, t("dispatch.person.say"));
    sayEmpty(service.refusal(error), error.status === 403 ? ask : null);
    grids.setValues({}, measures.classes(state.measure, []));
    showLegend();
    return [];
  }

  const facts = ({ from, to, people, reach_m: reach }) => ({
    period: from === to ? from : t("legend.period", { from, to, zone: times.offset(Date.now(), zone()) }), walkers: people.length, method: t("patrol.legend.counted", { reach }),
  });

  function notes({ versions }) {
    if (versions.length < 2) return [];
    return [t("patrol.legend.versions", { since: versions.slice(1).map((one) => times.show(one.since, zone())).join(", ") })];
  }

  /** Fill the grids by the measure that was chosen: of the same rows as the table. */
  function colour() {
    const rows = state.coverage?.grids ?? [];
    state.classes = measures.classes(state.measure, rows);
    const values = {};
    for (const row of rows) if (grid_no.has(row.code)) values[grid_no.get(row.code)] = row[state.measure];
    grids.setValues(values, state.classes);
    grids.choose(choices.chosen.grid || null);
    showLegend();
  }

  function showTotal({ total }) {
    const rate = (measure) => measures.rate(measures.share(total[measure]), total);
    const rows = [
      ["patrol.measure.area_share", rate("area_share")],
      ["patrol.measure.street_share", rate("street_share")],
      ["patrol.measure.building_share", rate("building_share")],
      ["patrol.measure.visits", measures.count(total.visits)],
      ["patrol.people", measures.count(total.people)],
      ["patrol.measure.km", measures.decimal(total.km)],
      ["patrol.hours", measures.decimal(total.hours)],
      ["patrol.quality", measures.quality(total.quality)],
    ].filter(([, value]) => value !== null && value !== "");
    $("gkr-total").hidden = false;
    $("gkr-total").replaceChildren(el("dl", {}, rows.map(([key, value]) => el("div", { class: key === "patrol.quality" ? "gkr-small" : null }, el("dt", {}, t(key)), el("dd", { title: typeof value === "string" ? value : null }, value)))));
    map.invalidateSize({ animate: false });
  }

  function sayNothing(found) {
    const isNothing = !found.people.length;
    const yesterday = choices.days("yesterday");
    const isToday = choices.chosen.from === choices.days("today").from;
    const go = el("button", { type: "button", class: "gk-button", onclick: () => choices.apply(yesterday) }, t("patrol.preset.yesterday"));
    sayEmpty(isNothing ? t("patrol.empty") : null, isNothing && isToday ? go : null);
  }

  function sayEmpty(text, button = null) {
    $("gk-empty").hidden = text === null;
    $("gk-empty").replaceChildren(...(text === null ? [] : [el("p", {}, text), button].filter(Boolean)));
  }

  async function readTraces(signal) {
    showLegend();
    const found = await read("traces", look, signal);
    if (signal.aborted) return;
    state.traces = found.traces;
    traces.setTraces(found.traces);
    playback.reset();
    const isThere = ({ lat, lon }) => !gridOf() || grids.at([lat, lon])?.code === gridOf();
    lists.show("fixes", found.traces.flatMap(fixesOf).filter(isThere).sort((a, b) => a.at - b.at));
    report.offer(tab, hasRows());
    showLegend();
    const bounds = traces.bounds();
    if (bounds.isValid() && !gridOf()) map.fitBounds(bounds, { padding: [20, 20], maxZoom: 17, animate: false });
  }

  /** The grid whose fixes are looked at, if it is one. */
  const gridOf = () => look.grid ?? choices.chosen.grid;

  function lookAt(code) {
    const one = grids.grids.find(({ properties }) => properties.code === code);
    if (one) map.fitBounds(grids.boundsOf(one), { padding: [40, 40], maxZoom: 17, animate: false });
  }

  function fixesOf(trace) {
    const name = says.nameOf(trace);
    const used = trace.at.map((at, nth) => ({ at, name, lon: trace.lon[nth], lat: trace.lat[nth], accuracy_m: trace.accuracy_m[nth], what: word("patrol.leg", trace.kind[nth] ?? "last") }));
    return [...used, ...trace.dropped.map((one) => ({ ...one, name, accuracy_m: null, what: says.fate(one.fate) }))];
  }

  /** A number was clicked: the fixes it is made of, on the map and in their table. */
  function showFixes(whose) {
    look = whose;
    shell.showMap();
    switches.fixes[0] = true;
    traces.showFixes(true);
    $("gkr-tab-fixes").click();
    lookAt(whose.grid);
    service.run(readTraces(reading.signal));
  }

  async function readUnvisited(what) {
    const { signal } = reading;
    const isOn = switches[`unvisited_${what}`][0];
    const found = isOn ? (await read("unvisited", { what }, signal)).features : null;
    if (signal.aborted) return;
    state.unvisited[what] = found;
    unvisited.setFeatures(what, found ?? []);
    showLegend();
  }

  function openGrid(row) {
    const one = grids.grids.find(({ properties }) => properties.code === row.code);
    if (!one) return;
    shell.showMap();
    const place = grids.centre(one);
    map.setView(place, Math.max(map.getZoom(), 15), { animate: false });
    grids.choose(row.code);
    cards.open(map, place, says.grid(row));
  }

  function open(place, card, after = null) {
    shell.showMap();
    map.setView([place.lat, place.lon], Math.max(map.getZoom(), 16), { animate: false });
    after?.();
    if (card) cards.open(map, [place.lat, place.lon], card);
  }

  function click({ latlng }) {
    const mark = marks.at(latlng);
    if (mark) return cards.open(map, latlng, mark.person ? says.person(mark.person) : says.point(mark.point));
    const seen = switches.traces[0] ? traces.at(latlng) : null;
    if (seen) return cards.open(map, latlng, seen.stop ? says.stop(seen) : says.fix(seen));
    const missed = unvisited.at(latlng);
    if (missed) return cards.open(map, latlng, says.unvisited(missed));
    const row = state.coverage?.grids.find((one) => one.code === grids.at(latlng)?.code);
    if (!row) return undefined;
    grids.choose(row.code);
    return cards.open(map, latlng, says.grid(row));
  }

  const hasRows = () => lists.rows(tab).length > 0;

  /** A file of the table that is open; of fixes what is shown. */
  function save(format) {
    const isFixes = tab === "fixes";
    const query = choices.query(isFixes ? { ...look, format } : { table: tab, format });
    service.run(service.save(`${API}/patrols/${isFixes ? "traces" : "coverage"}?${query}`));
  }

  function views() {
    const staff = choices.chosen.staff || service.actor();
    if (!staff) return emit("status", t("patrol.views.whose"));
    return service.run(report.views({ tree: scheme.tree, staff }));
  }

  shell.tabs($("gkr-tabs"), (name) => {
    tab = name;
    lists.turn(name);
    report.offer(tab, hasRows());
  });
  for (const button of document.querySelectorAll("#gkr-files [data-format]")) button.addEventListener("click", () => save(button.dataset.format));
  $("gkr-measure").addEventListener("change", (event) => { state.measure = event.target.value; colour(); });
  $("gkr-views-open").addEventListener("click", views);
  map.on("click", click);
  map.on("popupclose", () => { grids.choose(choices.chosen.grid || null); traces.choose(null); });
  // Traces fill the map: whole steps would leave half of it empty.
  map.options.zoomSnap = 0.5;
  map.invalidateSize({ animate: false });
  on("layout", () => map.invalidateSize({ animate: false }));
  on("back", () => service.run(scheme ? refresh() : start()));
  Object.assign(gridkeeper, { map, patrol: { state, lists } });
  gridkeeper.track(start()).then(gridkeeper.markReady, (error) => {
    if (!(error instanceof service.Away)) throw error;
  });
};
