// The list under the map: cases and grids in view.
"use strict";

gridkeeper.casesList = ({ openCase, openGrid, countOf, zone }) => {
  const { el, t, word, number, cards, times } = gridkeeper;
  const link = (text, act) => el("button", { type: "button", class: "gk-link", onclick: act }, text);
  const flag = (one) => (one.near_border ? el("span", { class: "gk-flag" }, t("flag.near_border")) : null);

  const cases = gridkeeper.table(
    document.getElementById("gk-list-cases"),
    [
      { key: "number", title: t("card.number"), value: (one) => one.number, cell: (one) => link(one.number, () => openCase(one)) },
      { key: "state", title: t("card.state"), value: (one) => one.state, cell: (one) => cards.state(one.state) },
      { key: "category", title: t("card.category"), value: (one) => one.category && word("matter", one.category) },
      { key: "occurred", title: t("card.occurred"), value: (one) => one.occurred_at, cell: (one) => times.show(one.occurred_at, zone(), one.occurred_precision), style: "gk-when" },
      { key: "grid", title: t("card.grid"), value: (one) => one.grid_name || one.grid_code || t("card.no_grid"), style: "gk-wide" },
      { key: "flags", title: t("card.flags"), value: (one) => (one.near_border ? 0 : 1), cell: flag, style: "gk-wide" },
    ],
    { caption: t("list.cases_caption"), empty: t("list.no_cases") },
  );
  const grids = gridkeeper.table(
    document.getElementById("gk-list-grids"),
    [
      { key: "code", title: t("card.code"), value: (one) => one.code, cell: (one) => link(one.code, () => openGrid(one)) },
      { key: "name", title: t("card.name"), value: (one) => one.name },
      { key: "cases", title: t("card.cases"), value: (one) => countOf(one.grid_no), cell: (one) => number(countOf(one.grid_no)), style: "gk-number" },
      { key: "lead", title: t("card.lead"), value: (one) => one.lead ?? t("card.vacant") },
    ],
    { caption: t("list.grids_caption"), empty: t("list.no_grids") },
  );
  return { cases, grids, note: (text) => { document.getElementById("gk-list-note").textContent = text; } };
};
