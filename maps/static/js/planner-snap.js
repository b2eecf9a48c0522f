// Where the pointer means: corners and borders of grids, and streets, draw it to themselves.
"use strict";

gridkeeper.plannerSnap = ({ map, ground, scheme, isOn }) => {
  const { service, mercator } = gridkeeper;
  const FROM_ZOOM = 14;
  const MOST_STREETS = 3000;
  const TAKEN = 5e-9; // of the unit square, about 20 cm
  let streets = [];
  let asked = new AbortController();
  let soon = 0;

  function flat(feature) {
    const { type, coordinates } = feature.geometry;
    const lines = type === "LineString" ? [coordinates] : coordinates;
    return lines.map((line) => {
      const points = line.map(([lon, lat]) => ({ x: mercator(lon, lat)[0], y: mercator(lon, lat)[1] }));
      return { points, box: gridkeeper.boxOf([Float64Array.from(points.flatMap(({ x, y }) => [x, y]))]) };
    });
  }

  async function read() {
    asked.abort();
    if (!isOn() || !scheme() || map.getZoom() < FROM_ZOOM) return;
    asked = new AbortController();
    const view = map.getBounds().pad(0.1);
    const bbox = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((value) => value.toFixed(6)).join();
    const query = new URLSearchParams({ scheme: scheme(), bbox, limit: String(MOST_STREETS) });
    const page = await service.json(`/api/v1/layers/streets/items?${query}`, asked.signal);
    streets = page.features.flatMap(flat);
  }

  function onStreet(x, y, reach) {
    let best = null;
    const nearer = (found) => { if (found.apart <= (best?.apart ?? reach)) best = found; };
    for (const { points, box } of streets) {
      if (x < box[0] - reach || x > box[2] + reach || y < box[1] - reach || y > box[3] + reach) continue;
      points.forEach((to, at) => {
        // A bend of the street is meant before a place along it.
        nearer({ x: to.x, y: to.y, apart: Math.hypot(to.x - x, to.y - y) / 2 });
        if (at > 0) nearer(foot(points[at - 1], to, x, y));
      });
    }
    return best;
  }

  function foot(from, to, x, y) {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const long = dx * dx + dy * dy;
    const share = long ? Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / long)) : 0;
    const at = { x: from.x + share * dx, y: from.y + share * dy };
    return { ...at, apart: Math.hypot(at.x - x, at.y - y) };
  }

  map.on("moveend", () => { clearTimeout(soon); soon = setTimeout(() => service.run(read()), 250); });

  return {
    read: () => service.run(read()),

    /** The place a pointer means; `streetsOnly` for a corner that may not land on another. */
    of(pointer, { streetsOnly = false } = {}) {
      const plain = { x: pointer.x, y: pointer.y };
      if (!isOn() || pointer.free) return plain;
      const hit = streetsOnly ? null : ground.near(pointer.x, pointer.y, pointer.reach);
      if (hit) return { x: hit.x, y: hit.y, snapped: true, place: hit.place };
      const street = onStreet(pointer.x, pointer.y, pointer.reach);
      // Where a border lies on the street already, a corner that lands there would be refused.
      if (street && streetsOnly && ground.near(street.x, street.y, TAKEN)) return plain;
      return street ? { x: street.x, y: street.y, snapped: true } : plain;
    },
  };
};
