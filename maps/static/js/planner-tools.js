// The tools of the planner: which one is in hand, and how pointer and keys reach it.
"use strict";

/*
A tool is {name, key, cursor, hint()} and what of these it needs:
  enter(), leave()                  it is taken up, laid down
  hover(pointer)                    the pointer moves and nothing is held
  grab(pointer) -> bool             pressed: does it take hold of something?
  drag(pointer), drop(pointer)      it is moved, it is let go
  tap(pointer)                      pressed and let go at one place
  finish(), cancel() -> bool        Enter or a double click; Esc: was there anything to give up?
  press(event) -> bool              another key: was it for the tool?
  options() -> nodes                what stands beside the hint
*/
gridkeeper.plannerTools = ({ map, desk, bar }) => {
  const { el, t, mercator } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const frame = map.getContainer();
  const REACH_PX = { mouse: 9, pen: 12, touch: 22 };
  const STILL_PX = 5;
  const tools = new Map();
  let tool = null;
  let held = false;
  let pressed = null;
  let lastTap = null;
  let waiting = null;
  let frameAsked = 0;
  const cross = gridkeeper.plannerCross(map);

  /** What a tool is told of a place on the map, in pixels of its frame. */
  function pointerAt(px, { shiftKey, altKey, pointerType }) {
    const { lat, lng } = map.containerPointToLatLng(px);
    const [x, y] = mercator(lng, lat);
    const size = 256 * 2 ** map.getZoom();
    return { x, y, px, reach: REACH_PX[pointerType || "mouse"] / size, shift: shiftKey, free: altKey, kind: pointerType };
  }

  function pointerOf(event) {
    const box = frame.getBoundingClientRect();
    return pointerAt(L.point(event.clientX - box.left, event.clientY - box.top), event);
  }

  const isOnMap = (event) => !event.target.closest(".leaflet-control, .leaflet-popup, .gk-note-card, .gkp-divider");

  // Some tools only look, and need no draft.
  const isReady = () => Boolean(tool) && (tool.reads ? desk.hasGround() : desk.isReady());

  function down(event) {
    if (!isOnMap(event) || event.button > 0 || !event.isPrimary) return;
    cross.hide();
    pressed = pointerOf(event);
    if (!isReady() || desk.isBusy()) return;
    held = Boolean(tool.grab?.(pressed));
    if (!held) return;
    map.dragging.disable();
    frame.setPointerCapture(event.pointerId);
    frame.classList.add("gkp-holding");
  }

  function move(event) {
    if (!event.isPrimary || (!isOnMap(event) && !held)) return;
    waiting = pointerOf(event);
    frameAsked ||= requestAnimationFrame(() => {
      frameAsked = 0;
      const pointer = waiting;
      if (!pointer || !isReady()) return;
      if (held) tool.drag(pointer);
      else if (!desk.isBusy() && !(pressed && pointer.px.distanceTo(pressed.px) > STILL_PX)) tool.hover?.(pointer);
    });
  }

  function up(event) {
    // Another finger says nothing of the one that holds.
    if (!event.isPrimary) return undefined;
    const from = pressed;
    pressed = null;
    if (!from || !isReady()) return letGo();
    const pointer = pointerOf(event);
    const wasStill = pointer.px.distanceTo(from.px) <= STILL_PX * (pointer.kind === "touch" ? 2 : 1);
    if (held) {
      letGo();
      return tool.drop(pointer, wasStill);
    }
    if (!wasStill || desk.isBusy()) return undefined;
    const isSecond = lastTap && event.timeStamp - lastTap.at < 350 && pointer.px.distanceTo(lastTap.px) < 8;
    lastTap = { at: event.timeStamp, px: pointer.px };
    if (isSecond && finish()) return undefined;
    return tool.tap?.(pointer);
  }

  function letGo() {
    held = false;
    waiting = null;
    map.dragging.enable();
    frame.classList.remove("gkp-holding");
  }

  /** End what the tool has in hand; not a second time while the first is being saved. */
  const finish = () => desk.isBusy() || Boolean(tool.finish?.());

  function giveUp() {
    const some = tool.cancel?.() || held;
    letGo();
    return some;
  }

  function take(name) {
    const next = tools.get(name);
    if (!next || next === tool) return;
    letGo();
    tool?.leave?.();
    tool = next;
    frame.dataset.tool = name;
    for (const button of bar.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    tool.enter?.();
    told();
  }

  /** Say again what the tool in hand waits for. */
  function told() {
    $("gkp-hint-text").textContent = t(tool.hint());
    $("gkp-options").replaceChildren(...(tool.options?.() ?? []));
    const needs = tool.needs?.() ?? { finish: false, cancel: false };
    $("gkp-finish").hidden = !needs.finish;
    $("gkp-cancel").hidden = !needs.cancel;
  }

  const isTyping = (event) => event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea, dialog");

  function key(event) {
    if (isTyping(event) || !isReady()) return;
    if (event.key === "Escape") {
      if (!giveUp() && !cross.hide() && tool.name !== "select") take("select");
      return;
    }
    const isForMap = !event.target.closest("button, a, summary, [role=tab], [role=slider]");
    const isHandled =
      (event.ctrlKey || event.metaKey) && !event.altKey
        ? combined(event)
        : (event.key === "Enter" && isForMap && finish()) || (isForMap && (tool.press?.(event) || byCross(event))) || chosenBy(event);
    if (!isHandled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Space brings the cross, and does there what a click does; arrows move it. */
  function byCross(event) {
    if (event.altKey || (event.target !== frame && event.target !== document.body)) return false;
    if (event.key !== " " && !cross.steer(event)) return false;
    if (desk.isBusy()) return true;
    const isClick = event.key === " " && Boolean(cross.at());
    if (!cross.at()) cross.show();
    const pointer = pointerAt(cross.at(), event);
    if (!isClick) tool.hover?.(pointer);
    else if (tool.grab?.(pointer)) tool.drop(pointer, true);
    else tool.tap?.(pointer);
    return true;
  }

  function combined(event) {
    const name = event.key.toLowerCase();
    if (name === "z") return desk.step(event.shiftKey ? "redo" : "undo");
    if (name === "y") return desk.step("redo");
    return false;
  }

  function chosenBy(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return false;
    const found = [...tools.values()].find((one) => one.key === event.key.toLowerCase());
    if (found && (found.reads || desk.isReady())) take(found.name);
    return Boolean(found);
  }

  function add(one) {
    tools.set(one.name, one);
  }

  map.doubleClickZoom.disable();
  frame.addEventListener("pointerdown", down, true);
  frame.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", () => { pressed = null; giveUp(); });
  frame.addEventListener("pointerleave", () => { if (!held) { waiting = null; tool?.out?.(); } });
  window.addEventListener("keydown", key, true);
  for (const button of bar.querySelectorAll("[data-tool]")) button.addEventListener("click", () => take(button.dataset.tool));
  $("gkp-finish").addEventListener("click", finish);
  $("gkp-cancel").addEventListener("click", giveUp);

  return { add, take, told, now: () => tool?.name, giveUp };
};

/** A box to tick among the options of a tool. */
gridkeeper.plannerTick = (key, isOn, changed) => {
  const { el, t } = gridkeeper;
  const box = el("input", { type: "checkbox", checked: isOn, onchange: (event) => changed(event.target.checked) });
  return el("label", { class: "gkp-tick" }, box, t(key));
};
