// Grids filled by their number of cases: from served GeoJSON or data in the page, drawn on one canvas.
"use strict";

(() => {
  const { config, mercator, painted } = gridkeeper;
  const { ink } = config.palette;

  /** Too many grids for one canvas come as vector tiles with the same colours. */
  const GridLayer = L.Layer.extend({
    options: { data: null, mostOnCanvas: 5000 },

    initialize(options) {
      L.setOptions(this, options);
      this.counts = {};
      this._drawn = new gridkeeper.GridCanvas({ pane: "grids" });
      this._drawn.colour = ({ properties }) => this.colour(properties.grid_no);
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
      this.grids = features.map(gridkeeper.gridShape);
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
      const some = Object.values(counts).filter((count) => count > 0);
      this.setValues(counts, gridkeeper.classify([...some, ...Array(Math.max(0, total - some.length)).fill(0)]));
    },

    /** values by grid number, and the classes that give each its colour: {all, of(value)}. */
    setValues(values, classes) {
      this.counts = values;
      this.classes = classes;
      this._drawn.schedule();
      this._tiles?.repaint();
    },

    /** Whether grids carry their names; another layer may write them. */
    showNames(wanted) { this._drawn.isNamed = wanted; },

    colour(gridNo) {
      return this.classes ? this.classes.of(this.counts[gridNo]).colour : config.palette.none;
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
    centre({ box: [left, top, right, bottom] }) { return this._place((left + right) / 2, (top + bottom) / 2); },

    /** A grid's box on the map. */
    boundsOf({ box: [left, top, right, bottom] }) { return L.latLngBounds(this._place(left, bottom), this._place(right, top)); },

    _place(x, y) {
      const zoom = this._map.getMaxZoom();
      const size = 256 * 2 ** zoom;
      return this._map.unproject([x * size, y * size], zoom);
    },
  });

  gridkeeper.gridLayer = (options) => new GridLayer(options);
})();
