// The cases behind a place of the hot spots' map: a table of them, dots on the map, and each one's card.
"use strict";

gridkeeper.hotspotsCases = ({ map, layer, query, zone, shell }) => {
  const { el, t, word, number, times, cards, service, hotspotsCards: says } = gridkeeper;
  const API = "/api/v1";
  const MOST = 1000;
  const $ = (id) => document.getElementById(id);
  let reading = new AbortController();
  const table = gridkeeper.table($("gkh-list-cases"), [
    { key: "number", title: t("card.number"), value: (one) => one.number, cell: (one) => says.link(one.number, () => service.run(open(one))) },
    { key: "state", title: t("card.state"), value: (one) => one.state, cell: (one) => cards.state(one.state) },
    { key: "category", title: t("card.category"), value: (one) => one.category && word("matter", one.category) },
    { key: "occurred", title: t("card.occurred"), value: (one) => one.occurred_at, cell: (one) => times.show(one.occurred_at, zone(), one.occurred_precision), style: "gk-when" },
    { key: "grid", title: t("card.grid"), value: (one) => one.grid_name || one.grid_code, style: "gk-wide" },
  ], { caption: t("list.cases"), empty: t("hotspots.none.cases") });

  /** The card of one case, with the way to where it can be dealt with. */
  async function open({ number: wanted }) {
    const one = await service.json(`${API}/cases/${encodeURIComponent(wanted)}`);
    const place = L.latLng(one.position.lat, one.position.lon);
    shell.showMap();
    map.setView(place, Math.max(map.getZoom(), 16), { animate: false });
    const card = cards.caseCard(one, zone());
    card.append(el("p", {}, el("a", { href: `/dispatch?case=${encodeURIComponent(one.number)}` }, t("hotspots.to_dispatch"))));
    cards.open(map, place, card);
  }

  /** Read and show them: in a grid, or in bounds and there `among` some numbers or `within` a distance. */
  async function read({ grid, bounds, among, within, when, title }) {
    reading.abort();
    reading = new AbortController();
    const asked = query({ what: "cases", more: when });
    asked.set("limit", String(MOST));
    if (grid) asked.set("grid", grid);
    else asked.set("bbox", bounds.toBBoxString());
    const found = await service.json(`${API}/hotspots/cases?${asked}`, reading.signal);
    const isMeant = (one) => (!among || among.has(one.number)) && (!within || map.distance(within.latlng, [one.lat, one.lon]) <= within.radius);
    const rows = found.cases.filter(isMeant);
    table.show(rows);
    layer.setFeatures(rows.map((one) => ({ type: "Feature", geometry: { type: "Point", coordinates: [one.lon, one.lat] }, properties: one })));
    const isAll = found.cases.length < MOST && !(among && among.size >= 100);
    $("gkh-note").textContent = t(isAll ? "hotspots.cases_of" : "hotspots.cases_first", { place: title, n: number(rows.length) });
    shell.openList("gkh-tab-cases");
  }

  return {
    read: (place) => service.run(read(place)),

    /** Other cases are counted: what was shown goes. */
    forget() {
      reading.abort();
      table.show([]);
      layer.setFeatures([]);
      $("gkh-note").textContent = "";
      if (!$("gkh-list-cases").hidden) $("gkh-tab-found").click();
    },

    /** Open the case whose dot lies at a place; whether there is one. */
    openAt(latlng) {
      const [mark] = layer.at(latlng);
      if (mark?.properties) service.run(open(mark.properties));
      return Boolean(mark?.properties);
    },
  };
};
