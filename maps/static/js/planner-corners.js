// Moving and adding corners: every grid that has the corner goes along while it is dragged.
"use strict";

gridkeeper.plannerCorners = (desk) => {
  const { plane } = gridkeeper;
  const { ground, canvas, snap } = desk;
  const STEP_M = 1;
  const FAR_STEPS = 10;
  const PAUSE_MS = 700;
  const NUDGES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  let held = null;
  let chosen = null;
  let pause = 0;

  const unitOf = (place) => ground.corner(place);

  function hold(hit, from) {
    const places = hit.kind === "vertex" ? [hit.place] : hit.ends;
    held = { hit, from, starts: places.map(unitOf), lifted: ground.holders(places), moves: null };
  }

  /** Where the held corners are now. */
  function moveTo(target) {
    const { hit, from, starts, lifted } = held;
    const [dx, dy] = [target.x - from.x, target.y - from.y];
    held.moves = starts.map((one) =>
      hit.kind === "vertex" ? { place: one.place, x: target.x, y: target.y } : { place: one.place, x: one.x + dx, y: one.y + dy },
    );
    const [first] = held.moves;
    const metres = Math.hypot(dx, dy) * plane.metresAt(target.y);
    canvas.show({
      lifted: lifted.map((grid) => ({ rings: ground.ringsWith(grid, held.moves) })),
      corner: hit.kind === "vertex" ? { x: first.x, y: first.y, chosen: true } : null,
      edge: hit.kind === "edge" ? Float64Array.from(held.moves.flatMap(({ x, y }) => [x, y])) : null,
      handles: [],
      label: { x: target.x, y: target.y, text: desk.metres(metres) },
    });
    desk.ask(edit());
  }

  function edit() {
    const from = held.starts.map(({ place }) => ground.degrees(place));
    const to = held.moves.map(plane.lonLat);
    return held.hit.kind === "vertex"
      ? { kind: "move_vertex", vertex: from[0], to: to[0] }
      : { kind: "move_edge", ends: from, to };
  }

  function putBack() {
    held = null;
    clearTimeout(pause);
    pause = 0;
    canvas.lift([]);
    clear();
  }

  function clear() {
    canvas.show({ lifted: [], corner: null, edge: null, handles: [], label: null });
    if (chosen) canvas.show({ corner: { ...chosen, chosen: true } });
  }

  async function save() {
    clearTimeout(pause);
    pause = 0;
    const made = edit();
    const to = held.hit.kind === "vertex" ? made.to : null;
    if (await desk.save(made)) {
      const stays = chosen && to;
      held = null;
      chosen = stays ? ground.corner(to.map((value) => Math.round(value * 2 ** 24))) : null;
      canvas.lift([]);
      clear();
    } else {
      putBack();
    }
  }

  function hover(pointer) {
    const hit = ground.near(pointer.x, pointer.y, pointer.reach);
    const grid = ground.at(pointer.x, pointer.y);
    desk.cursor(hit ? (hit.kind === "vertex" ? "move" : "pointer") : "");
    canvas.show({
      corner: hit?.kind === "vertex" ? hit : chosen && { ...chosen, chosen: true },
      edge: hit?.kind === "edge" ? Float64Array.from(hit.ends.map(unitOf).flatMap(({ x, y }) => [x, y])) : null,
      handles: handlesOf(grid),
    });
  }

  function handlesOf(grid) {
    if (!grid) return [];
    grid.handles ??= ground.corners(grid);
    return grid.handles;
  }

  const dragging = {
    grab(pointer) {
      if (pause) return false;
      const hit = ground.near(pointer.x, pointer.y, pointer.reach);
      if (!hit) return false;
      hold(hit, hit.kind === "vertex" ? { x: hit.x, y: hit.y } : { x: pointer.x, y: pointer.y });
      return true;
    },
    drag(pointer) {
      if (!held.moves) {
        canvas.lift(held.lifted);
        chosen = null;
        desk.begin();
      }
      moveTo(held.hit.kind === "vertex" ? snap.of(pointer, { streetsOnly: true }) : pointer);
    },
    drop(pointer, wasStill) {
      if (held.moves && !wasStill) return void save();
      choose(held.hit);
      return putBack();
    },
    cancel() {
      if (!held && !chosen) return false;
      chosen = null;
      putBack();
      desk.stop();
      return true;
    },
    out: clear,
    leave() {
      chosen = null;
      if (pause) save();
      else putBack();
      desk.cursor("");
    },
  };

  function choose(hit) {
    chosen = hit?.kind === "vertex" ? hit : null;
  }

  /** Arrow keys move the chosen corner; it is saved when they rest, or at Enter. */
  function nudge(event) {
    const way = NUDGES[event.key];
    if (!way || !chosen) return false;
    if (desk.isBusy()) return true;
    if (!held) {
      hold(chosen, chosen);
      canvas.lift(held.lifted);
      desk.begin();
    }
    const at = held.moves?.[0] ?? chosen;
    const step = (STEP_M * (event.shiftKey ? FAR_STEPS : 1)) / plane.metresAt(at.y);
    moveTo({ x: at.x + way[0] * step, y: at.y + way[1] * step });
    clearTimeout(pause);
    pause = setTimeout(save, PAUSE_MS);
    return true;
  }

  /** ] and [ go from corner to corner of the selected grid. */
  function next(event) {
    const step = { "]": 1, "[": -1 }[event.key];
    const grid = ground.get(desk.selected()[0]);
    if (!step || !grid || held) return false;
    const corners = ground.corners(grid);
    const at = corners.findIndex(({ place }) => chosen && place[0] === chosen.place[0] && place[1] === chosen.place[1]);
    chosen = corners[at < 0 ? 0 : (at + step + corners.length) % corners.length];
    clear();
    canvas.show({ handles: handlesOf(grid) });
    desk.bringIntoView(chosen);
    return true;
  }

  const finish = () => Boolean(pause) && (save(), true);
  const press = (event) => nudge(event) || next(event);

  const move = { name: "move", key: "c", hint: () => "planner.hint.move", hover, press, finish, ...dragging };

  const add = {
    name: "add", key: "a", hint: () => "planner.hint.add", press, finish, ...dragging,
    hover(pointer) {
      hover(pointer);
      const hit = ground.near(pointer.x, pointer.y, pointer.reach);
      desk.cursor(hit?.kind === "edge" ? "copy" : hit ? "move" : "");
      if (hit?.kind === "edge") canvas.show({ corner: { x: hit.x, y: hit.y } });
    },
    grab(pointer) {
      const hit = ground.near(pointer.x, pointer.y, pointer.reach);
      return hit?.kind === "vertex" && dragging.grab(pointer);
    },
    tap(pointer) {
      const hit = ground.near(pointer.x, pointer.y, pointer.reach);
      if (hit?.kind === "edge") desk.save({ kind: "insert_vertex", at: plane.lonLat(hit) });
    },
  };

  return [move, add];
};
