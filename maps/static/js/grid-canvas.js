// Grids as paths on one canvas: what is in view is drawn, and any part of it can be drawn anew by itself.
"use strict";

(() => {
  const { config, mercator, painted } = gridkeeper;
  const { ink } = config.palette;
  const LABEL_FONT = gridkeeper.fontOf(12);
  // What lies closer together than this is one point on the screen.
  const FINEST_PX = 0.4;

  gridkeeper.GridCanvas = gridkeeper.CanvasOverlay.extend({
    /** grids: what gridShape() makes of features; corner: where their paths are measured from, if that stays. */
    setGrids(grids, corner = null) {
      this.grids = grids;
      // Paths keep single precision only: measure from a corner of the grids, not of the world.
      const least = (axis) => grids.reduce((found, one) => Math.min(found, one.box[axis]), Infinity);
      this._base = corner ?? (grids.length ? [least(0), least(1)] : [0, 0]);
      if (!corner) for (const one of grids) one.path = null;
      this.schedule();
    },

    _base: [0, 0],

    /** How a grid is filled and labelled; pages say otherwise. */
    colour: () => config.palette.none,
    isNamed: true,
    labelOf: ({ properties }) => properties.name || properties.code,
    written: { weight: 400, colour: ink["ink-soft"], edge: 3 },
    countPainted(count) { painted.grids = count; },

    size() { return 256 * 2 ** this._map.getZoom(); },

    shift() {
      const origin = this._map.getPixelOrigin();
      const size = this.size();
      return [this._base[0] * size - origin.x, this._base[1] * size - origin.y];
    },

    /** A box of the unit square in layer points. */
    pixels(box) {
      const size = this.size();
      const origin = this._map.getPixelOrigin();
      return L.bounds([box[0] * size - origin.x, box[1] * size - origin.y], [box[2] * size - origin.x, box[3] * size - origin.y]);
    },

    pathOf(grid) {
      const zoom = this._map.getZoom();
      if (!grid.path || grid.pathZoom !== zoom) {
        grid.path = this.trace(grid.rings);
        grid.pathZoom = zoom;
      }
      return grid.path;
    },

    /** Rings of the unit square as a path from the corner `shift()`; `open` for lines. */
    trace(rings, open = false) {
      const path = new Path2D();
      const size = this.size();
      const [left, top] = this._base;
      for (const ring of rings) {
        const last = ring.length - 2;
        let x = Infinity;
        let y = Infinity;
        for (let at = 0; at <= last; at += 2) {
          const nextX = (ring[at] - left) * size;
          const nextY = (ring[at + 1] - top) * size;
          if (at > 0 && at < last && Math.abs(nextX - x) < FINEST_PX && Math.abs(nextY - y) < FINEST_PX) continue;
          [x, y] = [nextX, nextY];
          if (at === 0) path.moveTo(x, y);
          else path.lineTo(x, y);
        }
        if (!open) path.closePath();
      }
      return path;
    },

    draw(context, bounds) {
      const shown = this._drawn(context, bounds);
      const view = this._view();
      this.countPainted(shown.filter((grid) => view.intersects(this.pixels(grid.box))).length);
    },

    _drawn(context, bounds) {
      if (!this.grids?.length) return [];
      const shown = this.grids.filter((grid) => !this.hidden?.has(grid.no) && bounds.intersects(this.pixels(grid.box)));
      context.save();
      context.translate(...this.shift());
      context.lineJoin = "round";
      for (const grid of shown) this.fill(context, grid);
      const chosen = shown.find((grid) => grid.properties.code === this.chosen);
      if (chosen) this.outline(context, chosen, ink["grid-chosen"], 3);
      context.restore();
      if (this.isNamed) for (const grid of shown) this._label(context, grid);
      return shown;
    },

    /** Draw what lies in some boxes of the unit square anew, and nothing else. */
    paintParts(boxes) {
      if (!this._map || !this._bounds || this._map._animatingZoom || !boxes.length) return;
      const ratio = gridkeeper.ratio();
      const { min } = this._bounds;
      for (const box of boxes) {
        const part = this.pixels(box);
        const from = part.min.subtract(min).multiplyBy(ratio).floor().subtract([4, 4]);
        const to = part.max.subtract(min).multiplyBy(ratio).ceil().add([4, 4]);
        const context = this._context;
        context.save();
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.beginPath();
        context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
        context.clip();
        context.clearRect(from.x, from.y, to.x - from.x, to.y - from.y);
        context.setTransform(ratio, 0, 0, ratio, -min.x * ratio, -min.y * ratio);
        this._drawn(context, L.bounds(from.divideBy(ratio).add(min), to.divideBy(ratio).add(min)));
        context.restore();
      }
    },

    fill(context, grid) {
      // Close up, the fill steps back behind streets and buildings.
      context.globalAlpha = this._map.getZoom() < 16 ? 0.9 : 0.5;
      context.fillStyle = this.colour(grid);
      context.fill(this.pathOf(grid), "evenodd");
      context.globalAlpha = 1;
      this.outline(context, grid, ink["grid-line"], 1);
    },

    outline(context, grid, colour, width) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(this.pathOf(grid));
    },

    _label(context, grid) {
      const text = this.labelOf(grid);
      const room = grid.spot.width * this.size();
      if (room < 60 || this.pixels(grid.box).getSize().y < 40) return;
      context.font = LABEL_FONT;
      if (context.measureText(text).width > room * 0.85) return;
      const { x, y } = this.pixels([grid.spot.x, grid.spot.y, grid.spot.x, grid.spot.y]).min;
      gridkeeper.write(context, text, x, y, { ...this.written, align: "center" });
    },

    /** The grid under a layer point, or null. */
    at(point) {
      if (!this.grids?.length || !this._context) return null;
      const [dx, dy] = this.shift();
      this._context.save();
      this._context.setTransform(1, 0, 0, 1, 0, 0);
      const found = this.grids.find(
        (grid) =>
          this.pixels(grid.box).contains(point) &&
          this._context.isPointInPath(this.pathOf(grid), point.x - dx, point.y - dy, "evenodd"),
      );
      this._context.restore();
      return found ?? null;
    },
  });

  /** All rings of a polygon's or multipolygon's coordinates. */
  gridkeeper.ringsOf = ({ type, coordinates }) => (type === "Polygon" ? coordinates : coordinates.flat());

  /** A feature as a thing to draw: its rings as x, y, x, y, … of the unit square, its box, where its name goes. */
  gridkeeper.gridShape = ({ properties, geometry }) => {
    const rings = gridkeeper.ringsOf(geometry).map((ring) => Float64Array.from(ring.flatMap(([lon, lat]) => mercator(lon, lat))));
    const box = gridkeeper.boxOf(rings);
    return { properties, rings, box, spot: spot(rings, box) };
  };

  /** West, north, east and south of rings of the unit square, whose y goes south. */
  gridkeeper.boxOf = (rings) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let at = 0; at < ring.length; at += 2) {
        box[0] = Math.min(box[0], ring[at]);
        box[1] = Math.min(box[1], ring[at + 1]);
        box[2] = Math.max(box[2], ring[at]);
        box[3] = Math.max(box[3], ring[at + 1]);
      }
    }
    return box;
  };

  /** Where a name fits best: the widest stretch inside on one of five lines across, holes left out. */
  function spot(rings, [, top, , bottom]) {
    let best = { x: 0, y: 0, width: 0 };
    for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const y = top + (bottom - top) * share;
      const crossings = rings.flatMap((ring) => gridkeeper.crossings(ring, y)).sort((a, b) => a - b);
      for (let at = 0; at + 1 < crossings.length; at += 2) {
        const width = crossings[at + 1] - crossings[at];
        if (width > best.width * 1.2) best = { x: (crossings[at] + crossings[at + 1]) / 2, y, width };
      }
    }
    return best;
  }

  /** Where a ring crosses a line of equal y. */
  gridkeeper.crossings = (ring, y) => {
    const found = [];
    for (let at = 2; at < ring.length; at += 2) {
      const [x1, y1, x2, y2] = [ring[at - 2], ring[at - 1], ring[at], ring[at + 1]];
      if (y1 > y !== y2 > y) found.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
    }
    return found;
  };
})();
