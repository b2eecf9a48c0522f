// The page "/reach": who can walk to a service in time, by grid and area, and where one more station would help.
"use strict";

gridkeeper.reachPage = ({ map, shapes, ...layers }) => {
  const { t, el, service, on, emit } = gridkeeper;
  const API = "/api/v1";
  // So many places are proposed for one more station.
  const SITES = "3";
  const $ = (id) => document.getElementById(id);
  const files = [...document.querySelectorAll("#gkw-files [data-format]")];
  let schemes = [];
  let scheme = null;
  let tab = "grids";
  let reading = new AbortController();
  let besides = new AbortController();
  let areas = null;
  let isFitted = false;

  const view = gridkeeper.reachView({ map, shapes, areaOf, buildingAt, ...layers });
  const choices = gridkeeper.reachChoices({
    changed: () => service.run(refresh()),
    schemeChanged: (name) => service.run(showScheme(named(name))),
    besideChanged: beside,
  });
  const compare = gridkeeper.reachCompare({ map, view, choices, read });
  const named = (name) => schemes.find((one) => one.name === name);
  const of = (layer) => service.features(`${API}/layers/${layer}/items?${new URLSearchParams({ scheme: scheme.name, limit: "10000" })}`);

  async function start() {
    ({ schemes } = await service.json(`${API}/schemes`));
    if (!schemes.length) {
      emit("status", "");
      return sayEmpty(t("empty.no_scheme"));
    }
    $("gkw-scheme").replaceChildren(...schemes.map((one) => el("option", { value: one.name }, gridkeeper.schemeTitle(one, schemes))));
    return showScheme(named(choices.chosen.scheme) ?? schemes.find(({ kind }) => kind === "duty") ?? schemes[0]);
  }

  async function showScheme(found) {
    scheme = found;
    areas = null;
    choices.setScheme(scheme);
    view.setMeasure(choices.measure(), Boolean(choices.chosen.measure));
    for (const [name, layer] of Object.entries(shapes)) layer.setUrl(`${API}/layers/${name}/tiles/{z}/{x}/{y}.mvt?scheme=${encodeURIComponent(scheme.name)}`);
    view.forget();
    view.fit(scheme.bounds);
    view.show({ features: await of("grids") });
    isFitted = false;
    await refresh();
  }

  /** Ask again after any change of what is asked. */
  async function refresh() {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    view.forget();
    sayEmpty(null);
    emit("status", t("status.loading"));
    await read(1, signal, told);
  }

  /** What the service tells of the first or second question, part by part; what has come is handed on at once. */
  async function read(nth, signal, hand) {
    const ask = (part, more) => service.json(`${API}/reach${part}?${choices.query(nth, more)}`, signal);
    const answer = await ask("").catch((error) => refused(error, nth));
    if (!answer || signal.aborted) return undefined;
    if (nth === 1 && choices.offer(answer.services.map((one) => one.service))) return refresh();
    hand({ answer });
    const part = (name, path, more) => ask(path, more).then((found) => { if (!signal.aborted) hand({ [name]: found }); }, unsaid);
    return Promise.all([part("bands", "/area"), part("streets", "/streets"), part("sites", "/sites", { k: SITES })]);
  }

  function told(part) {
    view.show(part);
    if (!part.answer) return;
    // Totals and playback have taken some of the map's room by now.
    if (!isFitted) view.fit(scheme.bounds);
    isFitted = true;
    sayEmpty(part.answer.stations.length ? null : t("reach.none.stations"));
    if (!compare.map()) beside();
  }

  /** Why there is no answer, in words, where the map would be; instead of a service that is not there the first one is asked for. */
  function refused(error, nth) {
    if (!(error instanceof service.Refused)) throw error;
    if (nth === 1 && error.code === "unknown_service" && choices.offer(error.problem.values.services)) return refresh();
    emit("status", service.refusal(error));
    if (nth === 1) sayEmpty(service.refusal(error));
    return null;
  }

  /** The rest is shown without a part that was refused. */
  function unsaid(error) {
    if (!(error instanceof service.Refused)) throw error;
    emit("status", service.refusal(error));
  }

  function beside() {
    const [west, south, east, north] = scheme.bounds;
    const isWhole = map.getBounds().contains([[south, west], [north, east]]);
    besides.abort();
    besides = new AbortController();
    compare.refresh(besides.signal);
    // Who saw all of it sees all of it in half the room, too.
    if (isWhole) view.fit(scheme.bounds);
  }

  function sayEmpty(text) {
    $("gk-empty").hidden = text === null;
    $("gk-empty").replaceChildren(...(text === null ? [] : [el("p", {}, text)]));
  }

  /** Where an area lies; all of them are asked for once. */
  async function areaOf(code) {
    areas ??= of("areas");
    const one = (await areas).find(({ properties }) => properties.code === code);
    return one ? L.geoJSON(one).getBounds() : null;
  }

  /** The building at a place with its walk, null where there is none. */
  async function buildingAt({ lng: lon, lat }) {
    return (await service.json(`${API}/reach/building?${choices.query(1, { lon, lat })}`)).building;
  }

  function save(format) {
    const [path, more] = tab === "sites" ? ["/sites", { k: SITES }] : ["", { table: tab }];
    service.run(service.save(`${API}/reach${path}?${choices.query(1, { ...more, format })}`));
  }

  view.onTab((name) => {
    tab = name;
    for (const button of files) button.hidden = !view.lists.rows(tab).length;
  });
  for (const button of files) button.addEventListener("click", () => save(button.dataset.format));
  gridkeeper.pictureButtons($("gkw-pictures"), () => ({
    ...view.sheet(), title: t("reach.title", { scheme: gridkeeper.schemeTitle(scheme, schemes) }), zone: scheme.time_zone,
    maps: [map, compare.map()].filter(Boolean).map((one, nth) => ({ map: one, title: choices.said(nth + 1) })),
  }));
  on("back", () => service.run(scheme ? refresh() : start()));
  gridkeeper.track(start()).then(gridkeeper.markReady, (error) => {
    if (!(error instanceof service.Away)) throw error;
  });
};
