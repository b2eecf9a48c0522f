// What a popup of the reach page says: a grid or an area, a station, a street, a place where one more would help.
"use strict";

gridkeeper.reachCards = (() => {
  const { el, t, cards, reachMeasures: measures } = gridkeeper;
  const card = (title, rows) => el("article", { class: "gk-card" }, el("header", {}, el("h2", {}, title)), cards.facts(rows));

  function place(row) {
    const told = measures.row(row);
    return card(row.name || row.code, [
      ["card.code", row.code],
      ["reach.buildings_within", measures.of(row.within, row.buildings)],
      ["reach.measure.share", told.share],
      ["reach.people_within", row.buildings ? measures.of(row.people_within, row.people) : null],
      ["reach.measure.people_share", told.people_share],
      ["reach.median", told.median_min],
      ["reach.longest", told.longest_min],
    ]);
  }

  function station(one) {
    return card(one.name, [
      ["reach.service", gridkeeper.word("reach.service", one.service)],
      ["reach.nearest_of", measures.count(one.buildings)],
      ["reach.nearest_of_people", measures.count(one.people)],
      ["reach.on_street", one.on_street === false ? t("reach.no") : null],
    ]);
  }

  function site(one) {
    return card(t("reach.site.n", { n: one.rank }), [
      ["reach.street", one.street],
      ["reach.gains_buildings", measures.count(one.gains_buildings)],
      ["reach.gains_people", measures.count(one.gains_people)],
      ["reach.share_after", measures.share(one.share_after)],
    ]);
  }

  function street(one) {
    return card(one.name || t("reach.street"), [
      ["reach.walk", measures.minutes(one.minutes)],
      ["reach.station", one.station_name],
    ]);
  }

  function building(one) {
    return card(one.name || one.address || t("reach.building"), [
      ["reach.walk", measures.minutes(one.minutes)],
      ["reach.station", one.station?.name],
      ["reach.is_within", t(one.within ? "reach.yes" : "reach.no")],
      ["reach.people", measures.count(one.people)],
      ["card.grid", one.grid && cards.place(one.grid)],
    ]);
  }

  return { building, place, station, site, street };
})();
