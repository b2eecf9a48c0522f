// A cross that keys move over the map, for hands without a mouse.
"use strict";

gridkeeper.plannerCross = (map) => {
  const STEP_PX = 8;
  const FAR_STEPS = 8;
  const EDGE_PX = 48;
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const mark = gridkeeper.el("i", { class: "gkp-cross", "aria-hidden": "true", hidden: true });
  map.getContainer().append(mark);
  let at = null; // in pixels of the map's frame

  function put(px) {
    at = px;
    mark.hidden = !at;
    if (!at) return;
    mark.style.left = `${at.x}px`;
    mark.style.top = `${at.y}px`;
  }

  const beyond = (value, size) => Math.min(0, value - EDGE_PX) + Math.max(0, value - size + EDGE_PX);

  return {
    at: () => at,
    show: () => put(map.getSize().divideBy(2).round()),
    hide() {
      const was = at;
      put(null);
      return Boolean(was);
    },
    /** Was it an arrow key for the cross? At the edge the map moves instead. */
    steer({ key, shiftKey }) {
      if (!at || !WAYS[key]) return false;
      const to = at.add(L.point(WAYS[key]).multiplyBy(STEP_PX * (shiftKey ? FAR_STEPS : 1)));
      const { x, y } = map.getSize();
      const past = L.point(beyond(to.x, x), beyond(to.y, y));
      if (past.x || past.y) map.panBy(past, { animate: false });
      put(to.subtract(past));
      return true;
    },
  };
};
