// Tools that draw a line or an area: split, give ground, dedicated grid.
"use strict";

gridkeeper.plannerDrawing = (desk) => {
  const { el, t, plane, service } = gridkeeper;
  const { ground, canvas, snap } = desk;
  const FOLLOW_M = 15;
  const SAMPLES = 16;

  /** What lies under most of some places, by number; null stands for nobody. */
  function mostOf(places, except = null) {
    const sums = new Map();
    for (const { x, y } of places) {
      const no = ground.at(x, y)?.no ?? null;
      if (no !== except || no === null) sums.set(no, (sums.get(no) ?? 0) + 1);
    }
    const owned = [...sums].filter(([no]) => no !== null);
    return (owned.length ? owned : [...sums]).sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  }

  const along = (points) =>
    points.slice(1).flatMap((to, at) =>
      Array.from({ length: SAMPLES }, (_, step) => {
        const share = (step + 0.5) / SAMPLES;
        return { x: points[at].x + share * (to.x - points[at].x), y: points[at].y + share * (to.y - points[at].y) };
      }),
    );

  function within(points) {
    const ring = Float64Array.from([...points, points[0]].flatMap(({ x, y }) => [x, y]));
    const [west, north, east, south] = gridkeeper.boxOf([ring]);
    const spread = Array.from({ length: SAMPLES * SAMPLES }, (_, at) => ({
      x: west + ((east - west) * ((at % SAMPLES) + 0.5)) / SAMPLES,
      y: north + ((south - north) * (Math.floor(at / SAMPLES) + 0.5)) / SAMPLES,
    }));
    return spread.filter(({ x, y }) => ground.inside([ring], x, y));
  }

  const coordinates = (points) => points.map((one) => (one.place ? ground.degrees(one.place) : plane.lonLat(one)));
  const polygon = (points) => ({ type: "Polygon", coordinates: [[...coordinates(points), coordinates(points)[0]]] });

  /** A tool around one drawing; `edit(points)` is what it would do, or null while there is too little. */
  function drawing({ closed, edit, saved = () => {}, before = () => false, ...tool }) {
    let points = [];

    function show(live) {
      const all = live ? [...points, live] : points;
      canvas.show({ line: points.length ? { points, live, closed } : null, label: live && points.length ? { ...live, text: measure(all) } : null });
      if (points.length && all.length > (closed ? 2 : 1)) desk.ask(edit(all));
    }

    const measure = (all) =>
      closed && all.length > 2
        ? t("planner.measure.area", { length: desk.metres(plane.lengthM([...all, all[0]])), area: desk.hectares(plane.areaM2(all)) })
        : desk.metres(plane.lengthM(all));

    function clear() {
      points = [];
      canvas.show({ line: null, label: null });
      desk.told();
    }

    return {
      cursor: "crosshair",
      ...tool,
      enter() { desk.cursor("crosshair"); tool.enter?.(); },
      leave() {
        if (points.length || tool.hasBegun?.()) desk.stop();
        clear();
        tool.leave?.();
        desk.cursor("");
      },
      needs: () => ({ finish: points.length > (closed ? 2 : 1), cancel: points.length > 0 || Boolean(tool.hasBegun?.()) }),
      hover(pointer) {
        const live = snap.of(pointer);
        if (points.length) show(live);
        else if (!tool.pick?.(pointer)) canvas.show({ corner: live.snapped ? live : null });
      },
      out: () => { if (points.length) show(null); },
      tap(pointer) {
        if (before(pointer)) return;
        if (!points.length) desk.begin();
        points.push(snap.of(pointer));
        canvas.show({ corner: null });
        show(null);
        desk.told();
      },
      /** Take the last point back. */
      press(event) {
        if (event.key !== "Backspace" || !points.length) return false;
        points.pop();
        if (points.length) show(null);
        else { clear(); desk.stop(); }
        desk.told();
        return true;
      },
      finish() {
        if (points.length < (closed ? 3 : 2)) return Boolean(points.length);
        const made = edit(points);
        if (made) desk.save(made).then((isSaved) => { if (isSaved) { clear(); saved(); } else show(null); });
        return true;
      },
      cancel() {
        if (points.length) {
          clear();
          desk.stop();
          return true;
        }
        const did = Boolean(tool.cancel?.());
        if (did) desk.told();
        return did;
      },
    };
  }

  const named = (edit, name) => (name.trim() ? { ...edit, name: name.trim() } : edit);
  function nameField(key, id, get, set) {
    const field = el("input", { id, type: "text", maxlength: 100, value: get(), placeholder: t("planner.option.name_hint"), oninput: (event) => set(event.target.value) });
    return el("label", { class: "gkp-field", for: id }, t(key), field);
  }

  function split() {
    const how = { larger: false, follow: false, name: "" };
    return drawing({
      name: "split", key: "s", closed: false,
      hint: () => "planner.hint.split",
      edit(points) {
        const [chosen] = desk.selected();
        const grid = desk.selected().length === 1 ? chosen : mostOf(along(points));
        if (grid === null) return null;
        return named({ kind: "split", grid, line: { type: "LineString", coordinates: coordinates(points) }, larger: how.larger, snap_m: how.follow ? FOLLOW_M : null }, how.name);
      },
      saved: () => { how.name = ""; },
      options: () => [
        nameField("planner.option.name", "gkp-split-name", () => how.name, (value) => { how.name = value; }),
        gridkeeper.plannerTick("planner.option.follow", how.follow, (on) => { how.follow = on; }),
        gridkeeper.plannerTick("planner.option.larger", how.larger, (on) => { how.larger = on; }),
      ],
    });
  }

  function carve() {
    const how = { name: "" };
    return drawing({
      name: "carve", key: "d", closed: true,
      hint: () => "planner.hint.carve",
      edit: (points) => (points.length > 2 ? named({ kind: "carve", area: polygon(points) }, how.name) : null),
      saved: () => { how.name = ""; },
      options: () => [nameField("planner.option.name", "gkp-carve-name", () => how.name, (value) => { how.name = value; })],
    });
  }

  function give() {
    let taker = null;
    let byBuildings = false;
    const buildings = new Map();

    const tint = () => {
      const grid = ground.get(taker);
      canvas.show({ tinted: grid ? [{ rings: grid.rings, fill: gridkeeper.config.palette.ink.new }] : [], shapes: [...buildings.values()].flatMap((one) => canvas.shapeOf(one.geometry)) });
    };
    const forget = () => { buildings.clear(); tint(); };

    function chosenBuildings() {
      const places = [...buildings.values()].map((one) => one.at);
      return { kind: "transfer", giver: mostOf(places, taker), taker, buildings: [...buildings.keys()] };
    }

    async function toggleBuilding(pointer) {
      const [lon, lat] = plane.lonLat(pointer);
      const query = new URLSearchParams({ scheme: desk.scheme().name, bbox: [lon, lat, lon, lat].join(), limit: "50" });
      const { features } = await service.json(`/api/v1/layers/buildings/items?${query}`);
      const found = features.find(({ geometry }) => canvas.shapeOf(geometry).some(({ rings }) => ground.inside(rings, pointer.x, pointer.y)));
      if (!found) return desk.say(t("planner.say.no_building"));
      if (!buildings.delete(found.id)) buildings.set(found.id, { geometry: found.geometry, at: { x: pointer.x, y: pointer.y } });
      tint();
      desk.told();
      return buildings.size ? desk.ask(chosenBuildings()) : desk.stop();
    }

    const made = drawing({
      name: "give", key: "g", closed: true,
      hint: () => (taker === null ? "planner.hint.give_to" : byBuildings ? "planner.hint.give_buildings" : "planner.hint.give_area"),
      edit: (points) => (points.length > 2 ? { kind: "transfer", giver: mostOf(within(points), taker), taker, area: polygon(points) } : null),
      enter() {
        taker = desk.selected().length === 1 ? desk.selected()[0] : null;
        tint();
      },
      leave() { taker = null; forget(); },
      hasBegun: () => taker !== null,
      /** Before the drawing begins a click says who receives. */
      before(pointer) {
        if (taker !== null && !byBuildings) return false;
        if (taker === null) taker = ground.at(pointer.x, pointer.y)?.no ?? null;
        else service.run(toggleBuilding(pointer));
        tint();
        desk.told();
        return true;
      },
      pick(pointer) {
        if (taker !== null) return false;
        const grid = ground.at(pointer.x, pointer.y);
        canvas.show({ tinted: grid ? [{ rings: grid.rings, fill: gridkeeper.config.palette.ink.new }] : [] });
        return true;
      },
      cancel() {
        if (taker === null) return false;
        if (buildings.size) { forget(); desk.stop(); } else { taker = null; tint(); }
        return true;
      },
      options: () => [
        el("span", { class: "gkp-chosen" }, taker === null ? t("planner.option.nobody_yet") : t("planner.option.taker", { grid: desk.nameOf(taker) })),
        gridkeeper.plannerTick("planner.option.buildings", byBuildings, (on) => { byBuildings = on; forget(); desk.told(); }),
      ],
    });
    const { needs, finish } = made;
    return {
      ...made,
      needs: () => (buildings.size ? { finish: true, cancel: true } : needs()),
      finish() {
        if (!buildings.size) return finish();
        desk.save(chosenBuildings()).then((isSaved) => { if (isSaved) { forget(); desk.told(); } });
        return true;
      },
    };
  }

  return [split(), give(), carve()];
};
