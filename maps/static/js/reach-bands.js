// Ground within so many minutes' walk, the farthest band lowest; played back, only those that are reached by then.
"use strict";

(() => {
  const { painted } = gridkeeper;

  const Overlay = gridkeeper.GridCanvas.extend({
    until: Infinity,

    draw(context, bounds) {
      // Bands that hold each other would darken where they overlap: each is opaque, and the canvas as a whole lets through.
      this._container.style.opacity = "0.5";
      const shown = (this.grids ?? []).filter((one) => one.properties.minutes <= this.until && bounds.intersects(this.pixels(one.box)));
      context.save();
      context.translate(...this.shift());
      for (const one of shown) {
        context.fillStyle = this.colourOf(one.properties.minutes);
        context.fill(this.pathOf(one), "evenodd");
      }
      context.restore();
      const view = this._view();
      this.countPainted(shown.filter((one) => view.intersects(this.pixels(one.box))).length);
    },

    colourOf: () => gridkeeper.config.palette.none,
    countPainted(count) { painted.bands = count; },
  });

  const BandLayer = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "bands" }); },

    /** features: polygons with `minutes`, the upper end of their band. */
    setFeatures(features) {
      this._drawn.setGrids(features.map(gridkeeper.gridShape).sort((a, b) => b.properties.minutes - a.properties.minutes));
    },

    /** Show what is reached after so many minutes, Infinity is everything, in these colours: colourOf(minutes). */
    show(until, colourOf) { this.change({ until, colourOf }); },

    /** The same in the same colours; nothing is drawn anew before another band is reached. */
    play(until) {
      const has = (least) => (this._drawn.grids ?? []).filter(({ properties }) => properties.minutes <= least).length;
      const isOther = has(until) !== has(this._drawn.until);
      this._drawn.until = until;
      if (isOther) this._drawn.schedule();
    },
  });

  gridkeeper.bandLayer = () => new BandLayer();
})();
