// The grids of a draft in the browser: exact on the lattice, found by place, changed grid by grid.
"use strict";

gridkeeper.plannerGround = () => {
  const { mercator, gridShape, ringsOf, crossings } = gridkeeper;
  const UNIT = 2 ** 24; // lattice steps in a degree
  const ROUNDED = 1e-10; // of the unit square: GeoJSON comes with eight decimals
  const BESIDE = 2; // lattice steps by which rounding may lay a vertex beside its border
  const published = new Map();
  const drawn = new Map();
  let list = [];

  const toLattice = (degrees) => Math.round(degrees * UNIT);
  /** A place of the lattice in degrees, without an error. */
  const degrees = ([ix, iy]) => [ix / UNIT, iy / UNIT];
  /** A place of the lattice in the unit square. */
  const unit = (place) => mercator(...degrees(place));

  function shape(feature) {
    const lattice = ringsOf(feature.geometry).map((ring) => {
      const flat = new Float64Array(ring.length * 2);
      ring.forEach(([lon, lat], at) => {
        flat[2 * at] = toLattice(lon);
        flat[2 * at + 1] = toLattice(lat);
      });
      return flat;
    });
    return { ...gridShape(feature), no: feature.properties.grid_no, lattice, geometry: feature.geometry };
  }

  const same = (one, other) =>
    one.lattice.length === other.lattice.length &&
    one.lattice.every((ring, row) => ring.length === other.lattice[row].length && ring.every((value, at) => value === other.lattice[row][at]));

  /** "touched" is a grid that got vertices in its border and nothing else. */
  function statusOf(grid) {
    const before = published.get(grid.no);
    if (!before) return "new";
    if (same(before, grid)) return "same";
    return isOnBorder(before, grid) ? "touched" : "changed";
  }

  function isOnBorder(before, grid) {
    const key = (ring, at) => `${ring[at]},${ring[at + 1]}`;
    const keys = (one) => new Set(one.lattice.flatMap((ring) => Array.from({ length: ring.length / 2 }, (_, at) => key(ring, 2 * at))));
    const [had, has] = [keys(before), keys(grid)];
    if ([...had].some((one) => !has.has(one))) return false;
    return grid.lattice.every((ring) =>
      Array.from({ length: ring.length / 2 }, (_, at) => 2 * at).every(
        (at) => had.has(key(ring, at)) || before.lattice.some((border) => isBeside(border, ring[at], ring[at + 1])),
      ),
    );
  }

  function isBeside(ring, x, y) {
    for (let to = 2; to < ring.length; to += 2) if (footOn(ring, to, x, y).apart <= BESIDE) return true;
    return false;
  }

  /** Begin with the published grids. */
  function load(features) {
    published.clear();
    drawn.clear();
    for (const feature of features) {
      const grid = shape(feature);
      grid.status = "same";
      delete grid.geometry;
      published.set(grid.no, grid);
      drawn.set(grid.no, grid);
    }
    list = [...drawn.values()];
  }

  function put(feature) {
    const grid = shape(feature);
    const known = published.get(grid.no);
    grid.properties = { ...(known?.properties ?? {}), ...feature.properties };
    grid.status = statusOf(grid);
    drawn.set(grid.no, grid.status === "same" ? known : grid);
  }

  /** A grid as it would be, held against what it is in the draft. */
  function proposed(feature) {
    const grid = shape(feature);
    const now = drawn.get(grid.no);
    return { rings: grid.rings, status: !now ? "new" : isOnBorder(now, grid) ? "touched" : "changed" };
  }

  /** Take over grids that changed and drop those that ended: the boxes to draw anew. */
  function change({ changed, ended = [] }) {
    const numbers = [...changed.features.map((one) => one.properties.grid_no), ...ended];
    const boxes = numbers.map((no) => drawn.get(no)?.box);
    for (const feature of changed.features) put(feature);
    for (const no of ended) drawn.delete(no);
    list = [...drawn.values()].sort((a, b) => a.no - b.no);
    boxes.push(...numbers.map((no) => drawn.get(no)?.box));
    return boxes.filter(Boolean);
  }

  const meets = (box, x, y, reach) => x >= box[0] - reach && x <= box[2] + reach && y >= box[1] - reach && y <= box[3] + reach;

  /** The grid at a place of the unit square, or null. */
  function at(x, y) {
    return list.find((grid) => meets(grid.box, x, y, 0) && inside(grid.rings, x, y)) ?? null;
  }

  function inside(rings, x, y) {
    let left = 0;
    for (const ring of rings) for (const cross of crossings(ring, y)) if (cross < x) left += 1;
    return left % 2 === 1;
  }

  /** What of the borders lies next to a place: {kind: "vertex", …}, {kind: "edge", …} or null. */
  function near(x, y, reach) {
    let vertex = null;
    let edge = null;
    for (const grid of list) {
      if (!meets(grid.box, x, y, reach)) continue;
      grid.rings.forEach((ring, row) => {
        for (let to = 2; to < ring.length; to += 2) {
          const apart = Math.hypot(ring[to] - x, ring[to + 1] - y);
          if (apart <= (vertex?.apart ?? reach)) vertex = { apart, grid, row, to };
          const foot = footOn(ring, to, x, y);
          if (foot.apart < (edge?.foot.apart ?? reach)) edge = { foot, grid, row, to };
        }
      });
    }
    if (vertex) return corner(placeAt(vertex.grid, vertex.row, vertex.to));
    if (!edge) return null;
    const ends = [placeAt(edge.grid, edge.row, edge.to - 2), placeAt(edge.grid, edge.row, edge.to)];
    return { kind: "edge", ends, x: edge.foot.x, y: edge.foot.y };
  }

  const placeAt = (grid, row, at) => [grid.lattice[row][at], grid.lattice[row][at + 1]];

  function corner(place) {
    const [x, y] = unit(place);
    return { kind: "vertex", place, x, y };
  }

  /** The nearest place on the side that ends at `to`. */
  function footOn(ring, to, x, y) {
    const [x1, y1, dx, dy] = [ring[to - 2], ring[to - 1], ring[to] - ring[to - 2], ring[to + 1] - ring[to - 1]];
    const long = dx * dx + dy * dy;
    const share = long ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / long)) : 0;
    const [fx, fy] = [x1 + share * dx, y1 + share * dy];
    return { x: fx, y: fy, apart: Math.hypot(x - fx, y - fy) };
  }

  /** All grids that have one of these vertices. */
  function holders(places) {
    const spots = places.map((place) => ({ place, at: unit(place) }));
    return list.filter((grid) =>
      spots.some(({ place, at: [x, y] }) => meets(grid.box, x, y, ROUNDED) && grid.lattice.some((ring) => has(ring, place))),
    );
  }

  function has(ring, [ix, iy]) {
    for (let at = 0; at < ring.length; at += 2) if (ring[at] === ix && ring[at + 1] === iy) return true;
    return false;
  }

  /** Rings of a grid with some vertices elsewhere; moves: [{place, x, y}]. */
  function ringsWith(grid, moves) {
    return grid.lattice.map((ring, row) => {
      const rings = grid.rings[row];
      let moved = null;
      for (let at = 0; at < ring.length; at += 2) {
        const move = moves.find(({ place }) => place[0] === ring[at] && place[1] === ring[at + 1]);
        if (!move) continue;
        moved ??= rings.slice();
        moved[at] = move.x;
        moved[at + 1] = move.y;
      }
      return moved ?? rings;
    });
  }

  /** The corners of a grid, each once, in the order of its rings. */
  function corners(grid) {
    return grid.lattice.flatMap((ring) => Array.from({ length: ring.length / 2 - 1 }, (_, at) => corner([ring[2 * at], ring[2 * at + 1]])));
  }

  return {
    load, change, proposed, at, near, holders, ringsWith, corners, corner, degrees, inside,
    all: () => list,
    get: (no) => drawn.get(no) ?? null,
    published: () => [...published.values()],
    publishedOne: (no) => published.get(no) ?? null,
  };
};

/** Places of the unit square and back, and what is measured on the ground between them. */
gridkeeper.plane = (() => {
  const UNIT = 2 ** 24;
  const EARTH_M = 6371008.8;
  const latitude = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  const metresAt = (y) => 2 * Math.PI * EARTH_M * Math.cos((latitude(y) * Math.PI) / 180);

  return {
    /** [lon, lat] of a place, on the lattice. */
    lonLat: ({ x, y }) => [Math.round((x * 360 - 180) * UNIT) / UNIT, Math.round(latitude(y) * UNIT) / UNIT],
    /** Metres that one unit of the square is long at a place. */
    metresAt,
    lengthM: (points) => points.slice(1).reduce((sum, to, at) => sum + Math.hypot(to.x - points[at].x, to.y - points[at].y) * metresAt(to.y), 0),
    areaM2(points) {
      if (points.length < 3) return 0;
      const twice = points.reduce((sum, one, at) => {
        const next = points[(at + 1) % points.length];
        return sum + (one.x * next.y - next.x * one.y);
      }, 0);
      return (Math.abs(twice) / 2) * metresAt(points[0].y) ** 2;
    },
  };
})();
