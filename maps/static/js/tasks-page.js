// The page "/tasks": what one person has to do, on a telephone.
"use strict";

gridkeeper.tasksPage = ({ map, grids }) => {
  const { t, service, clock, config, emit, on, remember } = gridkeeper;
  const API = "/api/v1";
  const MOST = "100";
  const MINE = ["report", "handle"];
  const $ = (id) => document.getElementById(id);
  const states = new Map();
  const query = new URLSearchParams(location.search);
  let parts = null;
  let soon = 0;
  let reading = new AbortController();
  let staff = query.get("staff") ?? localStorage.getItem("gridkeeper.staff") ?? "";

  async function start() {
    const [{ schemes }, loop] = await Promise.all([service.json(`${API}/schemes`), service.json(`${API}/loop`)]);
    loop.states.forEach((one) => states.set(one.name, one));
    const scheme = schemes.find(({ kind }) => kind === "duty") ?? schemes[0];
    if (!scheme) return emit("status", t("empty.no_scheme"));
    clock.set({ zone: scheme.time_zone });
    const [west, south, east, north] = scheme.bounds;
    map.fitBounds([[south, west], [north, east]], { animate: false });
    parts = build(scheme, loop);
    service.run(service.features(`${API}/layers/grids/items?${new URLSearchParams({ scheme: scheme.name, limit: "1000" })}`).then((found) => grids.setFeatures(found)));
    setInterval(() => { parts.list.tick(); parts.desk.tick(); }, 1000);
    listen();
    follow();
    return refresh();
  }

  function build(scheme, loop) {
    const desk = gridkeeper.dispatchCase({ tree: scheme.tree, loop, map, grids, view, shown: show, taken: () => service.run(refresh()) });
    const list = gridkeeper.tasksList({ open: (wanted, step) => service.run(openCase(wanted, step)), stateName: (state) => states.get(state)?.[config.lang] ?? state });
    const report = gridkeeper.tasksReport({ scheme: scheme.name, fields: desk.fields, names: desk.names, upload: desk.upload, filed });
    return { tree: scheme.tree, desk, list, report };
  }

  /** The open tasks of the person, by deadline. */
  async function refresh() {
    reading.abort();
    reading = new AbortController();
    if (!staff) return parts.list.show([], 0);
    const asked = new URLSearchParams({ tree: parts.tree, staff, limit: MOST });
    // What is fed back waits for others.
    for (const { name, stage, is_open: isOpen } of states.values()) if (isOpen && MINE.includes(stage)) asked.append("state", name);
    const { rows, total } = await service.json(`${API}/dispatch/queue?${asked}`, reading.signal);
    return parts.list.show(rows, total);
  }

  /** Read the list anew soon, once for many events. */
  function anew() {
    clearTimeout(soon);
    soon = setTimeout(() => service.run(refresh()), 300);
  }

  /** Whatever happens to somebody's case may concern this list; what happened while nothing came may concern all. */
  function follow() {
    const source = new EventSource(`${API}/live?${new URLSearchParams({ tree: parts.tree })}`);
    const all = () => {
      anew();
      service.run(parts.desk.again());
    };
    source.addEventListener("case", ({ data }) => {
      const one = JSON.parse(data);
      if (one.staff?.staff_no === staff || parts.list.has(one.number)) anew();
      parts.desk.heard(one);
    });
    source.addEventListener("resync", all);
    source.addEventListener("open", () => {
      told(true);
      all();
    });
    source.addEventListener("error", () => {
      told(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
    });
  }

  function told(isConnected) {
    document.querySelector(".gkd-lost").hidden = isConnected;
    emit("status", isConnected ? "" : t("dispatch.lost"));
  }

  async function openCase(wanted, step) {
    parts.report.close();
    if (!(await parts.desk.open(wanted))) return;
    view("case");
    $("gkd-drawer").focus();
    if (step) parts.desk.steps.begin(step);
  }

  function filed(number) {
    emit("status", t("tasks.filed", { number }));
    service.run(openCase(number));
  }

  function show() {
    $("gkd-drawer").hidden = false;
  }

  function view(what) {
    document.body.dataset.view = what;
    if (what === "map") map.invalidateSize({ animate: false });
  }

  function report() {
    parts.desk.close();
    show();
    view("case");
    service.run(parts.report.open());
  }

  function close() {
    parts.desk.close();
    parts.report.close();
    $("gkd-drawer").hidden = true;
    view("list");
    $("gk-panel").focus();
  }

  /** Whose tasks are shown; the address says it as long as it was not changed here. */
  function choose(event) {
    event.preventDefault();
    staff = $("gkt-staff").value.trim();
    remember({ staff: "" });
    localStorage.setItem("gridkeeper.staff", staff);
    service.run(refresh());
  }

  function listen() {
    map.on("click", ({ latlng }) => parts.desk.place(latlng));
    $("gkd-close").addEventListener("click", close);
    $("gkt-report-open").addEventListener("click", report);
    $("gkt-staff-form").addEventListener("submit", choose);
  }

  gridkeeper.shell();
  $("gkt-staff").value = staff;
  // The links to the other language keep the person.
  remember({});
  view("list");
  map.invalidateSize({ animate: false });
  on("back", () => service.run(parts ? refresh() : start()));
  Object.assign(gridkeeper, { map });
  service.run(gridkeeper.track(start()).finally(gridkeeper.markReady));
};
