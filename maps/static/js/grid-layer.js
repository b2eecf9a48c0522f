// Grids filled by their number of cases: from served GeoJSON or data in the page, drawn on one canvas.
"use strict";

(() => {
  const { config, mercator, painted } = gridkeeper;
  const { ink } = config.palette;
  const LABEL_FONT = "12px system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif";

  const Overlay = gridkeeper.CanvasOverlay.extend({
    /** grids: [{properties, rings: [[[x, y], …]], box: [west, north, east, south]}] in the unit square. */
    setGrids(grids) {
      this.grids = grids;
      this._pathZoom = null;
      this.schedule();
    },

    _project() {
      const zoom = this._map.getZoom();
      if (this._pathZoom === zoom || !this.grids.length) return;
      this._pathZoom = zoom;
      this._size = 256 * 2 ** zoom;
      // Paths keep single precision only: measure from a corner of the grids, not of the world.
      this._base = [Math.min(...this.grids.map((g) => g.box[0])), Math.min(...this.grids.map((g) => g.box[1]))];
      for (const grid of this.grids) grid.path = this._path(grid.rings);
    },

    _path(rings) {
      const path = new Path2D();
      const [left, top] = this._base;
      for (const ring of rings) {
        ring.forEach(([x, y], index) => {
          const at = [(x - left) * this._size, (y - top) * this._size];
          if (index === 0) path.moveTo(...at);
          else path.lineTo(...at);
        });
        path.closePath();
      }
      return path;
    },

    _shift() {
      const origin = this._map.getPixelOrigin();
      return [this._base[0] * this._size - origin.x, this._base[1] * this._size - origin.y];
    },

    _pixels(box) {
      const [dx, dy] = this._shift();
      const at = (x, y) => L.point((x - this._base[0]) * this._size + dx, (y - this._base[1]) * this._size + dy);
      return L.bounds(at(box[0], box[1]), at(box[2], box[3]));
    },

    draw(context, bounds) {
      painted.grids = 0;
      if (!this.grids?.length) return;
      this._project();
      const view = this._view();
      const shown = this.grids.filter((grid) => bounds.intersects(this._pixels(grid.box)));
      context.save();
      context.translate(...this._shift());
      context.lineJoin = "round";
      for (const grid of shown) this._fill(context, grid);
      const chosen = shown.find((grid) => grid.properties.code === this.chosen);
      if (chosen) this._outline(context, chosen, ink["grid-chosen"], 3);
      context.restore();
      painted.grids = shown.filter((grid) => view.intersects(this._pixels(grid.box))).length;
      for (const grid of shown) this._label(context, grid);
    },

    _fill(context, grid) {
      // Close up, the fill steps back behind streets and buildings.
      context.globalAlpha = this._map.getZoom() < 16 ? 0.9 : 0.5;
      context.fillStyle = this.colour(grid.properties.grid_no);
      context.fill(grid.path, "evenodd");
      context.globalAlpha = 1;
      this._outline(context, grid, ink["grid-line"], 1);
    },

    _outline(context, grid, colour, width) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(grid.path);
    },

    _label(context, grid) {
      const text = grid.properties.name || grid.properties.code;
      const room = grid.spot.width * this._size;
      if (room < 60 || this._pixels(grid.box).getSize().y < 40) return;
      context.font = LABEL_FONT;
      if (context.measureText(text).width > room * 0.85) return;
      const { x, y } = this._pixels([grid.spot.x, grid.spot.y, grid.spot.x, grid.spot.y]).min;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineWidth = 3;
      context.strokeStyle = "rgba(255, 255, 255, 0.85)";
      context.strokeText(text, x, y);
      context.fillStyle = ink["ink-soft"];
      context.fillText(text, x, y);
    },

    /** The grid under a layer point, or null. */
    at(point) {
      if (!this.grids?.length || !this._base) return null;
      const [dx, dy] = this._shift();
      this._context.save();
      this._context.setTransform(1, 0, 0, 1, 0, 0);
      const found = this.grids.find(
        (grid) =>
          this._pixels(grid.box).contains(point) &&
          this._context.isPointInPath(grid.path, point.x - dx, point.y - dy, "evenodd"),
      );
      this._context.restore();
      return found ?? null;
    },
  });

  function grid(feature) {
    const polygons = feature.geometry.type === "Polygon" ? [feature.geometry.coordinates] : feature.geometry.coordinates;
    const rings = polygons.flat().map((ring) => ring.map(([lon, lat]) => mercator(lon, lat)));
    const xs = rings.flat().map((at) => at[0]);
    const ys = rings.flat().map((at) => at[1]);
    const least = (values) => values.reduce((a, b) => Math.min(a, b));
    const most = (values) => values.reduce((a, b) => Math.max(a, b));
    const box = [least(xs), least(ys), most(xs), most(ys)];
    return { properties: feature.properties, rings, box, spot: spot(rings, box) };
  }

  /** Where a name fits best: the widest stretch inside on one of five lines across, holes left out. */
  function spot(rings, [, top, , bottom]) {
    let best = { x: 0, y: 0, width: 0 };
    for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const y = top + (bottom - top) * share;
      const crossings = rings.flatMap((ring) => across(ring, y)).sort((a, b) => a - b);
      for (let at = 0; at + 1 < crossings.length; at += 2) {
        const width = crossings[at + 1] - crossings[at];
        if (width > best.width * 1.2) best = { x: (crossings[at] + crossings[at + 1]) / 2, y, width };
      }
    }
    return best;
  }

  /** Where a ring crosses a line of equal y. */
  function across(ring, y) {
    return ring.slice(1).flatMap(([x2, y2], at) => {
      const [x1, y1] = ring[at];
      return y1 > y === y2 > y ? [] : [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)];
    });
  }

  /** Too many grids for one canvas come as vector tiles with the same colours. */
  const GridLayer = L.Layer.extend({
    options: { data: null, mostOnCanvas: 5000 },

    initialize(options) {
      L.setOptions(this, options);
      this.counts = {};
      this._drawn = new Overlay({ pane: "grids" });
      this._drawn.colour = (gridNo) => this.colour(gridNo);
    },

    onAdd(map) {
      gridkeeper.pane(map, "grids");
      map.addLayer(this._tiles ?? this._drawn);
      if (this.options.data && !this.grids) this._embed(gridkeeper.payload(this.options.data));
    },

    onRemove(map) {
      painted.grids = 0;
      map.removeLayer(this._tiles ?? this._drawn);
    },

    _embed(data) {
      this.setFeatures(data.grids.features);
      this.setCounts(data.counts.counts);
    },

    setFeatures(features) {
      this._useTiles(null);
      this.grids = features.map(grid);
      this._drawn.setGrids(this.grids);
    },

    /** Serve the grids from vector tiles at this address instead of one list. */
    setTiles(url) {
      this.grids = [];
      this._drawn.setGrids([]);
      this._useTiles(
        gridkeeper.shapeTiles({
          url, pane: "grids", layer: "grids", painted: "grids",
          style: (properties) => ({ fill: this.colour(properties.grid_no), alpha: 0.85, stroke: ink["grid-line"], width: 1 }),
        }),
      );
    },

    _useTiles(tiles) {
      const map = this._map;
      if (map) map.removeLayer(this._tiles ?? this._drawn);
      this._tiles = tiles;
      if (map) map.addLayer(this._tiles ?? this._drawn);
    },

    /** counts: cases by grid number, without entry where there are none; total: how many grids there are. */
    setCounts(counts, total = this.grids.length) {
      this.counts = counts;
      const some = Object.values(counts).filter((count) => count > 0);
      this.classes = gridkeeper.classify([...some, ...Array(Math.max(0, total - some.length)).fill(0)]);
      this._drawn.schedule();
      this._tiles?.repaint();
    },

    colour(gridNo) {
      return this.classes ? this.classes.of(this.counts[gridNo] ?? 0).colour : config.palette.none;
    },

    /** Outline the grid with this code, or none: a case may lie in a grid of another scheme with the same number. */
    choose(code) {
      this._drawn.chosen = code;
      this._drawn.schedule();
    },

    /** The properties of the grid at a place, or null. */
    at(latlng) {
      if (!this._map) return null;
      const point = this._map.latLngToLayerPoint(latlng);
      return (this._tiles ? this._tiles.at(latlng) : this._drawn.at(point)?.properties) ?? null;
    },

    /** The grids whose box meets the view. */
    inView() {
      if (!this._map || this._tiles) return [];
      const view = this._map.getBounds();
      const [west, north] = mercator(view.getWest(), view.getNorth());
      const [east, south] = mercator(view.getEast(), view.getSouth());
      return this.grids.filter(({ box }) => box[0] <= east && box[2] >= west && box[1] <= south && box[3] >= north);
    },

    /** The middle of a grid's box as a place on the map. */
    centre(one) {
      const size = 256 * 2 ** this._map.getMaxZoom();
      const [left, top, right, bottom] = one.box;
      return this._map.unproject([((left + right) / 2) * size, ((top + bottom) / 2) * size], this._map.getMaxZoom());
    },
  });

  gridkeeper.gridLayer = (options) => new GridLayer(options);
})();
