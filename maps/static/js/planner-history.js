// What was published when: the map of any day, who had a place then, and what changed between two versions.
"use strict";

gridkeeper.plannerHistory = ({ desk, shown }) => {
  const { el, t, word, number, times, service, plane, painted } = gridkeeper;
  const API = "/api/v1";
  const DATUM = "wgs84";
  const $ = (id) => document.getElementById(id);
  const { ground, canvas } = desk;
  let versions = [];
  let etag = null;
  let isOn = false;

  const zone = () => desk.scheme().time_zone;
  const path = (rest) => `${API}/schemes/${encodeURIComponent(desk.scheme().name)}${rest}`;
  const since = (one) => (one.since ? times.show(one.since, zone()) : t("planner.history.always"));

  async function list() {
    const { name } = desk.scheme();
    const answer = await service.send("GET", path("/versions"));
    if (desk.scheme().name !== name) return;
    etag = answer.etag;
    versions = [...answer.body.versions].sort((a, b) => b.version - a.version);
    $("gkp-versions").replaceChildren(...versions.map(row));
    for (const id of ["gkp-from", "gkp-to"]) $(id).replaceChildren(...versions.map((one) => el("option", { value: one.version }, t("planner.history.version", { n: one.version }))));
    if (versions.length > 1) $("gkp-from").value = String(versions[1].version);
    $("gkp-differ-form").hidden = versions.length < 2;
    $("gkp-day").max = times.day(new Date(), zone());
  }

  function row(one, at) {
    return el(
      "li", { "data-version": one.version },
      el("h3", {}, t("planner.history.version", { n: one.version }), el("span", { class: "gk-note" }, ` ${since(one)}`)),
      el("p", {}, [one.actor, one.reason].filter(Boolean).join(" · ")),
      el("button", { type: "button", class: "gk-link", onclick: () => desk.run(showVersion(one.version)) }, t("planner.history.show")),
      at === 0 ? null : el("button", { type: "button", class: "gk-link", onclick: () => ask(one) }, t("planner.history.rollback")),
    );
  }

  /** An instant at which a version held; null for the one that holds now. */
  function instantOf(version) {
    const at = versions.findIndex((one) => one.version === version);
    if (at <= 0) return null;
    return versions[at].since ?? new Date(Date.parse(versions[at - 1].since) - 1000).toISOString();
  }

  /** The last instant of a day, or now where that is still to come. */
  function endOf(day) {
    return new Date(Math.min(Date.parse(times.midnight(times.shift(day, 1), zone())) - 1000, Date.now())).toISOString();
  }

  const showVersion = (version) => showAt(instantOf(version) ?? new Date().toISOString(), t("planner.history.version", { n: version }));

  async function showAt(at, name) {
    const query = new URLSearchParams({ scheme: desk.scheme().name, limit: "10000", at });
    const features = await service.features(`${API}/layers/grids/items?${query}`);
    isOn = true;
    ground.load(features);
    shown();
    painted.at = at;
    desk.empty(null);
    $("gkp-past").hidden = false;
    $("gkp-past-text").textContent = t("planner.history.on", { name, n: number(features.length) });
    desk.enable();
    desk.say(t("planner.history.on", { name, n: number(features.length) }));
  }

  async function leave({ quiet = false } = {}) {
    isOn = false;
    delete painted.at;
    $("gkp-past").hidden = true;
    $("gkp-differences").replaceChildren();
    if (!quiet) await desk.refresh();
  }

  async function differ() {
    const query = new URLSearchParams({ from: $("gkp-from").value, to: $("gkp-to").value });
    const found = await service.json(path(`/differences?${query}`));
    canvas.show({ shapes: found.features.flatMap((one) => canvas.shapeOf(one.geometry)) });
    $("gkp-differences").replaceChildren(...tables(found));
    desk.showMap();
  }

  const called = (grid) => (grid ? grid.name || grid.code || t("planner.grid.number", { no: grid.grid_no }) : t("planner.effects.nobody"));

  /** Who gave what to whom, and each grid with its area in both versions. */
  function tables({ features, grids }) {
    if (!grids.length) return [el("p", { class: "gk-empty" }, t("planner.history.no_difference"))];
    const area = (value) => (Number.isFinite(value) ? desk.hectares(value) : "–");
    const [given, each] = [el("div", {}), el("div", {})];
    gridkeeper.table(given, [
      { key: "from", title: t("planner.history.gave"), value: (one) => called(one.properties.from), cell: gave },
      { key: "to", title: t("planner.history.got"), value: (one) => called(one.properties.to) },
      { key: "area", title: t("planner.history.area"), style: "gk-number", value: (one) => one.properties.area_m2, cell: (one) => area(one.properties.area_m2) },
    ], { caption: t("planner.effects.transfers"), empty: "" }).show(features);
    gridkeeper.table(each, [
      { key: "grid", title: t("card.grid"), value: called },
      { key: "status", title: t("card.state"), value: (one) => word("grid_status", one.status) },
      { key: "before", title: t("planner.effects.before"), style: "gk-number", value: (one) => one.area_m2_before, cell: (one) => area(one.area_m2_before) },
      { key: "after", title: t("planner.effects.after"), style: "gk-number", value: (one) => one.area_m2_after, cell: (one) => area(one.area_m2_after) },
    ], { caption: t("planner.history.differ"), empty: "", data: (one) => ({ grid: one.grid_no }) }).show(grids);
    return [given, each];
  }

  const gave = ({ properties, geometry }) => el("button", { type: "button", class: "gk-link", onclick: () => desk.showPlace(geometry, true) }, called(properties.from));

  async function owners(pointer) {
    const [lon, lat] = plane.lonLat(pointer);
    const found = await service.json(`${API}/grids/history?${new URLSearchParams({ lon, lat, datum: DATUM, scheme: desk.scheme().name })}`);
    const rows = [...found.versions].reverse().map((one) =>
      el(
        "li", { "data-version": one.version },
        el("b", {}, called(one.grid)), one.leads.length ? ` · ${one.leads.map(({ name }) => name).join(", ")}` : "",
        el("p", { class: "gk-note" }, t("planner.history.version", { n: one.version }), " · ", since(one)),
      ),
    );
    $("gkp-owners").replaceChildren(el("h2", {}, t("planner.history.owners")), el("ol", { class: "gkp-rows" }, rows));
    canvas.show({ shapes: [{ kind: "points", rings: [Float64Array.of(pointer.x, pointer.y)] }] });
  }

  function ask(one) {
    $("gkp-rollback-text").textContent = t("planner.history.rollback_ask", { n: one.version, since: since(one) });
    $("gkp-rollback").dataset.version = one.version;
    $("gkp-rollback-note").textContent = "";
    $("gkp-rollback").showModal();
  }

  async function rollback() {
    const version = Number($("gkp-rollback").dataset.version);
    try {
      const { body } = await service.send("POST", path("/rollback"), { version, reason: $("gkp-rollback-reason").value.trim() }, { etag });
      $("gkp-rollback").close();
      return await desk.published(body);
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      if (error.code === "versions_changed") {
        $("gkp-rollback").close();
        return desk.conflict(error);
      }
      $("gkp-rollback-note").textContent = service.refusal(error);
      return undefined;
    }
  }

  const submitted = (id, act) => $(id).addEventListener("submit", (event) => { event.preventDefault(); desk.run(act()); });
  submitted("gkp-day-form", () => showAt(endOf($("gkp-day").value), $("gkp-day").value));
  submitted("gkp-differ-form", differ);
  submitted("gkp-rollback-form", rollback);
  $("gkp-rollback-cancel").addEventListener("click", () => $("gkp-rollback").close());
  $("gkp-past-leave").addEventListener("click", () => desk.run(leave()));

  return {
    list, leave, instantOf,
    isOn: () => isOn,
    /** The tab was opened or left: on it, a click on the map asks who had the place. */
    tab(open) {
      if (open) {
        if (!$("gkp-day").value) $("gkp-day").value = times.shift(times.day(Date.now(), zone()), -1);
        desk.take("ask");
      } else if (desk.tool() === "ask") {
        desk.take("select");
      }
    },
    tool: {
      name: "ask", reads: true, hint: () => "planner.hint.ask",
      enter: () => desk.cursor("help"),
      leave: () => desk.cursor(""),
      tap: (pointer) => desk.run(owners(pointer)),
    },
  };
};
