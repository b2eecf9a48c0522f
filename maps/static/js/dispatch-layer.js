// Open cases on the map: marks that tell by form and colour how soon each is due.
"use strict";

(() => {
  const { config, clock, painted } = gridkeeper;
  // Marks whose middles share a square of this size hide each other: only the most pressing is drawn.
  const CELL_PX = 2;
  const REACH_PX = 12;
  const FORMS = { overdue: "triangle", hour: "diamond", today: "disc", later: "dot", paused: "square", none: "ring" };
  const radius = (zoom) => Math.min(7, Math.max(3, 3 + (zoom - 12) * 0.8));

  function outline(context, form, r) {
    context.beginPath();
    if (form === "triangle") polygon(context, [[0, -r * 1.25], [r * 1.15, r * 0.85], [-r * 1.15, r * 0.85]]);
    else if (form === "diamond") polygon(context, [[0, -r * 1.25], [r * 1.25, 0], [0, r * 1.25], [-r * 1.25, 0]]);
    else if (form === "square") polygon(context, [[-r * 0.85, -r * 0.85], [r * 0.85, -r * 0.85], [r * 0.85, r * 0.85], [-r * 0.85, r * 0.85]]);
    else context.arc(0, 0, form === "dot" ? r * 0.75 : r * 0.9, 0, 2 * Math.PI);
  }

  function polygon(context, corners) {
    corners.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
  }

  /** A mark as a small picture. */
  function mark(kind, isUrgent, r) {
    const ratio = gridkeeper.ratio();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * Math.ceil((r * 1.3 + 5) * ratio) + 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const form = FORMS[clock.KINDS[kind]];
    const colour = config.palette.clocks[clock.KINDS[kind]];
    context.setTransform(ratio, 0, 0, ratio, canvas.width / 2, canvas.width / 2);
    if (isUrgent) {
      context.beginPath();
      context.arc(0, 0, r * 1.3 + 3, 0, 2 * Math.PI);
      context.lineWidth = 1.5;
      context.strokeStyle = config.palette.ink.ink;
      context.stroke();
    }
    outline(context, form, r);
    context.fillStyle = form === "ring" ? "#ffffff" : colour;
    context.fill();
    context.lineWidth = form === "ring" ? 2 : 1;
    context.strokeStyle = form === "ring" ? colour : "#ffffff";
    context.stroke();
    return canvas;
  }

  const Overlay = gridkeeper.CanvasOverlay.extend({
    draw(context, bounds) {
      const { store } = this;
      this._stamps ??= new gridkeeper.Stamps();
      this._stamps.clear(this._container);
      const kinds = store ? this._put(store, bounds) : clock.KINDS.map(() => 0);
      this._stamps.show(context);
      painted.cases = kinds.reduce((sum, one) => sum + one, 0);
      clock.KINDS.forEach((kind, at) => { painted[kind] = kinds[at]; });
      this._ring(context);
    },

    /** Put the marks, the most pressing on top; how many of each kind lie in view. */
    _put({ shown, col }, bounds) {
      const ratio = gridkeeper.ratio();
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const view = this._view();
      const [left, top] = [origin.x + bounds.min.x, origin.y + bounds.min.y];
      const [width, height] = [bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y];
      const [inLeft, inTop] = [view.min.x - bounds.min.x, view.min.y - bounds.min.y];
      const [inRight, inBottom] = [view.max.x - bounds.min.x, view.max.y - bounds.min.y];
      const wide = Math.ceil(width / CELL_PX) + 1;
      const taken = this._cells(wide * (Math.ceil(height / CELL_PX) + 1));
      const seen = new Uint32Array(clock.KINDS.length);
      const drawn = this._drawn?.length >= shown.length ? this._drawn : (this._drawn = new Uint32Array(shown.length + 1000));
      let n = 0;
      for (let nth = 0; nth < shown.length; nth += 1) {
        const row = shown[nth];
        const x = col.x[row] * size - left;
        const y = col.y[row] * size - top;
        if (x < 0 || y < 0 || x > width || y > height) continue;
        if (x >= inLeft && x <= inRight && y >= inTop && y <= inBottom) seen[col.kind[row]] += 1;
        const cell = Math.floor(y / CELL_PX) * wide + Math.floor(x / CELL_PX);
        if (taken[cell]) continue;
        taken[cell] = 1;
        drawn[n++] = row;
      }
      for (n -= 1; n >= 0; n -= 1) {
        const row = drawn[n];
        this._stamps.put(this._stamp(col.kind[row], col.urgent[row]), (col.x[row] * size - left) * ratio, (col.y[row] * size - top) * ratio);
      }
      return [...seen];
    },

    _cells(length) {
      if (this._taken?.length !== length) this._taken = new Uint8Array(length);
      else this._taken.fill(0);
      return this._taken;
    },

    _stamp(kind, isUrgent) {
      const zoom = this._map.getZoom();
      const size = radius(zoom) * gridkeeper.ratio();
      if (this._sizeOfMarks !== size) [this._made, this._sizeOfMarks] = [[], size];
      const key = kind * 2 + isUrgent;
      return (this._made[key] ??= gridkeeper.Stamps.cut(mark(kind, isUrgent, radius(zoom))));
    },

    /** A ring around the case that is open, and a pin where a place is chosen. */
    _ring(context) {
      for (const [place, colour] of [[this.chosen, config.palette.ink.ink], [this.pin, config.palette.ink.problem]]) {
        if (!place) continue;
        const { x, y } = this._map.latLngToLayerPoint(place);
        context.lineWidth = 3;
        context.strokeStyle = colour;
        context.beginPath();
        context.arc(x, y, 13, 0, 2 * Math.PI);
        context.moveTo(x, y - 19);
        context.lineTo(x, y - 8);
        context.moveTo(x, y + 8);
        context.lineTo(x, y + 19);
        context.stroke();
      }
    },

    /** The rows under a layer point, the nearest first. */
    at(point) {
      if (!this.store) return [];
      const { shown, col } = this.store;
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const away = (row) => Math.hypot(col.x[row] * size - origin.x - point.x, col.y[row] * size - origin.y - point.y);
      const found = [];
      for (const row of shown) if (away(row) <= REACH_PX) found.push(row);
      return found.sort((a, b) => away(a) - away(b));
    },
  });

  const DispatchLayer = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "cases" }); },

    setStore(store) { this.change({ store }); },

    repaint() { this._drawn.schedule(); },

    /** Ring a place, or none. */
    choose(chosen) { this.change({ chosen }); },

    /** Show a place that is being chosen, or none. */
    setPin(pin) { this.change({ pin }); },
  });

  gridkeeper.dispatchLayer = () => new DispatchLayer();
})();
