// Streets and buildings that nobody has been at, on one canvas: those never visited stronger than those long ago.
"use strict";

(() => {
  const { config, painted } = gridkeeper;
  const { ink } = config.palette;
  const REACH_PX = 8;
  const BUILDINGS_FROM_ZOOM = 13;
  const isLine = (one) => one.kind === "streets";
  const colourOf = ({ properties }) => (properties.days_since === null ? ink.unvisited : ink["unvisited-long"]);

  const Overlay = gridkeeper.GridCanvas.extend({
    draw(context, bounds) {
      const view = this._view();
      const count = { streets: 0, buildings: 0 };
      const isClose = this._map.getZoom() >= BUILDINGS_FROM_ZOOM;
      context.save();
      context.translate(...this.shift());
      context.lineCap = context.lineJoin = "round";
      for (const one of this.grids ?? []) {
        const box = this.pixels(one.box);
        if (!bounds.intersects(box) || (!isLine(one) && !isClose)) continue;
        context.strokeStyle = context.fillStyle = colourOf(one);
        context.lineWidth = isLine(one) ? 3 : 1;
        if (!isLine(one)) context.fill(this.pathOf(one), "evenodd");
        context.stroke(this.pathOf(one));
        if (view.intersects(box)) count[one.kind] += 1;
      }
      context.restore();
      painted.unvisited_streets = count.streets;
      painted.unvisited_buildings = count.buildings;
    },

    pathOf(one) {
      const zoom = this._map.getZoom();
      if (!one.path || one.pathZoom !== zoom) [one.path, one.pathZoom] = [this.trace(one.rings, isLine(one)), zoom];
      return one.path;
    },

    at(point) {
      const box = L.bounds(point.subtract([REACH_PX, REACH_PX]), point.add([REACH_PX, REACH_PX]));
      const [dx, dy] = this.shift();
      const context = this._context;
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.lineWidth = 2 * REACH_PX;
      const found = (this.grids ?? []).find((one) => {
        if (!this.pixels(one.box).intersects(box)) return false;
        const [x, y] = [point.x - dx, point.y - dy];
        return isLine(one) ? context.isPointInStroke(this.pathOf(one), x, y) : context.isPointInPath(this.pathOf(one), x, y, "evenodd");
      });
      context.restore();
      return found ?? null;
    },
  });

  /** A feature as a thing to draw: like a grid, but lines stay open. */
  function shape(kind, { properties, geometry }) {
    const { type, coordinates } = geometry;
    if (type === "Point") return null;
    const lines = type === "LineString" ? [coordinates] : type === "MultiLineString" ? coordinates : gridkeeper.ringsOf(geometry);
    const rings = lines.map((line) => Float64Array.from(line.flatMap(([lon, lat]) => gridkeeper.mercator(lon, lat))));
    return { kind, properties, rings, box: gridkeeper.boxOf(rings) };
  }

  const UnvisitedLayer = gridkeeper.OverlayLayer.extend({
    initialize() {
      this._drawn = new Overlay({ pane: "unvisited" });
      this._features = { streets: [], buildings: [] };
    },

    /** what: streets or buildings; their features, none to hide them. */
    setFeatures(what, features) {
      this._features[what] = features.map((one) => shape(what, one)).filter(Boolean);
      this._drawn.setGrids([...this._features.buildings, ...this._features.streets]);
    },
  });

  gridkeeper.unvisitedLayer = () => new UnvisitedLayer();
})();
