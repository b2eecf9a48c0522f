// Streets by the minutes that a walk to the nearest station takes; played back, they grow out of the stations.
"use strict";

(() => {
  const { config, painted } = gridkeeper;
  const { ink } = config.palette;
  const REACH_PX = 8;
  // Streets of one slice of time are one path: a whole city is a few dozen strokes.
  const SLICES_A_MINUTE = 4;
  const [ALL_FROM_ZOOM, CLOSE_ZOOM] = [13, 15];
  const sliceOf = ({ minutes }) => (minutes === null ? Infinity : Math.ceil(minutes * SLICES_A_MINUTE) / SLICES_A_MINUTE);

  const Overlay = gridkeeper.GridCanvas.extend({
    until: Infinity,
    labelled: [],

    draw(context) {
      const zoom = this._map.getZoom();
      context.save();
      context.translate(...this.shift());
      context.lineCap = context.lineJoin = "round";
      for (const slice of this._inTurn()) {
        const { colour, width, isFar } = this.look(slice.until === Infinity ? null : slice.until);
        // From afar what is not reached would hide the ground.
        if (isFar && zoom < ALL_FROM_ZOOM) continue;
        context.strokeStyle = colour;
        context.lineWidth = width * (zoom < ALL_FROM_ZOOM ? 0.6 : zoom < CLOSE_ZOOM ? 1 : 1.5);
        context.stroke(this._pathOf(slice));
      }
      context.restore();
      for (const grid of this.labelled) this._label(context, grid);
      const [west, north, east, south] = this._inUnits(this._view());
      this.countPainted(this._shown().filter(({ box }) => box[0] <= east && box[2] >= west && box[1] <= south && box[3] >= north).length);
    },

    /** A box of layer points in the unit square. */
    _inUnits({ min, max }) {
      const origin = this._map.getPixelOrigin();
      const size = this.size();
      return [(min.x + origin.x) / size, (min.y + origin.y) / size, (max.x + origin.x) / size, (max.y + origin.y) / size];
    },

    /** Slices that are drawn now, the nearest last: it lies on top. */
    _inTurn() { return (this.slices ?? []).filter(({ until }) => this.until === Infinity || until <= this.until); },

    _shown() { return (this.grids ?? []).filter((one) => this.until === Infinity || one.slice <= this.until); },

    _pathOf(slice) {
      const zoom = this._map.getZoom();
      if (slice.zoom !== zoom) [slice.path, slice.zoom] = [this.trace(slice.rings, true), zoom];
      return slice.path;
    },

    look: () => ({ colour: ink.street, width: 1 }),
    countPainted(count) { painted.walks = count; },

    at(point) {
      const box = L.bounds(point.subtract([REACH_PX, REACH_PX]), point.add([REACH_PX, REACH_PX]));
      const [dx, dy] = this.shift();
      const context = this._context;
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.lineWidth = 2 * REACH_PX;
      const found = this._shown().find((one) => this.pixels(one.box).intersects(box) && context.isPointInStroke(this.trace(one.rings, true), point.x - dx, point.y - dy));
      context.restore();
      return found?.properties ?? null;
    },
  });

  function shape({ properties, geometry }) {
    const lines = geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates;
    const rings = lines.map((line) => Float64Array.from(line.flatMap(([lon, lat]) => gridkeeper.mercator(lon, lat))));
    return { properties, rings, box: gridkeeper.boxOf(rings), slice: sliceOf(properties) };
  }

  const WalkLayer = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "walks" }); },

    /** features: lines with `minutes`, null where no station can be walked to. */
    setFeatures(features) {
      const shapes = features.map(shape);
      const slices = new Map();
      for (const one of shapes) {
        if (!slices.has(one.slice)) slices.set(one.slice, { until: one.slice, rings: [] });
        slices.get(one.slice).rings.push(...one.rings);
      }
      this._drawn.slices = [...slices.values()].sort((a, b) => b.until - a.until);
      this._drawn.setGrids(shapes);
    },

    /** Write the names of these grids above the streets, which would strike them out. */
    setLabelled(labelled) { this.change({ labelled }); },

    /** Show what is reached after so many minutes, Infinity is everything, also what nobody reaches; look(minutes) is colour and width. */
    show(until, look) { this.change({ until, look }); },

    /** The same in the same colours; nothing is drawn anew before another slice is reached. */
    play(at) {
      const until = at === Infinity ? at : Math.floor(at * SLICES_A_MINUTE) / SLICES_A_MINUTE;
      if (until !== this._drawn.until) this.change({ until });
    },
  });

  gridkeeper.walkLayer = () => new WalkLayer();
})();
