// Areas and lines from vector tiles, each tile drawn on its own canvas.
"use strict";

(() => {
  const { mvt, painted, service } = gridkeeper;

  const ShapeTiles = L.GridLayer.extend({
    options: { pane: "shapes", noWrap: true, updateWhenZooming: false, keepBuffer: 1, url: null, layer: null, look: null, style: null, painted: null },

    initialize(options) {
      L.setOptions(this, options);
      this._read = new Map();
      this.on("tileunload", ({ coords }) => this._forget(coords));
    },

    onAdd(map) {
      gridkeeper.pane(map, this.options.pane);
      L.GridLayer.prototype.onAdd.call(this, map);
    },

    setUrl(url) {
      this.options.url = url;
      if (this._map) this.redraw();
    },

    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      const ratio = window.devicePixelRatio || 1;
      const size = this.getTileSize().x;
      canvas.width = size * ratio;
      canvas.height = size * ratio;
      const entry = { canvas, features: [], stop: new AbortController() };
      this._read.set(this._tileCoordsToKey(coords), entry);
      service
        .bytes(L.Util.template(this.options.url, coords), entry.stop.signal)
        .then((buffer) => {
          const found = mvt(buffer).find((one) => one.name === this.options.layer);
          entry.scale = (size * ratio) / (found?.extent ?? 4096);
          entry.features = (found?.features ?? []).map((feature) => ({ ...feature, path: path(feature, entry.scale) }));
          this._paint(entry, ratio);
          done(null, canvas);
        })
        .catch((error) => done(error, canvas));
      return canvas;
    },

    _forget(coords) {
      const key = this._tileCoordsToKey(coords);
      this._read.get(key)?.stop.abort();
      this._read.delete(key);
      this._count();
    },

    _paint(entry, ratio = window.devicePixelRatio || 1) {
      const context = entry.canvas.getContext("2d");
      context.clearRect(0, 0, entry.canvas.width, entry.canvas.height);
      for (const feature of entry.features) {
        const { fill, stroke, width, alpha } = this.options.style?.(feature.properties) ?? this.options.look;
        context.globalAlpha = alpha ?? 1;
        if (fill) { context.fillStyle = fill; context.fill(feature.path, "evenodd"); }
        context.globalAlpha = 1;
        if (stroke) { context.strokeStyle = stroke; context.lineWidth = width * ratio; context.stroke(feature.path); }
      }
      this._count();
    },

    _count() {
      if (!this.options.painted) return;
      const ids = new Set();
      for (const { features } of this._read.values()) for (const { id, properties } of features) ids.add(id ?? properties.grid_no);
      painted[this.options.painted] = ids.size;
    },

    repaint() {
      for (const entry of this._read.values()) this._paint(entry);
    },

    /** The properties of the shape at a place, from what is drawn there. */
    at(latlng) {
      const size = this.getTileSize().x;
      const world = this._map.project(latlng, this._tileZoom);
      const coords = world.divideBy(size).floor();
      coords.z = this._tileZoom;
      const entry = this._read.get(this._tileCoordsToKey(coords));
      if (!entry) return null;
      const ratio = entry.canvas.width / size;
      const { x, y } = world.subtract(coords.multiplyBy(size)).multiplyBy(ratio);
      const context = entry.canvas.getContext("2d");
      return entry.features.find((feature) => context.isPointInPath(feature.path, x, y, "evenodd"))?.properties ?? null;
    },
  });

  function path(feature, scale) {
    const drawn = new Path2D();
    for (const shape of feature.shapes) {
      drawn.moveTo(shape[0] * scale, shape[1] * scale);
      for (let at = 2; at < shape.length; at += 2) drawn.lineTo(shape[at] * scale, shape[at + 1] * scale);
      if (feature.type === 3) drawn.closePath();
    }
    return drawn;
  }

  gridkeeper.shapeTiles = (options) => new ShapeTiles(options);
})();
