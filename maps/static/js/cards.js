// What a popup says about a case, a grid or a bin. Every value becomes text, never markup.
"use strict";

gridkeeper.cards = (() => {
  const { config, el, t, word, number, times } = gridkeeper;

  const metres = (value) => t("unit.metres", { n: value < 10 ? value.toFixed(1) : number(Math.round(value)) });
  const place = (grid) => [grid.code, grid.name].filter((part, at, all) => part && all.indexOf(part) === at).join(" ");

  function facts(rows) {
    const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
    return el("dl", { class: "gk-facts" }, known.flatMap(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)]));
  }

  function person(someone) {
    if (!someone) return null;
    const name = someone.role ? `${someone.name} (${word("role", someone.role)})` : someone.name;
    return someone.phone ? [name, el("br"), el("a", { href: `tel:${someone.phone}` }, someone.phone)] : name;
  }

  /** A small coloured word for a state. */
  function state(code) {
    return el("span", { class: "gk-state" }, el("i", { class: `gk-dot gk-dot-${code}` }), word("state", code));
  }

  function reasons(list) {
    if (!list?.length) return null;
    return el("section", {}, el("h3", {}, t("card.reasons")), el("ul", {}, list.map((one) => el("li", {}, one[config.lang]))));
  }

  function events(list, zone) {
    if (!list?.length) return null;
    const rows = list.map((one) => el("li", {}, el("time", { datetime: one.at }, times.show(one.at, zone)), " ", one[config.lang]));
    return el("details", {}, el("summary", {}, t("card.events", { n: list.length })), el("ol", { class: "gk-events" }, rows));
  }

  function flags(one) {
    const found = [];
    if (one.near_border) found.push(t("flag.near_border"));
    if (one.state === "queued") found.push(t("flag.queued"));
    if (!one.grid && one.outside_m > 0) found.push(t("flag.outside"));
    return found.length ? el("p", { class: "gk-flags" }, found.map((flag) => el("span", { class: "gk-flag" }, flag))) : null;
  }

  function owner(one) {
    const differs = one.owner_person && one.owner_person.name !== one.person?.name;
    return differs ? person(one.owner_person) : null;
  }

  /** Everything known about one case. */
  function caseCard(one, zone) {
    return el(
      "article", { class: "gk-card" },
      el("header", {}, el("h2", {}, one.number), state(one.state)),
      flags(one),
      facts([
        ["card.category", one.category && word("matter", one.category)],
        ["card.description", one.description],
        ["card.occurred", times.show(one.occurred_at, zone, one.occurred_precision)],
        ["card.received", times.show(one.received_at, zone)],
        ["card.grid", one.grid ? place(one.grid) : t("card.no_grid")],
        ["card.nearest", one.grid || !one.nearest_grid ? null : place(one.nearest_grid)],
        ["card.outside", one.outside_m > 0 ? metres(one.outside_m) : null],
        ["card.edge", Number.isFinite(one.edge_distance_m) ? metres(one.edge_distance_m) : null],
        ["card.second", one.second_grid ? place(one.second_grid) : null],
        ["card.person", person(one.person)],
        ["card.owner", owner(one)],
      ]),
      reasons(one.reasons),
      events(one.events, zone),
    );
  }

  /** A grid with its count and its responsible person. */
  function gridCard(one, count) {
    const lead = one.lead ? { name: one.lead, phone: one.lead_phone } : null;
    return el(
      "article", { class: "gk-card" },
      el("header", {}, el("h2", {}, one.name || one.code)),
      facts([
        ["card.code", one.code],
        ["card.cases", number(count)],
        ["card.lead", one.lead === undefined ? null : person(lead) ?? t("card.vacant")],
        ["card.area", Number.isFinite(one.area_m2) ? t("unit.hectares", { n: number(Math.round(one.area_m2 / 1000) / 10) }) : null],
      ]),
    );
  }

  /** Several cases at one spot: a list to choose from. */
  function choice(numbers, choose) {
    const items = numbers.map((one) => el("li", {}, el("button", { type: "button", class: "gk-link", onclick: () => choose(one) }, one)));
    return el("article", { class: "gk-card" }, el("header", {}, el("h2", {}, t("card.several", { n: numbers.length }))), el("ul", {}, items));
  }

  /** Open a card on the map; on a phone it leaves room at the edges. */
  function open(map, latlng, content) {
    const width = Math.min(320, map.getSize().x - 56);
    const popup = L.popup({ maxWidth: width, minWidth: Math.min(240, width), maxHeight: Math.max(160, map.getSize().y - 90) });
    popup.setLatLng(latlng).setContent(content).openOn(map);
    const close = popup.getElement().querySelector(".leaflet-popup-close-button");
    close?.setAttribute("aria-label", t("card.close"));
    return popup;
  }

  return { caseCard, gridCard, choice, open, facts, state, place };
})();
