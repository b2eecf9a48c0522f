// Cases as points coloured by state; crowded ones arrive as bins and are drawn with their number.
"use strict";

(() => {
  const { config, mercator, number, painted } = gridkeeper;
  const { states, ink } = config.palette;
  const RINGS_FROM_ZOOM = 15;
  const BIN_FONT = "600 11px system-ui, 'Noto Sans CJK SC', sans-serif";

  const colour = (state) => states[state] ?? ink["ink-soft"];
  const pointRadius = (zoom) => Math.min(5.5, Math.max(2.5, 2.5 + (zoom - 13)));
  const binRadius = (count) => Math.min(24, 9 + 1.6 * Math.log2(count));
  const short = (count) => (count < 10000 ? number(count) : `${Math.round(count / 1000)}k`);

  const Overlay = gridkeeper.CanvasOverlay.extend({
    draw(context, bounds) {
      const view = this._view();
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      this.marks = [];
      const sums = { cases: 0, points: 0, bins: 0 };
      this.source((x, y, properties) => {
        const mark = { x: x * size - origin.x, y: y * size - origin.y, count: properties.count ?? 1, properties };
        if (!bounds.contains([mark.x, mark.y])) return;
        this.marks.push(mark);
        if (!view.contains([mark.x, mark.y])) return;
        sums.cases += mark.count;
        sums[mark.count > 1 ? "bins" : "points"] += 1;
      });
      const last = (mark) => mark.properties.state === "queued";
      const single = this.marks.filter((mark) => mark.count === 1);
      const points = [...single.filter((mark) => !last(mark)), ...single.filter(last)];
      const bins = this.marks.filter((mark) => mark.count > 1).sort((a, b) => a.count - b.count);
      for (const mark of points) this._point(context, mark);
      for (const mark of bins) this._bin(context, mark);
      this.marks = [...points, ...bins];
      Object.assign(painted, sums);
    },

    _point(context, { x, y, properties }) {
      const zoom = this._map.getZoom();
      const sprite = this._sprite(properties.state, Boolean(properties.near_border) && zoom >= RINGS_FROM_ZOOM, pointRadius(zoom));
      context.drawImage(sprite, x - sprite.reach, y - sprite.reach, 2 * sprite.reach, 2 * sprite.reach);
    },

    /** A point is drawn once for each look and copied from then on. */
    _sprite(state, nearBorder, r) {
      this._sprites ??= new Map();
      const key = `${state}|${nearBorder}|${r}`;
      if (!this._sprites.has(key)) this._sprites.set(key, sprite(state, nearBorder, r));
      return this._sprites.get(key);
    },

    _bin(context, { x, y, count, properties }) {
      const r = binRadius(count);
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.fillStyle = "rgba(255, 255, 255, 0.92)";
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = colour(properties.state);
      context.stroke();
      context.font = BIN_FONT;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = ink.ink;
      context.fillText(short(count), x, y + 0.5);
    },

    /** The marks under a layer point, the topmost first. */
    at(point) {
      const r = pointRadius(this._map.getZoom()) + 3;
      const hit = ({ x, y, count }) => Math.hypot(x - point.x, y - point.y) <= (count > 1 ? binRadius(count) : r);
      return (this.marks ?? []).filter(hit).reverse();
    },
  });

  function sprite(state, nearBorder, r) {
    const ratio = window.devicePixelRatio || 1;
    const reach = r + 5;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(2 * reach * ratio);
    canvas.reach = canvas.width / ratio / 2;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, canvas.width / 2, canvas.width / 2);
    if (nearBorder) ring(context, r + 3, ink.ink, 1.25);
    if (state === "queued") diamond(context, r + 1.5);
    else { context.beginPath(); context.arc(0, 0, r, 0, 2 * Math.PI); }
    context.fillStyle = colour(state);
    context.fill();
    context.lineWidth = r < 4 ? 0.75 : 1.5;
    context.strokeStyle = "#ffffff";
    context.stroke();
    return canvas;
  }

  function ring(context, r, stroke, width) {
    context.beginPath();
    context.arc(0, 0, r, 0, 2 * Math.PI);
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.stroke();
  }

  function diamond(context, r) {
    context.beginPath();
    context.moveTo(0, -r);
    context.lineTo(r, 0);
    context.lineTo(0, r);
    context.lineTo(-r, 0);
    context.closePath();
  }

  /** Tiles carry no picture here: they are the means to know which points are near the view. */
  const Tiles = L.GridLayer.extend({
    options: { noWrap: true, updateWhenZooming: false, keepBuffer: 1, url: null, layer: "cases" },

    initialize(options) {
      L.setOptions(this, options);
      this.on("tileunload", ({ tile }) => tile.stop.abort());
    },

    createTile(coords, done) {
      const tile = document.createElement("div");
      tile.stop = new AbortController();
      gridkeeper.service
        .bytes(L.Util.template(this.options.url, coords), tile.stop.signal)
        .then((buffer) => {
          tile.points = points(buffer, coords, this.options.layer);
          done(null, tile);
          this.changed();
        })
        .catch((error) => done(error, tile));
      return tile;
    },

    /** Visit the points of the zoom that is shown; of the one before until the first of it has arrived. */
    each(visit) {
      const read = Object.values(this._tiles ?? {}).filter(({ el }) => el.points);
      const now = read.filter(({ coords }) => coords.z === this._tileZoom);
      const other = read.length ? read[read.length - 1].coords.z : null;
      const shown = now.length ? now : read.filter(({ coords }) => coords.z === other);
      const seen = new Set();
      for (const { el } of shown) {
        for (const [x, y, properties] of el.points) {
          // A point on the line between two tiles comes with both.
          const twice = properties.count === 1 && seen.has(properties.number);
          seen.add(properties.number);
          if (!twice) visit(x, y, properties);
        }
      }
    },

    waits() {
      const tiles = Object.values(this._tiles ?? {});
      return tiles.length > 0 && !tiles.some(({ el }) => el.points);
    },
  });

  /** Points of a tile in the unit square: [x, y, properties]. */
  function points(buffer, { x, y, z }, name) {
    const found = gridkeeper.mvt(buffer).find((one) => one.name === name);
    if (!found) return [];
    const { extent, features } = found;
    return features.flatMap(({ shapes, properties }) =>
      shapes.map(([px, py]) => [(x + px / extent) / 2 ** z, (y + py / extent) / 2 ** z, properties]),
    );
  }

  const CaseLayer = L.Layer.extend({
    options: { data: null },

    initialize(options) {
      L.setOptions(this, options);
      this._drawn = new Overlay({ pane: "cases" });
      this._drawn.source = (visit) => this._each(visit);
      const paint = this._drawn.paint;
      // After a new filter the old picture stays until the first new tile is there: no flash of nothing.
      this._drawn.paint = () => { if (!this._tiles?.waits()) paint.call(this._drawn); };
      this._embedded = [];
    },

    onAdd(map) {
      gridkeeper.pane(map, "cases");
      map.addLayer(this._drawn);
      if (this._tiles) map.addLayer(this._tiles);
      if (this.options.data && !this._embedded.length) this.setFeatures(gridkeeper.payload(this.options.data).cases.features);
    },

    onRemove(map) {
      Object.assign(painted, { cases: 0, points: 0, bins: 0 });
      map.removeLayer(this._drawn);
      if (this._tiles) map.removeLayer(this._tiles);
    },

    _each(visit) {
      this._tiles?.each(visit);
      for (const [x, y, properties] of this._embedded) visit(x, y, properties);
    },

    /** Draw these GeoJSON points, which are all there is. */
    setFeatures(features) {
      this.features = features;
      this._embedded = features.map(({ geometry, properties }) => [...mercator(...geometry.coordinates), properties]);
      this._drawn.schedule();
    },

    /** Draw from vector tiles at this address; {z}, {x} and {y} are put in. */
    setTiles(url) {
      if (this._tiles) {
        this._tiles.options.url = url;
        if (this._map) this._tiles.redraw();
        return;
      }
      this._tiles = new Tiles({ url, pane: "cases" });
      this._tiles.changed = () => this._drawn.schedule();
      if (this._map) this._map.addLayer(this._tiles);
    },

    /** The marks at a place, the topmost first: [{count, properties, latlng}]. */
    at(latlng) {
      if (!this._map) return [];
      const marks = this._drawn.at(this._map.latLngToLayerPoint(latlng));
      return marks.map((mark) => ({ ...mark, latlng: this._map.layerPointToLatLng([mark.x, mark.y]) }));
    },
  });

  gridkeeper.caseLayer = (options) => new CaseLayer(options);
})();
