// What a planner draws on: the grids of the draft, the published ones to compare with, and above them a sketch that
// is drawn anew at every movement, so that the many grids that rest are not.
"use strict";

(() => {
  const { config, t, painted, mercator, ringsOf } = gridkeeper;
  const { ink } = config.palette;
  const FILLS = { same: ink.paper, touched: ink.paper, changed: ink.changed, new: ink.new };
  const isCoarse = matchMedia("(pointer: coarse)").matches;
  const HANDLE_PX = isCoarse ? 7 : 3.5;
  const CLOSEST_HANDLES_PX = isCoarse ? 20 : 11;
  const MOST_HANDLES = 1500;
  const FONT = "600 12px system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif";

  const DraftGrids = gridkeeper.GridCanvas.extend({
    colour: (grid) => FILLS[grid.status],
    labelOf: ({ no, properties }) => properties.name || properties.code || t("planner.grid.number", { no }),
    /** Streets and buildings shine through from below. */
    fill(context, grid) {
      context.globalAlpha = grid.status === "changed" || grid.status === "new" ? 0.62 : 0.4;
      context.fillStyle = this.colour(grid);
      context.fill(this.pathOf(grid), "evenodd");
      context.globalAlpha = 1;
      this.outline(context, grid, ink["plan-line"], 1.4);
    },
    countPainted(count) { if (this.options.counted) painted[this.options.counted] = count; },
  });

  /** Any GeoJSON geometry as rings or lines of the unit square, with what sort it is. */
  function shapeOf(geometry) {
    if (geometry.type === "GeometryCollection") return geometry.geometries.map(shapeOf).flat();
    const flat = (line) => Float64Array.from(line.flatMap(([lon, lat]) => mercator(lon, lat)));
    if (geometry.type.endsWith("Polygon")) return [{ kind: "area", rings: ringsOf(geometry).map(flat) }];
    if (geometry.type.endsWith("LineString")) {
      return [{ kind: "line", rings: (geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates).map(flat) }];
    }
    return [{ kind: "points", rings: [flat(geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates)] }];
  }

  const Sketch = gridkeeper.GridCanvas.extend({
    /** scene: what is to be seen, each part by its name; a part that is absent is not drawn. */
    scene: {},

    draw(context) {
      const { lifted = [], proposed = [], chosen = [], tinted = [], problems = [], shapes = [] } = this.scene;
      Object.assign(painted, { moving: lifted.length, problems: problems.length, proposed: proposed.length, shapes: shapes.length, handles: 0 });
      context.save();
      context.translate(...this.shift());
      context.lineJoin = "round";
      const live = this.scene.isRefused ? { fill: ink.problem, alpha: 0.16, stroke: ink.problem } : { fill: FILLS.changed, alpha: 0.62, stroke: ink["draft-line"] };
      for (const one of lifted) this._area(context, one.rings, { ...live, width: 2 });
      for (const one of proposed) this._area(context, one.rings, { fill: FILLS[one.status], alpha: 0.62, stroke: ink["draft-line"], width: 2, dash: [6, 4] });
      for (const { rings, fill } of tinted) this._area(context, rings, { fill, alpha: 0.4 });
      for (const shape of shapes) this._shape(context, shape, ink.accent);
      for (const rings of chosen) this._area(context, rings, { stroke: ink["grid-chosen"], width: 3 });
      if (this.scene.edge) this._area(context, [this.scene.edge], { stroke: ink.accent, width: 4, open: true });
      this._line(context);
      for (const shape of problems) this._shape(context, shape, ink.problem);
      context.restore();
      this._handles(context);
      if (this.scene.label) this._tell(context, this.scene.label);
    },

    _area(context, rings, { fill, alpha = 1, stroke, width, dash = [], open = false }) {
      const path = this.trace(rings, open);
      if (fill) {
        context.globalAlpha = alpha;
        context.fillStyle = fill;
        context.fill(path, "evenodd");
        context.globalAlpha = 1;
      }
      if (!stroke) return;
      context.setLineDash(dash);
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.stroke(path);
      context.setLineDash([]);
    },

    _shape(context, { kind, rings }, colour) {
      if (kind === "points") return this._rings(context, rings, colour);
      if (kind === "area") this._area(context, rings, { fill: colour, alpha: 0.3, stroke: colour, width: 3 });
      else this._area(context, rings, { stroke: colour, width: 5, open: true });
      return this._rings(context, [rings[0].slice(0, 2)], colour);
    },

    /** A ring around a place: a fault of a centimetre must be seen at any zoom. */
    _rings(context, rings, colour) {
      const size = this.size();
      context.strokeStyle = colour;
      context.lineWidth = 3;
      for (const ring of rings) {
        for (let at = 0; at < ring.length; at += 2) {
          context.beginPath();
          context.arc((ring[at] - this._base[0]) * size, (ring[at + 1] - this._base[1]) * size, 11, 0, 2 * Math.PI);
          context.stroke();
        }
      }
    },

    _line(context) {
      const { line } = this.scene;
      if (!line?.points.length) return;
      const points = line.live ? [...line.points, line.live] : line.points;
      const ring = Float64Array.from(points.flatMap(({ x, y }) => [x, y]));
      if (line.closed && points.length > 2) this._area(context, [ring], { fill: ink.accent, alpha: 0.18 });
      this._area(context, [ring], { stroke: "#ffffff", width: 5, open: !line.closed });
      this._area(context, [ring], { stroke: this.scene.isRefused ? ink.problem : ink.accent, width: 2.5, open: !line.closed });
    },

    _handles(context) {
      const { handles = [], corner, line } = this.scene;
      const origin = this._map.getPixelOrigin();
      const size = this.size();
      const place = ({ x, y }) => [x * size - origin.x, y * size - origin.y];
      const view = this._view();
      const inView = handles.filter((one) => view.contains(place(one)));
      if (inView.length <= MOST_HANDLES && apart(inView.map(place)) >= CLOSEST_HANDLES_PX) {
        painted.handles = inView.length;
        for (const one of inView) this._handle(context, place(one), HANDLE_PX, "#ffffff", ink.accent);
      }
      for (const one of line?.points ?? []) this._handle(context, place(one), HANDLE_PX, ink.accent, "#ffffff");
      if (line?.live?.snapped) this._handle(context, place(line.live), HANDLE_PX + 2, "#ffffff", ink["draft-line"]);
      if (corner) this._handle(context, place(corner), HANDLE_PX + 2.5, corner.chosen ? ink.accent : ink.changed, ink["draft-line"]);
    },

    _handle(context, [x, y], half, fill, stroke) {
      context.beginPath();
      context.rect(x - half, y - half, 2 * half, 2 * half);
      context.fillStyle = fill;
      context.fill();
      context.strokeStyle = stroke;
      context.lineWidth = 1.5;
      context.stroke();
    },

    /** A few words beside the pointer. */
    _tell(context, { x, y, text }) {
      const origin = this._map.getPixelOrigin();
      const size = this.size();
      const view = this._view();
      context.font = FONT;
      const width = context.measureText(text).width + 14;
      const left = Math.min(x * size - origin.x + 16, view.max.x - width - 4);
      const top = Math.max(y * size - origin.y - 34, view.min.y + 4);
      context.fillStyle = ink.ink;
      context.beginPath();
      context.roundRect(left, top, width, 24, 4);
      context.fill();
      context.fillStyle = "#ffffff";
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(text, left + 7, top + 12.5);
    },
  });

  /** The usual distance between neighbours in a row of handles. */
  function apart(places) {
    const gaps = places.slice(1).map(([x, y], at) => Math.hypot(x - places[at][0], y - places[at][1])).sort((a, b) => a - b);
    return gaps.length ? gaps[gaps.length >> 1] : Infinity;
  }

  const PlannerCanvas = L.Layer.extend({
    initialize() {
      this._draft = new DraftGrids({ pane: "grids", counted: "grids" });
      this._published = new DraftGrids({ pane: "published", counted: "published" });
      this._published.colour = () => FILLS.same;
      this._sketch = new Sketch({ pane: "sketch" });
      this._draft.hidden = new Set();
    },

    onAdd(map) {
      for (const name of ["grids", "published", "sketch"]) gridkeeper.pane(map, name);
      gridkeeper.pane(map, "shapes");
      map.getPane("shapes").style.zIndex = 405; // below the grids: borders are what is drawn here
      map.getPane("sketch").style.pointerEvents = "none";
      map.addLayer(this._draft);
      map.addLayer(this._sketch);
    },

    onRemove(map) {
      for (const one of [this._draft, this._published, this._sketch]) map.removeLayer(one);
    },

    /** All grids anew: those of the draft and the published ones. */
    setGrids(grids, published) {
      const least = (axis) => [...grids, ...published].reduce((found, one) => Math.min(found, one.box[axis]), Infinity);
      const corner = grids.length ? [least(0), least(1)] : [0, 0];
      for (const one of [...grids, ...published]) one.path = null;
      this._corner = corner;
      this._draft.setGrids(grids, corner);
      this._published.setGrids(published, corner);
      this._sketch.setGrids([], corner);
    },

    /** Other grids where the boxes are; the rest of the picture stays. */
    changeGrids(grids, boxes) {
      this._draft.grids = grids;
      this._draft.paintParts(boxes);
      this._draft.countPainted(grids.filter((one) => this._draft._view().intersects(this._draft.pixels(one.box))).length);
    },

    /** Take grids off the picture while the sketch shows them elsewhere, or put all back. */
    lift(grids) {
      const numbers = new Set(grids.map((one) => one.no));
      const moved = this._draft.grids.filter((one) => numbers.has(one.no) !== this._draft.hidden.has(one.no));
      this._draft.hidden = numbers;
      this._draft.paintParts(moved.map((one) => one.box));
    },

    /** Change parts of the sketch. */
    show(parts) {
      Object.assign(this._sketch.scene, parts);
      this._sketch.schedule();
    },

    shapeOf,

    /** Show the published grids left of a share of the width, or no more (null). */
    compare(share) {
      const map = this._map;
      if ((share !== null) !== map.hasLayer(this._published)) {
        if (share === null) map.removeLayer(this._published);
        else map.addLayer(this._published);
      }
      if (share === null) painted.published = 0;
      const { x: width, y: height } = map.getSize();
      const corner = map.containerPointToLayerPoint([0, 0]);
      const [left, top, right, bottom] = [corner.x, corner.y, corner.x + width, corner.y + height];
      const middle = left + width * (share ?? 0);
      const clip = (from, to) => (share === null ? "" : `rect(${top}px, ${to}px, ${bottom}px, ${from}px)`);
      map.getPane("published").style.clip = clip(left, middle);
      map.getPane("grids").style.clip = clip(middle, right);
      map.getPane("sketch").style.clip = clip(middle, right);
    },
  });

  gridkeeper.plannerCanvas = (options) => new PlannerCanvas(options);
})();
