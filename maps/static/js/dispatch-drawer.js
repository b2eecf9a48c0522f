// The open case: where it is in the loop, its clocks, who told of it, what was done, and what may be done.
"use strict";

gridkeeper.dispatchDrawer = ({ loop, steps }) => {
  const { el, t, clock, config, cards, keepFocus, number: count } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const STAGES = loop.stages.map((one) => one.name);
  const states = new Map(loop.states.map((one) => [one.name, one]));
  const stageName = (stage) => name(loop.stages.find((one) => one.name === stage));
  let detail = null;

  const name = (one) => one?.[config.lang] ?? "";
  const seconds = (at) => (at ? Date.parse(at) / 1000 : Infinity);

  /** Show a case in full; the form that is being filled in stays. */
  function show(found) {
    detail = found;
    $("gkd-case").hidden = false;
    $("gkd-title").textContent = name(found.matter) || t("dispatch.no_matter");
    $("gkd-number").textContent = found.number;
    $("gkd-case-flags").replaceChildren(...flags(found));
    $("gkd-stages").replaceChildren(...stages(found));
    $("gkd-facts").replaceChildren(facts(found));
    $("gkd-clocks").replaceChildren(...clocks(found));
    $("gkd-photos").replaceChildren(...photos(found));
    $("gkd-reporters").replaceChildren(...reporters(found));
    $("gkd-events").replaceChildren(...events(found));
    $("gkd-events-title").textContent = t("card.events", { n: count(found.events.length) });
    keepFocus($("gkd-drawer"), () => steps.show(found));
    tick();
  }

  function flags(found) {
    const said = [];
    if (found.urgency === "urgent") said.push(t("dispatch.flag.urgent"));
    if (found.supervised) said.push(t("dispatch.flag.supervised"));
    if (found.level) said.push(t("dispatch.flag.level", { n: found.level }));
    if (found.reworks) said.push(t("dispatch.flag.reworks", { n: found.reworks }));
    if (found.returns) said.push(t("dispatch.flag.returns", { n: found.returns }));
    if (found.near_border) said.push(t("flag.near_border"));
    if (found.override) said.push(t("dispatch.flag.override"));
    if (found.merged_into) said.push(t("dispatch.flag.merged", { number: found.merged_into }));
    return said.map((text) => el("span", { class: "gk-flag" }, text));
  }

  /** The six steps of the loop; what was passed, where it is, and what comes. */
  function stages(found) {
    const at = found.stage ? STAGES.indexOf(found.stage) : found.state === "archived" ? STAGES.length : -1;
    const rounds = (stage) => Math.max(0, ...found.clocks.filter((one) => one.stage === stage).map((one) => one.round));
    return STAGES.map((stage, nth) => {
      const place = nth < at ? "done" : nth === at ? "now" : "next";
      const again = rounds(stage) > 1 ? el("small", {}, t("dispatch.round", { n: rounds(stage) })) : null;
      return el("li", { class: `gkd-stage gkd-stage-${place}`, "data-stage": stage, "aria-current": place === "now" ? "step" : null }, el("i", { "aria-hidden": "true" }, place === "done" ? "✓" : String(nth + 1)), el("span", {}, stageName(stage)), again);
    });
  }

  function facts(found) {
    const person = found.person && [found.person.name, found.person.phone && el("a", { href: `tel:${found.person.phone}` }, ` ${found.person.phone}`)];
    const place = found.grid ? cards.place(found.grid) : t("card.no_grid");
    const rows = [
      ["card.description", found.description],
      ["card.grid", place],
      ["dispatch.handler", found.department ? name(found.department) : person],
      ["dispatch.assisting", found.assisting?.map(name).join(config.lang === "zh" ? "、" : ", ")],
      ["card.received", clock.show(found.received_at)],
      ["dispatch.place", t("status.place", { lon: found.position.lon.toFixed(6), lat: found.position.lat.toFixed(6) })],
    ].filter(([, value]) => value);
    return el("dl", { class: "gk-facts" }, rows.flatMap(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)]));
  }

  /** All clocks of the case that were not left undone: those that run by their deadline, then what was met, the newest first. */
  function clocks(found) {
    const live = found.clocks.filter((one) => !one.void);
    if (!live.length) return [el("li", { class: "gk-note" }, config.strings[`clock_name.${found.clock}`] ?? found.clock)];
    const nth = (one) => (one.met_at ? 1e12 - seconds(one.met_at) : Math.min(seconds(one.due_at), 1e11));
    return live.sort((a, b) => nth(a) - nth(b)).map((one) => {
      const what = one.milestone === "end" ? stageName(one.stage) : `${stageName(one.stage)} · ${config.strings[`milestone.${one.milestone}`] ?? one.milestone}`;
      const round = one.round > 1 ? ` ${t("dispatch.round", { n: one.round })}` : "";
      const runs = !one.met_at && found.clock === "running" && one.stage === found.stage;
      const met = one.met_at ? t(one.due_at && seconds(one.met_at) > seconds(one.due_at) ? "clock.met_late" : "clock.met", { at: clock.moment(one.met_at) }) : "";
      const until = one.due_at ? t("clock.until", { at: clock.moment(one.due_at) }) : config.strings[`clock_name.${found.clock}`] ?? "";
      return el("li", { "data-clock": `${one.stage}.${one.milestone}.${one.round}` }, el("span", {}, what + round), el("span", { class: "gk-note" }, until),
        el("b", runs && one.due_at ? { "data-due": seconds(one.due_at) } : {}, met || (found.clock === "paused" && !one.met_at ? t("clock_name.paused") : "")));
    });
  }

  function photos(found) {
    return found.photos.map((one) => {
      const address = `/api/v1/photos/${one.sha256}`;
      return el("a", { href: address, target: "_blank", rel: "noopener" }, el("img", { src: address, alt: t("dispatch.photo", { at: clock.moment(one.at) }), class: "gkd-photo", loading: "lazy" }));
    });
  }

  function reporters(found) {
    const list = found.reporters ?? [];
    if (list.length < 2) return [];
    const rows = list.map((one) => el("li", {}, `${one.number} · ${one.actor ?? ""} · ${clock.show(one.received_at)}`, one.description ? el("p", {}, one.description) : null));
    return [el("h3", {}, t("dispatch.reporters", { n: count(list.length) })), el("ul", {}, rows)];
  }

  function events(found) {
    return [...found.events].reverse().map((one) =>
      el("li", { "data-kind": one.kind }, el("time", { datetime: one.at }, clock.moment(one.at)), " ", name(one)));
  }

  /** Count down, every second. */
  function tick() {
    if (!detail || $("gkd-case").hidden) return;
    const due = seconds(detail.due_at);
    const kind = clock.KINDS[clock.kindOf(detail.clock, due, clock.now(), clock.dayEnd())];
    const state = el("span", { class: "gkd-now-state", "data-state": detail.state }, name(detail.state_names) || name(states.get(detail.state)));
    const mark = el("i", { class: `gkd-mark gkd-mark-${kind}`, "aria-hidden": "true" });
    const left = detail.stage ? el("span", { class: "gkd-now-left", role: "timer" }, clock.left(detail.clock, due, clock.exact)) : null;
    $("gkd-now").className = `gkd-now gkd-is-${kind}`;
    $("gkd-now").replaceChildren(state, ...(left ? [mark, left] : []));
    for (const one of $("gkd-clocks").querySelectorAll("[data-due]")) {
      one.textContent = clock.left("running", Number(one.dataset.due), clock.exact);
    }
  }

  function close() {
    detail = null;
    $("gkd-case").hidden = true;
    steps.close();
  }

  return { show, tick, close, get number() { return detail?.number ?? null; } };
};
