// One canvas over the map that moves with it and is drawn anew when it rests.
"use strict";

/** Pixels of a canvas for each of the page; more of them while a map is drawn for paper. */
gridkeeper.ratio = () => gridkeeper.ratio.forPaper ?? (window.devicePixelRatio || 1);

gridkeeper.CanvasOverlay = L.Renderer.extend({
  options: { padding: 0.2 },

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
    this._context = this._container.getContext("2d");
  },

  _destroyContainer() {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    this._container.remove();
    this._container = null;
  },

  _update() {
    if (this._map._animatingZoom) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    const ratio = gridkeeper.ratio();
    const canvas = this._container;
    if (canvas.width !== size.x * ratio || canvas.height !== size.y * ratio) {
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    this.paint();
  },

  /** At rest the canvas lies on whole pixels; between them all lines would be blurred. */
  _updateTransform(center, zoom) {
    if (zoom === this._zoom && this._bounds) L.DomUtil.setPosition(this._container, this._bounds.min);
    else L.Renderer.prototype._updateTransform.call(this, center, zoom);
  },

  /** Draw at the next frame, once, however often asked. */
  schedule() {
    if (this._frame || !this._map) return;
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      this.paint();
    });
  },

  paint() {
    if (!this._map || !this._bounds || this._map._animatingZoom) return;
    const ratio = gridkeeper.ratio();
    const { min } = this._bounds;
    L.DomUtil.setPosition(this._container, min);
    this._context.setTransform(1, 0, 0, 1, 0, 0);
    this._context.clearRect(0, 0, this._container.width, this._container.height);
    this._context.setTransform(ratio, 0, 0, ratio, -min.x * ratio, -min.y * ratio);
    this.draw(this._context, this._bounds);
  },

  /** The part of the canvas that is in view, in layer points. */
  _view() {
    const corner = this._map.containerPointToLayerPoint([0, 0]);
    return L.bounds(corner, corner.add(this._map.getSize()));
  },
});

/** A layer that is one overlay, `_drawn`, in a pane of its own. */
gridkeeper.OverlayLayer = L.Layer.extend({
  onAdd(map) {
    gridkeeper.pane(map, this._drawn.options.pane);
    map.addLayer(this._drawn);
  },

  onRemove(map) { map.removeLayer(this._drawn); },

  /** Change something of the overlay and have it drawn anew. */
  change(what) {
    Object.assign(this._drawn, what);
    this._drawn.schedule();
  },

  /** What the overlay has at a place; null where it is not on the map. */
  at(latlng) { return this._map ? this._drawn.at(this._map.latLngToLayerPoint(latlng)) : null; },
});

/** Write on a map, with a light edge around the letters so that they can be read on anything. */
gridkeeper.write = (context, text, x, y, { font = 12, weight = 600, colour = gridkeeper.config.palette.ink.ink, align = "left", edge = 4 } = {}) => {
  context.font = gridkeeper.fontOf(font, weight);
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineWidth = edge;
  // Sharp corners of letters would stick out as spikes.
  context.lineJoin = "round";
  context.strokeStyle = "rgba(255, 255, 255, 0.88)";
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
};

/** A font of the pages in pixels. */
gridkeeper.fontOf = (size, weight = 400) => `${weight} ${size}px system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif`;

/** A pane of the map for our layers, made at first use: what is drawn above what. */
gridkeeper.pane = (map, name) => {
  const order = { density: 405, bands: 408, grids: 410, published: 412, shapes: 420, clusters: 422, walks: 425, unvisited: 430, traces: 440, cases: 450, sketch: 460 };
  if (!map.getPane(name)) map.createPane(name).style.zIndex = order[name];
};

/** Web Mercator as a unit square: [x, y] of a longitude and latitude in degrees. */
gridkeeper.mercator = (lon, lat) => {
  const phi = (lat * Math.PI) / 180;
  return [(lon + 180) / 360, 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI)];
};
