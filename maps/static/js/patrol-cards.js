// What a popup of the patrol page says: a grid's patrols, a fix, a stop, a point, a person, a street nobody was in.
"use strict";

gridkeeper.patrolCards = ({ zone }) => {
  const { el, t, word, times, cards, config, patrolMeasures: measures } = gridkeeper;
  const at = (instant) => times.show(instant, zone());
  const seconds = (instant) => `${at(instant)}:${String(new Date(instant).getUTCSeconds()).padStart(2, "0")}`;
  const card = (title, rows, ...more) => el("article", { class: "gk-card" }, el("header", {}, el("h2", {}, title)), cards.facts(rows), ...more);
  const nameOf = (one) => one.name ?? one.device;

  function withheld(row) {
    return row.withheld?.length ? el("div", {}, el("h3", {}, t("patrol.why_withheld")), el("ul", {}, row.withheld.map((one) => el("li", {}, measures.reason(one))))) : null;
  }

  function grid(row) {
    const rate = (measure) => measures.rate(measures.share(row[measure]), row);
    return card(row.name || row.code, [
      ["card.code", row.code],
      ["patrol.measure.area_share", rate("area_share")],
      ["patrol.measure.street_share", rate("street_share")],
      ["patrol.measure.building_share", rate("building_share")],
      ["patrol.measure.visits", measures.count(row.visits)],
      ["patrol.dwell", measures.span(row.dwell_s)],
      ["patrol.revisit", measures.span(row.revisit_median_s)],
      ["patrol.last_visit", row.last_visit ? at(row.last_visit) : t("patrol.never")],
      ["patrol.quality", measures.quality(row.quality)],
    ], withheld(row));
  }

  function fix({ trace, fix: index }) {
    return card(nameOf(trace), [
      ["patrol.at", seconds(trace.at[index])],
      ["patrol.team", trace.team],
      ["patrol.accuracy", measures.metres(trace.accuracy_m[index])],
      ["patrol.goes_on", index < trace.kind.length ? t(`patrol.leg.${trace.kind[index]}`) : null],
    ]);
  }

  function stop({ trace, stop: one }) {
    return card(nameOf(trace), [
      ["patrol.stop", measures.span(one.dwell_s)],
      ["period.from", at(one.from)],
      ["period.to", at(one.to)],
      ["patrol.radius", measures.metres(one.radius_m)],
    ]);
  }

  function point(one) {
    return card(`${one.label} ${one.name}`, [
      ["patrol.point.state", t(`patrol.point.${gridkeeper.pointStanding(one)}`)],
      ["patrol.due", measures.count(one.due)],
      ["patrol.point.done", measures.count(one.done)],
      ["patrol.point.late", measures.count(one.late)],
      ["patrol.point.partial", measures.count(one.partial)],
      ["patrol.point.missed", measures.count(one.missed)],
      ["patrol.people", one.people.map((someone) => someone.name).join(", ")],
    ]);
  }

  function person(one) {
    return card(nameOf(one), [
      ["patrol.team", one.team],
      ["patrol.device", one.device],
      ["patrol.at", seconds(one.at)],
      ["patrol.age", measures.span(one.age_s)],
    ]);
  }

  function unvisited({ kind, properties }) {
    const { name, days_since: days } = properties;
    return card(name || t(`layer.${kind}`), [["patrol.since", days === null ? t("patrol.never") : t("patrol.days", { n: days })]]);
  }

  const fate = (code) => config.strings[`fate.${code}`] ?? word("fate", code);

  return { grid, fix, stop, point, person, unvisited, seconds, fate, nameOf };
};
