// Stations as marks, and where one more would help as numbered ones.
"use strict";

(() => {
  const { config, painted } = gridkeeper;
  const { ink } = config.palette;
  const REACH_PX = 16;
  const [LARGE_FROM_ZOOM, NAMES_FROM_ZOOM] = [13, 14];

  const Overlay = gridkeeper.CanvasOverlay.extend({
    stations: [],
    sites: [],
    chosen: null,

    draw(context) {
      const view = this._view();
      const seen = (one) => {
        const at = this._map.latLngToLayerPoint([one.lat, one.lon]);
        return view.contains(at) ? at : null;
      };
      const count = { stations: 0, sites: 0 };
      for (const one of this.stations) {
        const at = seen(one);
        if (!at) continue;
        this._station(context, at, one);
        count.stations += 1;
      }
      for (const one of this.sites) {
        const at = seen(one);
        if (!at) continue;
        this._site(context, at, one);
        count.sites += 1;
      }
      this.countPainted(count);
    },

    countPainted(count) { Object.assign(painted, count); },

    _station(context, { x, y }, one) {
      const radius = this._map.getZoom() < LARGE_FROM_ZOOM ? 5 : 8;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = ink.brand;
      context.fill();
      this._edge(context, one);
      context.beginPath();
      context.arc(x, y, radius * 0.38, 0, 2 * Math.PI);
      context.fillStyle = "#ffffff";
      context.fill();
      if (one.name && this._map.getZoom() >= NAMES_FROM_ZOOM) gridkeeper.write(context, one.name, x + 13, y);
    },

    _site(context, { x, y }, one) {
      context.beginPath();
      context.rect(x - 10, y - 10, 20, 20);
      context.fillStyle = ink["draft-line"];
      context.fill();
      this._edge(context, one);
      context.font = gridkeeper.fontOf(13, 700);
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = "#ffffff";
      context.fillText(String(one.rank), x, y + 0.5);
    },

    _edge(context, one) {
      context.lineWidth = one === this.chosen ? 4 : 2;
      context.strokeStyle = one === this.chosen ? ink["grid-chosen"] : "#ffffff";
      context.stroke();
    },

    /** The proposed place or the station under a layer point, or null. */
    at(point) {
      const near = (one) => this._map.latLngToLayerPoint([one.lat, one.lon]).distanceTo(point) <= REACH_PX;
      const site = this.sites.find(near);
      if (site) return { site };
      const station = this.stations.find(near);
      return station ? { station } : null;
    },
  });

  const ReachMarks = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "cases" }); },

    setStations(stations) { this.change({ stations }); },

    /** sites: with `rank`, which is written on them. */
    setSites(sites) { this.change({ sites }); },

    choose(chosen) { this.change({ chosen }); },
  });

  gridkeeper.reachMarks = () => new ReachMarks();
})();
