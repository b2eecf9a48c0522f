// The case map at "/": one scheme's grids and cases, from the served layers.
"use strict";

gridkeeper.casesPage = ({ map, grids, cases, shapes }) => {
  const { t, word, el, number, service, times, cards, on, emit } = gridkeeper;
  const shell = gridkeeper.shell();
  map.invalidateSize({ animate: false });
  const API = "/api/v1";
  const LIST_MOST = 200;
  const $ = (id) => document.getElementById(id);
  const layers = { grids, cases, ...shapes };
  let schemes = [];
  let scheme = null;
  let counts = null;
  let opened = new AbortController();
  let listed = new AbortController();
  let tab = "cases";

  const filters = gridkeeper.filters(() => service.run(refresh()));
  const list = gridkeeper.casesList({
    openCase: (one) => openCase(one.number, { fly: true }),
    openGrid: (one) => openGrid(one, one.centre),
    countOf: (gridNo) => counts?.counts[gridNo] ?? 0,
    zone: () => scheme?.time_zone ?? "UTC",
  });

  async function load() {
    schemes = (await service.json(`${API}/schemes`)).schemes;
    $("gk-filters").disabled = !schemes.length;
    if (!schemes.length) {
      emit("status", "");
      return sayEmpty(t("empty.no_scheme"));
    }
    const options = schemes.map((one) => el("option", { value: one.name }, gridkeeper.schemeTitle(one, schemes)));
    $("gk-scheme").replaceChildren(...options);
    const duty = schemes.find((one) => one.kind === "duty") ?? schemes[0];
    return showScheme(schemes.find((one) => one.name === filters.chosen.scheme) ?? duty);
  }

  async function showScheme(found) {
    scheme = found;
    filters.setScheme(scheme);
    $("gk-scheme").value = scheme.name;
    $("gk-scheme-facts").textContent = t("scheme.facts", {
      kind: word("kind", scheme.kind), grids: number(scheme.grids), cases: number(scheme.cases), version: scheme.version,
    });
    const [west, south, east, north] = scheme.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(tiles(name, new URLSearchParams({ scheme: scheme.name })));
    await Promise.all([showGrids(), refresh()]);
  }

  const tiles = (name, query) => `${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?${query}`;

  async function showGrids() {
    const query = new URLSearchParams({ scheme: scheme.name, limit: "1000" });
    if (scheme.grids > grids.options.mostOnCanvas) return grids.setTiles(tiles("grids", new URLSearchParams({ scheme: scheme.name })));
    const wanted = scheme.name;
    const features = await service.features(`${API}/layers/grids/items?${query}`);
    if (wanted !== scheme.name) return undefined;
    grids.setFeatures(features);
    if (counts) showCounts();
    return undefined;
  }

  /** Ask again after any change of scheme or filter. */
  async function refresh() {
    cases.setTiles(tiles("cases", filters.query()));
    const url = (query) => `${API}/layers/grids/counts?${query}`;
    const asked = String(filters.query());
    const whole = url(new URLSearchParams({ scheme: scheme.name }));
    const [all, every, now] = await Promise.all([
      service.json(whole),
      filters.active() ? service.json(url(filters.query({ state: false }))) : null,
      filters.narrowed() ? service.json(url(asked)) : null,
    ]);
    if (asked !== String(filters.query())) return;
    filters.setRange(all.first_at, all.last_at);
    filters.offer(every ?? all);
    counts = now ?? every ?? all;
    showCounts();
    refreshList();
  }

  function showCounts() {
    grids.setCounts(counts.counts, scheme.grids);
    showLegend();
    if (counts.total > 0) sayEmpty(null);
    else sayEmpty(filters.active() ? t("empty.filtered") : t("empty.no_case"), filters.active());
    emit("status", t("status.shown", { n: number(counts.total), outside: number(counts.outside), at: times.show(new Date(), scheme.time_zone) }));
  }

  function period() {
    const [from, to] = filters.period();
    return from ? t("legend.period", { from, to, zone: times.offset(`${to}T00:00:00Z`, scheme.time_zone) }) : t("legend.no_period");
  }

  function showLegend() {
    const switches = Object.fromEntries(Object.keys(layers).map((name) => [name, (wanted) => toggle(name, wanted)]));
    legend.show(gridkeeper.casesLegend({ grids, counts, period: period(), switches, shown: (name) => map.hasLayer(layers[name]) }));
  }

  function toggle(name, wanted) {
    if (wanted) map.addLayer(layers[name]);
    else map.removeLayer(layers[name]);
    showLegend();
  }

  function sayEmpty(text, canClear = false) {
    const note = $("gk-empty");
    note.hidden = text === null;
    const clear = canClear ? el("button", { type: "button", class: "gk-button", onclick: filters.clear }, t("filter.clear")) : null;
    note.replaceChildren(...(text === null ? [] : [el("p", {}, text), clear].filter(Boolean)));
  }

  async function openCase(wanted, { fly = false } = {}) {
    opened.abort();
    opened = new AbortController();
    const one = await service.json(`${API}/cases/${encodeURIComponent(wanted)}`, opened.signal);
    const latlng = L.latLng(one.position.lat, one.position.lon);
    if (one.scheme !== scheme?.name && schemes.some(({ name }) => name === one.scheme)) {
      await showScheme(schemes.find(({ name }) => name === one.scheme));
    }
    if (fly) {
      shell.showMap();
      map.setView(latlng, Math.max(map.getZoom(), 17), { animate: false });
    }
    grids.choose(one.grid?.code ?? null);
    return cards.open(map, latlng, cards.caseCard(one, scheme.time_zone));
  }

  function openGrid(properties, latlng) {
    shell.showMap();
    grids.choose(properties.code);
    cards.open(map, latlng, cards.gridCard(properties, counts?.counts[properties.grid_no] ?? 0));
  }

  function openMarks(marks) {
    const [top] = marks;
    if (!top.properties) return map.setView(top.latlng, Math.min(map.getZoom() + 2, map.getMaxZoom()));
    const numbers = [...new Set(marks.filter((mark) => mark.properties).map((mark) => mark.properties.number))].slice(0, 12);
    const open = (one) => service.run(openCase(one));
    if (numbers.length > 1) return cards.open(map, top.latlng, cards.choice(numbers, open));
    return open(numbers[0]);
  }

  function click({ latlng }) {
    const marks = cases.at(latlng);
    if (marks.length) return openMarks(marks);
    const grid = grids.at(latlng);
    if (grid) return openGrid(grid, latlng);
    return grids.choose(null);
  }

  function refreshList() {
    if (scheme && shell.isOpen("gk-list")) service.run(fillList());
  }

  async function fillList() {
    listed.abort();
    listed = new AbortController();
    const view = map.getBounds();
    const query = tab === "cases" ? filters.query() : new URLSearchParams({ scheme: scheme.name });
    query.set("bbox", [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((value) => value.toFixed(6)).join());
    query.set("limit", String(LIST_MOST));
    const page = await service.json(`${API}/layers/${tab}/items?${query}`, listed.signal);
    const centre = (one) => (tab === "grids" ? L.geoJSON(one).getBounds().getCenter() : null);
    list[tab].show(page.features.map((one) => ({ ...one.properties, centre: centre(one) })));
    const more = (page.links ?? []).some((link) => link.rel === "next");
    list.note(t(more ? "list.first" : "list.all", { n: number(page.features.length) }));
  }

  async function search(event) {
    event.preventDefault();
    const wanted = $("gk-number").value.trim();
    if (!wanted) return;
    $("gk-search-note").textContent = "";
    try {
      const popup = await openCase(wanted, { fly: true });
      popup.getElement().querySelector(".gk-card").setAttribute("tabindex", "-1");
      popup.getElement().querySelector(".gk-card").focus();
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      $("gk-search-note").textContent = error.status === 404 ? t("search.none", { number: wanted }) : t("error.refused", { code: error.code });
    }
  }

  let soon = 0;
  const legend = gridkeeper.legend($("gk-legend"));
  $("gk-search").addEventListener("submit", (event) => service.run(search(event)));
  $("gk-scheme").addEventListener("change", (event) => service.run(showScheme(schemes.find((one) => one.name === event.target.value))));
  shell.tabs($("gk-tabs"), (name) => { tab = name; refreshList(); });
  map.on("click", click);
  map.on("moveend", () => { clearTimeout(soon); soon = setTimeout(refreshList, 300); });
  map.on("popupclose", () => grids.choose(null));
  map.on("mousemove", ({ latlng }) => { $("gk-place").textContent = t("status.place", { lon: latlng.lng.toFixed(5), lat: latlng.lat.toFixed(5) }); });
  on("layout", () => { map.invalidateSize({ animate: false }); refreshList(); });
  on("back", () => service.run(load()));
  service.run(load().finally(() => gridkeeper.markReady()));
  gridkeeper.map = map;
};
