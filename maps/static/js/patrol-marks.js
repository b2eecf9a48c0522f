// Required points by how it stands with them, and the people on shift where they are now with the age of the fix.
"use strict";

(() => {
  const { config, painted } = gridkeeper;
  const { ink, points: COLOURS } = config.palette;
  const REACH_PX = 14;
  const FRESH_S = 120;

  /** How it stands with a point: what is missed says more than what is done. */
  const standing = ({ due, late, missed, partial }) => (missed ? "missed" : partial ? "partial" : late ? "late" : due ? "done" : "not_yet");

  const Overlay = gridkeeper.CanvasOverlay.extend({
    points: [],
    people: [],

    draw(context) {
      const view = this._view();
      const count = { points: 0, live: 0 };
      for (const one of this.points) {
        const { x, y } = this._map.latLngToLayerPoint([one.lat, one.lon]);
        if (!view.contains([x, y])) continue;
        this._diamond(context, x, y, COLOURS[standing(one)]);
        count.points += 1;
      }
      for (const one of this.people) {
        const { x, y } = this._map.latLngToLayerPoint([one.lat, one.lon]);
        if (!view.contains([x, y])) continue;
        this._person(context, x, y, one);
        count.live += 1;
      }
      painted.required = count.points;
      painted.live = count.live;
    },

    _diamond(context, x, y, colour) {
      context.beginPath();
      for (const [dx, dy] of [[0, -9], [9, 0], [0, 9], [-9, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      context.fillStyle = colour;
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = colour === COLOURS.not_yet ? ink.ink : "#ffffff";
      context.stroke();
    },

    /** Hollow where the fix is no longer of now. */
    _person(context, x, y, one) {
      const isFresh = one.age_s <= FRESH_S;
      context.beginPath();
      context.arc(x, y, 8, 0, 2 * Math.PI);
      context.fillStyle = isFresh ? ink.accent : "#ffffff";
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = isFresh ? "#ffffff" : ink.accent;
      context.stroke();
      const text = `${one.name ?? one.device} · ${gridkeeper.clock.span(one.age_s)}`;
      gridkeeper.write(context, text, x + 13, y);
    },

    /** The person or the point under a layer point, or null. */
    at(point) {
      const near = (one) => this._map.latLngToLayerPoint([one.lat, one.lon]).distanceTo(point) <= REACH_PX;
      const person = this.people.find(near);
      if (person) return { person };
      const found = this.points.find(near);
      return found ? { point: found } : null;
    },
  });

  const PatrolMarks = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "cases" }); },

    setPoints(points) { this.change({ points }); },

    setPeople(people) { this.change({ people }); },
  });

  gridkeeper.patrolMarks = () => new PatrolMarks();
  gridkeeper.pointStanding = standing;
})();
