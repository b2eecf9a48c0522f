// Outlines of clusters with their number of cases, the darker the more.
"use strict";

(() => {
  const { config, number, painted } = gridkeeper;
  const { ink } = config.palette;
  const MOST_CLASSES = 5;
  const SMALLEST_PX = 14;

  const Overlay = gridkeeper.GridCanvas.extend({
    countPainted(count) { painted[this.counted] = count; },

    labelOf: ({ properties }) => number(properties.n),

    colour(cluster) { return this.classes.of(cluster.properties.n).colour; },

    fill(context, cluster) {
      context.globalAlpha = 0.6;
      context.fillStyle = this.colour(cluster);
      context.fill(this.pathOf(cluster), "evenodd");
      context.globalAlpha = 1;
      this.outline(context, cluster, cluster.properties.cluster === this.held ? ink["grid-chosen"] : ink.ink, cluster.properties.cluster === this.held ? 4 : 1.5);
    },

    /** The number is written on each, however small, as long as it does not hide the whole of it. */
    _label(context, cluster) {
      const box = this.pixels(cluster.box);
      if (Math.min(box.getSize().x, box.getSize().y) < SMALLEST_PX) return;
      const { x, y } = box.getCenter();
      gridkeeper.write(context, this.labelOf(cluster), x, y, { align: "center" });
    },
  });

  const ClusterLayer = gridkeeper.OverlayLayer.extend({
    initialize({ counted = "clusters" } = {}) {
      this._drawn = new Overlay({ pane: "clusters" });
      Object.assign(this._drawn, { counted, chosen: null });
    },

    /** Clusters as GeoJSON, and the classes of their numbers. */
    setFeatures(features, classes) {
      this.change({ classes });
      this._drawn.setGrids(features.map(gridkeeper.gridShape));
    },

    /** Outline this one strongly; null for none. */
    hold(cluster) { this.change({ held: cluster }); },
  });

  /** Classes of numbers of cases, of all clusters that are compared: {all: [{lower, upper, colour, grids}], of(n)}. */
  gridkeeper.clusterClasses = (counts) => {
    const found = gridkeeper.classify(counts, MOST_CLASSES);
    const all = found.all.filter((one) => one.upper > 0);
    const ramp = config.palette.density.slice(1, -1);
    all.forEach((one, rank) => { one.colour = ramp[all.length > 1 ? Math.round((rank * (ramp.length - 1)) / (all.length - 1)) : 2]; });
    return { all, of: found.of };
  };

  gridkeeper.clusterLayer = (options) => new ClusterLayer(options);
})();
