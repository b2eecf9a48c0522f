// The page "/tasks": what one person has to do, on a telephone.
"use strict";

gridkeeper.tasksPage = ({ map, grids }) => {
  const { t, service, clock, config, emit, on } = gridkeeper;
  const API = "/api/v1";
  const MOST = "100";
  const MINE = ["report", "handle"];
  const $ = (id) => document.getElementById(id);
  gridkeeper.shell();
  const states = new Map();
  const query = new URLSearchParams(location.search);
  let parts = null;
  let picking = null;
  let soon = 0;

  const staff = () => query.get("staff") ?? localStorage.getItem("gridkeeper.staff") ?? "";

  async function start() {
    const [{ schemes }, loop] = await Promise.all([service.json(`${API}/schemes`), service.json(`${API}/loop`)]);
    loop.states.forEach((one) => states.set(one.name, one));
    const scheme = schemes.find(({ kind }) => kind === "duty") ?? schemes[0];
    if (!scheme) return emit("status", t("empty.no_scheme"));
    clock.set({ zone: scheme.time_zone });
    const [west, south, east, north] = scheme.bounds;
    map.fitBounds([[south, west], [north, east]], { animate: false });
    parts = build(scheme, loop);
    $("gkt-staff").value = staff();
    service.run(service.features(`${API}/layers/grids/items?${new URLSearchParams({ scheme: scheme.name, limit: "1000" })}`).then((found) => grids.setFeatures(found)));
    await refresh();
    follow(scheme.tree);
    setInterval(() => { parts.list.tick(); parts.drawer.tick(); }, 1000);
    emit("status", "");
    return undefined;
  }

  function build(scheme, loop) {
    let known = null;
    const names = () => (known ??= service.json(`${API}/dispatch/names?${new URLSearchParams({ tree: scheme.tree })}`).catch((error) => { known = null; throw error; }));
    const fields = gridkeeper.dispatchFields({ names, pick, gridAt: (latlng) => grids.at(latlng), upload });
    const person = gridkeeper.dispatchPerson({ roles: loop.roles, changed: () => service.run(again()) });
    const steps = gridkeeper.dispatchSteps({ fields, taken, renewed: again, askWho: person.ask });
    const drawer = gridkeeper.dispatchDrawer({ loop, steps });
    const list = gridkeeper.tasksList({ open: (wanted, step) => service.run(openCase(wanted, step)), stateName: (state) => states.get(state)?.[config.lang] ?? state });
    const report = gridkeeper.tasksReport({ scheme: scheme.name, fields, names, upload, filed });
    $("gkd-nobody-open").addEventListener("click", person.ask);
    return { tree: scheme.tree, fields, steps, drawer, list, report };
  }

  /** The open tasks of the person, by deadline. */
  async function refresh() {
    if (!staff()) return parts.list.show([]);
    const asked = new URLSearchParams({ tree: parts.tree, staff: staff(), limit: MOST });
    // What is fed back waits for others.
    for (const { name, stage, is_open: isOpen } of states.values()) if (isOpen && MINE.includes(stage)) asked.append("state", name);
    const answer = await service.json(`${API}/dispatch/queue?${asked}`);
    return parts.list.show(answer.rows);
  }

  /** Whatever happens to somebody's case may concern this list: it is read anew soon, once for many events. */
  function follow(tree) {
    const source = new EventSource(`${API}/live?${new URLSearchParams({ tree })}`);
    const anew = () => {
      clearTimeout(soon);
      soon = setTimeout(() => service.run(refresh()), 300);
    };
    source.addEventListener("case", ({ data }) => {
      const one = JSON.parse(data);
      if (one.staff?.staff_no === staff() || $("gkt-list").querySelector(`[data-number="${one.number}"]`)) anew();
      if (parts.drawer.number === one.number) service.run(again());
    });
    source.addEventListener("resync", anew);
    source.addEventListener("open", () => { $("gkd-lost").hidden = true; anew(); });
    source.addEventListener("error", () => {
      $("gkd-lost").hidden = false;
      if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(tree), 3000);
    });
  }

  async function read(wanted) {
    const { body, etag } = await service.send("GET", `${API}/cases/${encodeURIComponent(wanted)}`);
    return { ...body, etag };
  }

  async function openCase(wanted, step) {
    parts.report.close();
    parts.drawer.show(await read(wanted));
    show();
    if (step) parts.steps.begin(step);
  }

  async function again() {
    const wanted = parts.drawer.number;
    if (wanted) parts.drawer.show(await read(wanted));
  }

  function taken(found) {
    parts.drawer.show(found);
    service.run(refresh());
  }

  function filed(number) {
    emit("status", t("tasks.filed", { number }));
    service.run(openCase(number));
  }

  const upload = async (wanted, file) => (await service.send("POST", `${API}/cases/${wanted}/photos`, file)).body;

  function show() {
    $("gkd-drawer").hidden = false;
    view("case");
  }

  function view(what) {
    document.body.dataset.view = what;
    if (what === "map") map.invalidateSize({ animate: false });
  }

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

  function close() {
    parts.drawer.close();
    parts.report.close();
    $("gkd-drawer").hidden = true;
    view("list");
  }

  view("list");
  map.on("click", ({ latlng }) => picking?.(latlng));
  $("gkd-pick-cancel").addEventListener("click", () => picking?.(null));
  $("gkd-close").addEventListener("click", close);
  $("gkt-report-open").addEventListener("click", () => {
    parts.drawer.close();
    show();
    service.run(parts.report.open());
  });
  $("gkt-staff-form").addEventListener("submit", (event) => {
    event.preventDefault();
    query.delete("staff");
    localStorage.setItem("gridkeeper.staff", $("gkt-staff").value.trim());
    service.run(refresh());
  });
  map.invalidateSize({ animate: false });
  on("back", () => { if (parts) service.run(refresh()); });
  Object.assign(gridkeeper, { map });
  gridkeeper.track(start()).then(gridkeeper.markReady, (error) => {
    if (!(error instanceof service.Away)) throw error;
  });
};
