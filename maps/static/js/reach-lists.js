// The tables below the map: grids, areas, stations, and where one more would help.
"use strict";

gridkeeper.reachLists = ({ openGrid, openArea, openMark }) => {
  const { el, t, number, word, reachMeasures: measures } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  // What a person can read through; the files have them all.
  const MOST = 500;
  const found = {};
  let shown = "grids";

  const link = (text, act) => el("button", { type: "button", class: "gk-link", onclick: act }, text);
  const text = (key, title) => ({ key, title: t(title), value: (row) => row[key] });
  const told = (key, title, say) => ({ key, title: t(title), style: "gk-number", value: (row) => row[key], cell: (row) => say(row[key]) });
  const opens = (key, title, act) => ({ key, title: t(title), value: (row) => row[key], cell: (row) => link(String(row[key]), () => act(row)) });

  const ofRow = (key, title) => ({ ...told(key, title), cell: (row) => measures.row(row)[key] });
  const reached = [
    text("name", "card.name"),
    told("buildings", "reach.buildings", measures.count),
    ofRow("share", "reach.measure.share"),
    ofRow("people", "reach.people"),
    ofRow("people_share", "reach.measure.people_share"),
    ofRow("median_min", "reach.median"),
    ofRow("longest_min", "reach.longest"),
  ];
  const columns = {
    grids: [opens("code", "card.code", openGrid), ...reached],
    areas: [openArea ? opens("code", "card.code", openArea) : text("code", "card.code"), { ...text("level", "reach.level"), cell: (row) => word("reach.level", row.level) }, ...reached],
    stations: [
      opens("name", "card.name", openMark),
      { ...text("service", "reach.service"), cell: (row) => word("reach.service", row.service) },
      told("buildings", "reach.nearest_of", measures.count),
      told("people", "reach.nearest_of_people", measures.count),
    ],
    sites: [
      opens("rank", "card.number", openMark),
      text("street", "reach.street"),
      told("gains_people", "reach.gains_people", measures.count),
      told("gains_buildings", "reach.gains_buildings", measures.count),
      told("share_after", "reach.share_after", measures.share),
    ],
  };
  const tables = Object.fromEntries(
    Object.entries(columns).map(([key, of]) => [key, gridkeeper.table($(`gkw-list-${key}`), of, { caption: t(`reach.tab.${key}`), empty: t(`reach.none.${key}`), most: MOST })]),
  );

  function note() {
    const count = found[shown]?.length ?? 0;
    $("gkw-list-note").textContent = count > MOST ? t("patrol.list.first", { n: number(MOST), all: number(count) }) : t("patrol.list.all", { n: number(count) });
  }

  return {
    show(key, rows) {
      found[key] = rows;
      tables[key].show(rows);
      note();
    },

    /** The tab that is open. */
    turn(key) {
      shown = key;
      note();
    },

    rows: (key) => found[key] ?? [],
  };
};
