// Cases as points coloured by state; crowded ones arrive as bins and are drawn with their number.
"use strict";

(() => {
  const { config, mercator, number, painted } = gridkeeper;
  const { states, ink } = config.palette;
  const GROUP_PX = 48;
  const RINGS_FROM_ZOOM = 15;
  const CIRCLE_FONT = "600 11px system-ui, 'Noto Sans CJK SC', sans-serif";

  const colour = (state) => states[state] ?? ink["ink-soft"];
  const pointRadius = (zoom) => Math.min(5.5, Math.max(2.5, 2.5 + (zoom - 13)));
  const circleRadius = (count) => Math.min(22, 8 + 1.1 * Math.log2(count));
  const short = (count) => (count < 10000 ? number(count) : `${Math.round(count / 1000)}k`);

  const Overlay = gridkeeper.CanvasOverlay.extend({
    draw(context, bounds) {
      const view = this._view();
      const ratio = gridkeeper.ratio();
      const groups = new Map();
      this._stamps ??= new gridkeeper.Stamps();
      this._stamps.clear(this._container);
      const sums = { cases: 0, points: 0, bins: 0 };
      this._visit(bounds, (x, y, properties, crowded) => {
        const count = properties.count ?? 1;
        if (crowded) this._gather(groups, x, y, count, properties.state);
        else this._stamps.put(this._stamp(properties), (x - bounds.min.x) * ratio, (y - bounds.min.y) * ratio);
        if (x < view.min.x || x > view.max.x || y < view.min.y || y > view.max.y) return;
        sums.cases += count;
        if (!crowded) sums.points += 1;
      });
      this._stamps.show(context);
      this.groups = [...groups.values()].map(group);
      for (const one of this.groups) this._circle(context, one);
      sums.bins = this.groups.filter((one) => view.contains([one.x, one.y])).length;
      Object.assign(painted, sums);
    },

    /** Bins of crowded tiles come finer than circles can be told apart: add those of one square of the screen. */
    _gather(groups, x, y, count, state) {
      const origin = this._map.getPixelOrigin();
      const left = Math.floor((x + origin.x) / GROUP_PX) * GROUP_PX - origin.x;
      const top = Math.floor((y + origin.y) / GROUP_PX) * GROUP_PX - origin.y;
      const key = `${left}|${top}`;
      const sum = groups.get(key) ?? { left, top, x: 0, y: 0, count: 0, states: {} };
      sum.x += x * count;
      sum.y += y * count;
      sum.count += count;
      sum.states[state] = (sum.states[state] ?? 0) + count;
      groups.set(key, sum);
    },

    /** Calls visit(x, y, properties, crowded) for all points within bounds, in layer points. */
    _visit({ min, max }, visit) {
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const seen = new Set();
      for (const { xs, ys, properties, rim, crowded } of this.batches()) {
        for (let at = 0; at < xs.length; at += 1) {
          const x = xs[at] * size - origin.x;
          const y = ys[at] * size - origin.y;
          if (x < min.x || x > max.x || y < min.y || y > max.y) continue;
          const one = properties[at];
          if (rim[at] && one.number) {
            // A point on the line between two tiles comes with both.
            if (seen.has(one.number)) continue;
            seen.add(one.number);
          }
          visit(x, y, one, crowded);
        }
      }
    },

    /** The mark of a point, made once for each look. */
    _stamp({ state, near_border: nearBorder }) {
      const zoom = this._map.getZoom();
      const ringed = Boolean(nearBorder) && zoom >= RINGS_FROM_ZOOM;
      const key = `${state}|${ringed}|${zoom}|${gridkeeper.ratio()}`;
      this._made ??= new Map();
      if (!this._made.has(key)) this._made.set(key, gridkeeper.Stamps.cut(mark(state, ringed, pointRadius(zoom))));
      return this._made.get(key);
    },

    _circle(context, { x, y, r, count, state }) {
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.fillStyle = "rgba(255, 255, 255, 0.88)";
      context.fill();
      context.lineWidth = 2.5;
      context.strokeStyle = colour(state);
      context.stroke();
      context.font = CIRCLE_FONT;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = ink.ink;
      context.fillText(short(count), x, y + 0.5);
    },

    /** The marks under a layer point, the topmost first. */
    at(point) {
      const r = pointRadius(this._map.getZoom()) + 3;
      const near = (x, y, reach) => Math.hypot(x - point.x, y - point.y) <= reach;
      const singles = [];
      this._visit(L.bounds(point.subtract([r, r]), point.add([r, r])), (x, y, properties, crowded) => {
        if (!crowded && near(x, y, r)) singles.push({ x, y, count: 1, properties });
      });
      const circles = (this.groups ?? []).filter((one) => near(one.x, one.y, one.r));
      return [...circles.reverse(), ...singles.reverse()];
    },
  });

  /** The circle of a square lies at the middle of its cases, as far as it then stays inside the square. */
  function group({ left, top, x, y, count, states: found }) {
    const [state] = Object.entries(found).reduce((a, b) => (b[1] > a[1] ? b : a));
    const r = circleRadius(count);
    const within = (value, least) => Math.min(Math.max(value, least + r), least + GROUP_PX - r);
    return { x: within(x / count, left), y: within(y / count, top), count, state, r };
  }

  function mark(state, ringed, r) {
    const ratio = gridkeeper.ratio();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * Math.ceil((r + 5) * ratio) + 1;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, canvas.width / 2, canvas.width / 2);
    if (ringed) ring(context, r + 3, ink.ink, 1.25);
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

  /** Points as arrays that are quick to run through; what waits in the queue is drawn last. */
  function batch(points) {
    const ordered = [...points].sort((a, b) => (a[2].state === "queued") - (b[2].state === "queued"));
    return {
      xs: Float64Array.from(ordered, (one) => one[0]),
      ys: Float64Array.from(ordered, (one) => one[1]),
      properties: ordered.map((one) => one[2]),
      rim: Uint8Array.from(ordered, (one) => one[3] ?? 0),
      crowded: ordered.some((one) => one[2].count > 1),
    };
  }

  /** Tiles carry no picture here: they are the means to know which points are near the view. */
  const Tiles = L.GridLayer.extend({
    options: { noWrap: true, updateWhenIdle: true, updateWhenZooming: false, keepBuffer: 1, url: null, layer: "cases" },

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
          tile.batch = batch(points(buffer, coords, this.options.layer));
          done(null, tile);
          this.changed();
        })
        .catch((error) => done(error, tile));
      return tile;
    },

    /** The points of the zoom that is shown; of the one before until the first of it has arrived. */
    batches() {
      const read = Object.values(this._tiles ?? {}).filter(({ el }) => el.batch);
      const now = read.filter(({ coords }) => coords.z === this._tileZoom);
      const other = read.length ? read[read.length - 1].coords.z : null;
      return (now.length ? now : read.filter(({ coords }) => coords.z === other)).map(({ el }) => el.batch);
    },

    waits() {
      const tiles = Object.values(this._tiles ?? {});
      return tiles.length > 0 && !tiles.some(({ el }) => el.batch);
    },
  });

  /** Points of a tile in the unit square: [x, y, properties, whether it lies on the tile's rim]. */
  function points(buffer, { x, y, z }, name) {
    const found = gridkeeper.mvt(buffer).find((one) => one.name === name);
    if (!found) return [];
    const { extent, features } = found;
    const onRim = (px, py) => px <= 0 || py <= 0 || px >= extent || py >= extent;
    return features.flatMap(({ shapes, properties }) =>
      shapes.map(([px, py]) => [(x + px / extent) / 2 ** z, (y + py / extent) / 2 ** z, properties, onRim(px, py)]),
    );
  }

  const CaseLayer = L.Layer.extend({
    options: { data: null },

    initialize(options) {
      L.setOptions(this, options);
      this._drawn = new Overlay({ pane: "cases" });
      this._drawn.batches = () => [...(this._tiles?.batches() ?? []), ...this._embedded];
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

    /** Draw these GeoJSON points, which are all there is. */
    setFeatures(features) {
      this.features = features;
      this._embedded = [batch(features.map(({ geometry, properties }) => [...mercator(...geometry.coordinates), properties]))];
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
      this._tiles.changed = () => this._arrived();
      if (this._map) this._map.addLayer(this._tiles);
    },

    /** Many tiles arrive at once: draw now and then while they do, and at the end. */
    _arrived() {
      clearTimeout(this._soon);
      if (this._tiles.isLoading()) this._soon = setTimeout(() => this._drawn.schedule(), 100);
      else this._drawn.schedule();
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
