// The tables below the map: by grid and by person with the quality of each, points, plans, fixes, who is on shift.
"use strict";

gridkeeper.patrolLists = ({ cards, zone, openGrid, choosePerson, showFixes, showFix, showPoint, showPerson }) => {
  const { el, t, word, number, times, patrolMeasures: measures } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  // What a person can read through; the files have them all.
  const MOST = 500;
  const link = (text, act) => (text === null || text === "" ? "" : el("button", { type: "button", class: "gk-link", onclick: act }, text));
  const at = (instant) => (instant ? times.show(instant, zone()) : null);
  const found = {};
  let shown = "grids";

  /** A number that opens into the fixes it is made of. */
  const opens = (key, text, whose) => ({
    key, style: "gk-number", title: t(`patrol.measure.${key}`), value: (row) => row[key],
    cell: (row) => {
      const said = text(row[key]);
      return said === null ? measures.rate(null, row) : link(said, () => showFixes(whose(row)));
    },
  });
  const plain = (key, title, text = measures.count, style = "gk-number") => ({ key, title: t(title), style, value: (row) => row[key], cell: (row) => text(row[key]) });
  const text = (key, title, style = null) => ({ key, title: t(title), style, value: (row) => row[key] });
  /** How well it is known, and below it why a rate is not shown. */
  const quality = {
    key: "quality", title: t("patrol.quality"), style: "gkr-quality", value: (row) => row.quality?.interval_median_s,
    cell: (row) => el("div", {}, measures.quality(row.quality), (row.withheld ?? []).map((one) => el("p", {}, measures.reason(one)))),
  };

  const ofGrid = (row) => ({ grid: row.code });
  const grids = [
    { key: "code", title: t("card.code"), value: (row) => row.code, cell: (row) => link(row.code, () => openGrid(row)) },
    text("name", "card.name"),
    opens("area_share", measures.share, ofGrid),
    opens("street_share", measures.share, ofGrid),
    opens("building_share", measures.share, ofGrid),
    quality,
    plain("dwelled", "patrol.dwelled"),
    opens("visits", measures.count, ofGrid),
    plain("dwell_s", "patrol.dwell", measures.span),
    plain("revisit_median_s", "patrol.revisit", measures.span),
    plain("last_visit", "patrol.last_visit", at, null),
    { key: "days_since", title: t("patrol.measure.days_since"), style: "gk-number", value: (row) => row.days_since, cell: (row) => measures.told("days_since", row.days_since) },
  ];
  const ofPerson = (row) => (row.staff_no ? { staff: row.staff_no } : { device: row.device });
  const people = [
    { key: "name", title: t("patrol.person"), value: (row) => row.name ?? row.device, cell: (row) => link(row.name ?? row.device, () => choosePerson(ofPerson(row))) },
    text("team", "patrol.team"),
    opens("km", measures.decimal, ofPerson),
    plain("hours", "patrol.hours", measures.decimal),
    { ...plain("on_grid_share", "patrol.on_grid"), cell: (row) => measures.rate(measures.share(row.on_grid_share), row) },
    quality,
    plain("grids_visited", "patrol.grids_visited"),
    plain("finds", "patrol.finds"),
    { ...plain("finds_per_10km", "patrol.finds_per_10km"), cell: (row) => measures.rate(measures.decimal(row.finds_per_10km), row) },
    { key: "dropped", title: t("patrol.dropped"), style: "gk-number", value: (row) => left(row.fates), cell: dropped },
    text("staff_no", "patrol.staff_no"),
  ];
  const points = [
    { key: "label", title: t("card.number"), value: (row) => row.label, cell: (row) => link(row.label, () => showPoint(row)) },
    text("name", "card.name"),
    { key: "state", title: t("patrol.point.state"), value: (row) => gridkeeper.pointStanding(row), cell: (row) => standing(gridkeeper.pointStanding(row)) },
    plain("due", "patrol.due"), ...["done", "late", "partial", "missed", "not_yet"].map((state) => plain(state, `patrol.point.${state}`)),
    { key: "people", title: t("patrol.people"), value: (row) => names(row.people) },
  ];
  const plans = [
    text("label", "card.number"), { key: "who", title: t("patrol.who"), value: (row) => row.who },
    text("day", "patrol.day"), text("window", "patrol.window"),
    { key: "state", title: t("card.state"), value: (row) => row.state, cell: (row) => standing(row.state) },
    {
      key: "missing", title: t("patrol.missing"), style: "gkr-reason", value: (row) => names(row.missing),
      cell: (row) => el("div", {}, row.missing.map((one) => el("p", {}, lacking(one))), (row.withheld ?? []).map((one) => el("p", {}, measures.reason(one)))),
    },
  ];
  const fixes = [
    { key: "at", title: t("patrol.at"), value: (row) => row.at, cell: (row) => link(cards.seconds(row.at), () => showFix(row)) },
    { key: "name", title: t("patrol.person"), value: (row) => row.name },
    { key: "lon", title: t("patrol.lon"), style: "gk-number", value: (row) => row.lon, cell: (row) => row.lon.toFixed(6) },
    { key: "lat", title: t("patrol.lat"), style: "gk-number", value: (row) => row.lat, cell: (row) => row.lat.toFixed(6) },
    { key: "accuracy_m", title: t("patrol.accuracy"), style: "gk-number", value: (row) => row.accuracy_m, cell: (row) => measures.metres(row.accuracy_m) },
    { key: "what", title: t("patrol.used"), style: "gkr-reason", value: (row) => row.what },
  ];
  const live = [
    { key: "name", title: t("patrol.person"), value: (row) => row.name ?? row.device, cell: (row) => link(row.name ?? row.device, () => showPerson(row)) },
    text("team", "patrol.team"),
    plain("at", "patrol.at", (instant) => cards.seconds(instant), null),
    plain("age_s", "patrol.age", measures.span),
  ];
  const columns = { grids, people, points, plans, fixes, live };
  const tables = Object.fromEntries(
    Object.entries(columns).map(([key, of]) => [key, gridkeeper.table($(`gkr-list-${key}`), of, { caption: t(`patrol.tab.${key}`), empty: t(`patrol.none.${key}`), most: MOST })]),
  );

  function left(fates) {
    return Object.entries(fates ?? {}).reduce((sum, [fate, count]) => (fate === "kept" ? sum : sum + count), 0);
  }

  /** How many fixes were left out; why, for whoever points at it. */
  function dropped(row) {
    const some = Object.entries(row.fates ?? {}).filter(([fate, count]) => fate !== "kept" && count);
    return some.length ? el("span", { title: some.map(([fate, count]) => `${cards.fate(fate)} ${number(count)}`).join(" ") }, number(left(row.fates))) : "0";
  }

  const standing = (state) => el("span", { class: "gk-state" }, el("i", { class: `gkr-point gkr-point-${state}` }), word("patrol.point", state));
  /** A place of a plan that is not done, and how long somebody stayed of the time that was asked. */
  const lacking = ({ code, name, state, dwell_s: dwell, demand_s: demand }) =>
    t("patrol.lacking", { place: code === name ? code : `${code} ${name}`, state: word("patrol.point", state), dwell: measures.span(dwell ?? 0), demand: measures.span(demand ?? 0) });
  const names = (list) => (Array.isArray(list) ? list.map((one) => one.name ?? one.label ?? one.code ?? one).join(", ") : list);

  /** Rows of a table, in the order of codes and names, which says nothing about anybody. */
  function show(key, rows) {
    found[key] = rows;
    tables[key].show(rows);
    note();
  }

  function note() {
    const count = found[shown]?.length ?? 0;
    $("gkr-list-note").textContent = count > MOST ? t("patrol.list.first", { n: number(MOST), all: number(count) }) : t("patrol.list.all", { n: number(count) });
  }

  /** The tab that is open. */
  function turn(key) {
    shown = key;
    note();
  }

  return { show, turn, rows: (key) => found[key] ?? [] };
};
