// Traces on one canvas: ways coloured by time with their direction, silences dashed, stops as large as they were long.
"use strict";

(() => {
  const { config, mercator, painted } = gridkeeper;
  const { ink, times: COLOURS } = config.palette;
  const [MOVED, STILL, GAP] = [0, 1, 2];
  const KINDS = { moved: MOVED, still: STILL, gap: GAP };
  const REACH_PX = 12;
  const LINGER_MS = 60000;
  const ARROW_PX = 110;
  const ARROWS_FROM_ZOOM = 14;
  const NONE = { traces: 0, moved: 0, gaps: 0, stops: 0, fixes: 0, dropped: 0, heads: 0 };

  /** A trace of the service as arrays on the unit square. */
  function prepared(told) {
    const n = told.at.length;
    const [x, y] = [new Float64Array(n), new Float64Array(n)];
    for (let at = 0; at < n; at += 1) [x[at], y[at]] = mercator(told.lon[at], told.lat[at]);
    const placed = (one) => {
      const [left, top] = mercator(one.lon, one.lat);
      return { ...one, x: left, y: top };
    };
    return {
      told, n, x, y, at: Float64Array.from(told.at), kind: Uint8Array.from(told.kind, (kind) => KINDS[kind]),
      stops: told.stops.map(placed), dropped: told.dropped.map(placed),
    };
  }

  /** A stop's mark in pixels: two minutes are small, an hour is large; from afar all are smaller. */
  const stopRadius = (dwell_s, zoom) => Math.min(22, 4 + Math.sqrt(dwell_s / 60) * 1.7) * Math.min(1, Math.max(0.4, (zoom - 11) / 5));

  /** The last fix at or before an instant; -1 before the first. */
  function before(at, instant) {
    let [low, high] = [0, at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle] <= instant) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  const Overlay = gridkeeper.CanvasOverlay.extend({
    traces: [],
    until: Infinity,
    withFixes: false,
    first: 0,
    last: 1,

    classOf(at) {
      const share = (at - this.first) / Math.max(this.last - this.first, 1);
      return Math.max(0, Math.min(COLOURS.length - 1, Math.floor(share * COLOURS.length)));
    },

    draw(context, bounds) {
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const here = { size, left: origin.x, top: origin.y, bounds, view: this._view(), count: { ...NONE } };
      context.save();
      context.lineJoin = context.lineCap = "round";
      const drawn = this.traces.map((trace) => this._ways(trace, here));
      for (const { gaps } of drawn) this._gaps(context, gaps);
      for (const { whole } of drawn) this._stroke(context, whole, "rgba(255, 255, 255, 0.85)", 6);
      for (const { ways } of drawn) ways.forEach((way, rank) => this._stroke(context, way, COLOURS[rank], 3));
      for (const { arrows } of drawn) this._arrows(context, arrows);
      for (const trace of this.traces) this._marks(context, trace, here);
      if (this.until !== Infinity) for (const trace of this.traces) this._head(context, trace, here);
      context.restore();
      this._ring(context);
      Object.assign(painted, here.count);
    },

    /** The legs of a trace up to the instant that is played, as one path for each colour. */
    _ways(trace, here) {
      const ways = COLOURS.map(() => new Path2D());
      const [whole, gaps] = [new Path2D(), new Path2D()];
      const arrows = [];
      const { size, left, top, bounds, count } = here;
      const { min, max } = bounds;
      let inView = false;
      let walked = ARROW_PX / 2;
      let pen = -1;
      for (let leg = 0; leg < trace.n - 1 && trace.at[leg] < this.until; leg += 1) {
        const kind = trace.kind[leg];
        const [x, y] = [trace.x[leg] * size - left, trace.y[leg] * size - top];
        let [toX, toY] = [trace.x[leg + 1] * size - left, trace.y[leg + 1] * size - top];
        if (kind === GAP && trace.at[leg + 1] > this.until) break;
        if (trace.at[leg + 1] > this.until) {
          const gone = (this.until - trace.at[leg]) / (trace.at[leg + 1] - trace.at[leg]);
          [toX, toY] = [x + (toX - x) * gone, y + (toY - y) * gone];
        }
        if (Math.max(x, toX) < min.x || Math.min(x, toX) > max.x || Math.max(y, toY) < min.y || Math.min(y, toY) > max.y) {
          pen = -1;
          continue;
        }
        inView = true;
        if (kind === GAP) {
          gaps.moveTo(x, y);
          gaps.lineTo(toX, toY);
          count.gaps += 1;
          pen = -1;
        } else if (kind === MOVED) {
          const rank = this.classOf(trace.at[leg]);
          if (pen !== rank) ways[rank].moveTo(x, y);
          if (pen < 0) whole.moveTo(x, y);
          ways[rank].lineTo(toX, toY);
          whole.lineTo(toX, toY);
          pen = rank;
          count.moved += 1;
          walked += Math.hypot(toX - x, toY - y);
          if (walked > ARROW_PX && Math.hypot(toX - x, toY - y) > 4) {
            arrows.push([(x + toX) / 2, (y + toY) / 2, Math.atan2(toY - y, toX - x)]);
            walked = 0;
          }
        } else pen = -1;
      }
      if (inView || (trace.n === 1 && trace.at[0] <= this.until)) count.traces += 1;
      return { ways, whole, gaps, arrows };
    },

    _stroke(context, path, colour, width) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(path);
    },

    _gaps(context, path) {
      context.setLineDash([2, 7]);
      this._stroke(context, path, ink.gap, 2);
      context.setLineDash([]);
    },

    _arrows(context, arrows) {
      if (this._map.getZoom() < ARROWS_FROM_ZOOM) return;
      context.beginPath();
      for (const [x, y, angle] of arrows) {
        const turned = (along, aside) => [x + along * Math.cos(angle) - aside * Math.sin(angle), y + along * Math.sin(angle) + aside * Math.cos(angle)];
        context.moveTo(...turned(-4, -5));
        context.lineTo(...turned(4, 0));
        context.lineTo(...turned(-4, 5));
      }
      context.lineWidth = 4.5;
      context.strokeStyle = "#ffffff";
      context.stroke();
      context.lineWidth = 2;
      context.strokeStyle = ink.ink;
      context.stroke();
    },

    /** Stops; and the fixes themselves where they are asked for, with those that were left out. */
    _marks(context, trace, here) {
      const { count, view } = here;
      const at = (one) => [one.x * here.size - here.left, one.y * here.size - here.top];
      for (const stop of trace.stops) {
        if (stop.from > this.until) break;
        const [x, y] = at(stop);
        if (!view.contains([x, y])) continue;
        const dwell_s = Math.min(stop.dwell_s, (this.until - stop.from) / 1000);
        this._disc(context, x, y, stopRadius(dwell_s, this._map.getZoom()), "rgba(255, 255, 255, 0.8)", COLOURS[this.classOf(stop.from)], 2.5);
        count.stops += 1;
      }
      if (!this.withFixes) return;
      const radius = Math.min(4, Math.max(1.5, (this._map.getZoom() - 12) * 0.8));
      for (let fix = 0; fix < trace.n && trace.at[fix] <= this.until; fix += 1) {
        const [x, y] = [trace.x[fix] * here.size - here.left, trace.y[fix] * here.size - here.top];
        if (!view.contains([x, y])) continue;
        this._disc(context, x, y, radius, COLOURS[this.classOf(trace.at[fix])], "#ffffff", radius / 3);
        count.fixes += 1;
      }
      for (const one of trace.dropped) {
        const [x, y] = at(one);
        if (one.at > this.until || !view.contains([x, y])) continue;
        context.beginPath();
        context.moveTo(x - 4, y - 4);
        context.lineTo(x + 4, y + 4);
        context.moveTo(x + 4, y - 4);
        context.lineTo(x - 4, y + 4);
        context.lineWidth = 2;
        context.strokeStyle = ink.problem;
        context.stroke();
        count.dropped += 1;
      }
    },

    _disc(context, x, y, radius, fill, stroke, width) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = fill;
      context.fill();
      context.lineWidth = width;
      context.strokeStyle = stroke;
      context.stroke();
    },

    /** Where somebody is at the instant that is played: hollow where nobody knows. */
    _head(context, trace, here) {
      const from = before(trace.at, this.until);
      if (from < 0) return;
      const isOver = from === trace.n - 1;
      // The next day has a trace of its own.
      if (isOver && this.until - trace.at[from] > LINGER_MS) return;
      const isKnown = !isOver && trace.kind[from] !== GAP;
      const gone = isKnown ? (this.until - trace.at[from]) / (trace.at[from + 1] - trace.at[from]) : 0;
      const next = isKnown ? from + 1 : from;
      const x = (trace.x[from] + (trace.x[next] - trace.x[from]) * gone) * here.size - here.left;
      const y = (trace.y[from] + (trace.y[next] - trace.y[from]) * gone) * here.size - here.top;
      if (!here.view.contains([x, y])) return;
      this._disc(context, x, y, 7, isKnown ? ink.ink : "#ffffff", isKnown ? "#ffffff" : ink.ink, 2.5);
      const name = trace.told.name ?? trace.told.device;
      gridkeeper.write(context, name, x + 12, y);
      here.count.heads += 1;
    },

    _ring(context) {
      if (!this.chosen) return;
      const { x, y } = this._map.latLngToLayerPoint(this.chosen);
      context.beginPath();
      context.arc(x, y, 10, 0, 2 * Math.PI);
      context.lineWidth = 3;
      context.strokeStyle = ink.ink;
      context.stroke();
    },

    /** The fix or the stop under a layer point, or null. */
    at(point) {
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const away = (x, y) => Math.hypot(x * size - origin.x - point.x, y * size - origin.y - point.y);
      let [best, found] = [REACH_PX, null];
      for (const trace of this.traces) {
        for (let fix = 0; fix < trace.n; fix += 1) {
          const distance = trace.at[fix] <= this.until ? away(trace.x[fix], trace.y[fix]) : Infinity;
          if (distance < best) [best, found] = [distance, { trace: trace.told, fix }];
        }
      }
      for (const trace of this.traces) {
        const stop = trace.stops.find((one) => one.from <= this.until && away(one.x, one.y) <= stopRadius(one.dwell_s, this._map.getZoom()));
        if (stop) return { trace: trace.told, stop };
      }
      return found;
    },
  });

  const TraceLayer = gridkeeper.OverlayLayer.extend({
    initialize() { this._drawn = new Overlay({ pane: "traces" }); },

    onRemove(map) {
      Object.assign(painted, NONE);
      gridkeeper.OverlayLayer.prototype.onRemove.call(this, map);
    },

    setTraces(told) {
      const found = told.filter((one) => one.at.length).map(prepared);
      this.change({
        traces: found,
        first: Math.min(...found.map((one) => one.at[0])),
        last: Math.max(...found.map((one) => one.at[one.n - 1])),
        until: Infinity,
        chosen: null,
      });
    },

    /** The first and the last instant of all traces; null where there is none. */
    span() { return this._drawn.traces.length ? [this._drawn.first, this._drawn.last] : null; },

    /** The stretches of time that share a colour. */
    classes() {
      const [first, last] = this.span() ?? [0, 0];
      const edge = (rank) => first + ((last - first) * rank) / COLOURS.length;
      return COLOURS.map((colour, rank) => ({ colour, from: edge(rank), to: edge(rank + 1) }));
    },

    /** Show what was until an instant; Infinity for everything. */
    play(until) { this.change({ until }); },

    showFixes(withFixes) { this.change({ withFixes }); },

    choose(chosen) { this.change({ chosen }); },

    bounds() {
      const found = L.latLngBounds([]);
      for (const { told } of this._drawn.traces) told.lon.forEach((lon, at) => found.extend([told.lat[at], lon]));
      return found;
    },
  });

  gridkeeper.traceLayer = () => new TraceLayer();
})();
