// What a draft would do, beside the map: grids before and after, balance, who gives what to whom, and what is wrong.
"use strict";

gridkeeper.plannerEffects = ({ container, show, nameOf, setSettings }) => {
  const { config, el, t, word, number } = gridkeeper;
  const MOST_GRIDS = 40;
  const ORDER = ["changed", "new", "ended"];
  const MOST_ROWS = 30;
  const decimals = (digits) => {
    const format = new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value) => format.format(value);
  };
  const [whole, one, two] = [0, 1, 2].map(decimals);
  // Each measure with how it is written; metres and square metres are told in larger units.
  const MEASURES = {
    area_m2: (value) => two(value / 1e4), people: whole, households: whole, buildings: whole, street_m: (value) => two(value / 1000),
    cases_per_month: one, open_cases: whole, staff_hours: one, compactness: two, parts: whole,
  };
  const UNITS = { area_m2: 1e4, street_m: 1000 };
  const percent = (share) => `${one(share * 100)} %`;
  const known = (value) => value !== null && value !== undefined;
  const link = (text, act, pressed) => el("button", { type: "button", class: "gk-link", "aria-pressed": pressed ? "true" : null, onclick: act }, text);
  let last = null;

  const section = (id, title, ...children) => el("section", { class: "gkp-effect", id: `gkp-${id}` }, el("h2", {}, title), ...children);

  /** A word of the catalogue, else the sentence of the service. */
  const problemText = ({ code, detail }) => config.strings[`problem.${code}`] ?? detail ?? code;

  /** What makes an edit impossible, or what of a possible one should be looked at. */
  function problems({ problems: noted, refused }) {
    const found = refused ?? noted;
    if (!found?.length) return null;
    const rows = found.map((problem) => {
      const text = problemText(problem);
      const about = problem.grids?.length ? t("planner.aside", { what: text, aside: problem.grids.map(nameOf).join(", ") }) : text;
      return el("li", {}, about, problem.where ? [" ", link(t("planner.effects.show"), () => show(problem.where, { fly: true }))] : null);
    });
    return section(refused ? "problems" : "notes", t(refused ? "planner.effects.problems" : "planner.effects.notes"), el("ul", {}, rows));
  }

  function change(before, after, write) {
    if (!known(before) || !known(after)) return ["", ""];
    const [was, is] = [write(before), write(after)];
    if (was === is) return ["", t("planner.effects.same")];
    const up = after > before;
    return [up ? "up" : "down", `${up ? "▲ +" : "▼ −"}${write(Math.abs(after - before))}`];
  }

  /** Measures before and after with their difference, one below the other: [{name, title, before, after, write, tone(way)}]. */
  function compared(caption, rows) {
    const value = (row, when) => (known(row[when]) ? row.write(row[when]) : "–");
    const box = el("div", {});
    gridkeeper.table(box, [
      { key: "measure", title: t("planner.effects.measure"), value: (row) => row.title, heads: true },
      { key: "before", title: t("planner.effects.before"), value: (row) => value(row, "before") },
      { key: "after", title: t("planner.effects.after"), value: (row) => value(row, "after") },
      { key: "difference", title: t("planner.effects.difference"), value: (row) => row.change[1], tone: (row) => row.change[0] && `gkp-${row.tone(row.change[0])}` },
    ], { caption, empty: "", sorts: false, data: (row) => ({ measure: row.name }) })
      .show(rows.map((row) => ({ ...row, change: change(row.before, row.after, row.write) })));
    return box;
  }

  function measures(caption, { before, after }) {
    const rows = Object.entries(MEASURES).filter(([name]) => known(before?.[name]) || known(after?.[name]));
    return compared(caption, rows.map(([name, write]) => ({ name, write, title: word("measure", name), before: before?.[name], after: after?.[name], tone: (way) => way })));
  }

  function grids({ grids: all = [], changed }) {
    if (!all?.length) return null;
    const moving = all.filter((one) => one.status !== "same ground").sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
    const touched = all.filter((one) => one.status === "same ground");
    const called = (grid) => grid.name || grid.code || nameOf(grid.grid_no);
    const some = moving.slice(0, MOST_GRIDS).map((grid) =>
      el(
        "article", { class: "gkp-grid", "data-grid": grid.grid_no },
        el("header", {}, el("h3", {}, called(grid)), el("span", { class: `gkp-status gkp-status-${grid.status.replace(" ", "-")}` }, word("grid_status", grid.status))),
        measures(called(grid), grid),
      ),
    );
    const more = moving.length > some.length ? el("p", { class: "gk-note" }, t("planner.effects.more", { n: number(moving.length - some.length) })) : null;
    const rest = touched.length ? el("p", { class: "gk-note" }, t("planner.effects.touched", { grids: touched.slice(0, MOST_GRIDS).map((one) => nameOf(one.grid_no)).join(", ") })) : null;
    return section("grids", t("planner.effects.grids", { n: number(moving.length) }), some, more, rest);
  }

  function balance({ balance: found }) {
    if (!found?.before || !found.after) return null;
    const row = (key, name) => ({ name, title: t(key), before: found.before[name], after: found.after[name], write: two, tone: (way) => (way === "up" ? "worse" : "better") });
    const write = MEASURES[found.measure] ?? two;
    const worst = (found.after.worst ?? []).slice(0, 3).map((grid) => el("li", {}, t("planner.says", { who: nameOf(grid.grid_no), what: t("planner.aside", { what: write(grid.value), aside: `${grid.deviation > 0 ? "+" : "−"}${percent(Math.abs(grid.deviation))}` }) })));
    return section(
      "balance", t("planner.effects.balance"),
      measureChoice(found.measure),
      compared(t("planner.effects.balance"), [row("planner.effects.imbalance", "imbalance"), row("planner.effects.cv", "cv"), row("planner.effects.max", "max_over_mean")]),
      band(found),
      worst.length ? [el("p", { class: "gk-note" }, t("planner.effects.worst")), el("ol", { class: "gkp-worst" }, worst)] : null,
    );
  }

  function measureChoice(chosen) {
    const options = [...document.querySelectorAll("#gkp-suggest-measure option")].map((one) => one.value);
    const select = el("select", { id: "gkp-measure", onchange: (event) => setSettings({ measure: event.target.value, band: null }) }, options.map((name) => el("option", { value: name, selected: name === chosen }, word("measure", name))));
    return el("label", { class: "gkp-field", for: "gkp-measure" }, t("planner.effects.by"), select);
  }

  /** The band that grids should keep to, in the unit that is shown, and how many do not. */
  function band({ band: found, measure }) {
    const unit = UNITS[measure] ?? 1;
    const field = (id, key, value) => el("input", { id, type: "number", step: "any", required: true, "aria-label": t(key), placeholder: t(key), value: found ? String(Math.round((value / unit) * 1000) / 1000) : null });
    const set = (event) => {
      event.preventDefault();
      const [low, high] = ["gkp-low", "gkp-high"].map((id) => Number(document.getElementById(id).value) * unit);
      setSettings({ measure, band: { low, high } });
    };
    const form = el("form", { class: "gk-row gkp-band", onsubmit: set }, field("gkp-low", "planner.effects.low", found?.low), field("gkp-high", "planner.effects.high", found?.high), el("button", { type: "submit", class: "gk-button gk-quiet", id: "gkp-band-set" }, t("planner.effects.set_band")));
    if (!found) return form;
    const write = MEASURES[measure] ?? two;
    return [el("p", {}, t("planner.effects.band", { low: write(found.low), high: write(found.high), before: number(found.outside_before), after: number(found.outside_after) })), form];
  }

  const orNobody = (no) => (known(no) ? nameOf(no) : t("planner.effects.nobody"));

  function transfers({ transfers: found = [] }) {
    if (!found?.length) return null;
    const rows = found.slice(0, MOST_ROWS).map((one) =>
      el(
        "li", {},
        link(t("planner.effects.gives", { from: orNobody(one.from), to: orNobody(one.to), area: MEASURES.area_m2(one.area_m2) }), () => show(one.shape, { fly: false })),
        el("span", { class: "gk-note" }, t("planner.effects.gives_what", { buildings: number(one.buildings), households: number(one.households), people: number(one.people), cases: number(one.cases), open: number(one.open_cases) })),
      ),
    );
    return section("transfers", t("planner.effects.transfers"), el("ul", { class: "gkp-rows" }, rows));
  }

  function cases({ cases: found }) {
    if (!found) return null;
    const sample = (found.sample ?? []).slice(0, 8).join(", ");
    return section("cases", t("planner.effects.cases"), el("p", {}, t("planner.effects.cases_change", { n: number(found.changing_hands), open: number(found.open_changing_hands) })), sample ? el("p", { class: "gk-note" }, t("planner.effects.cases_sample", { numbers: sample })) : null);
  }

  function duties({ duties: found = [] }) {
    if (!found?.length) return null;
    const rows = found.slice(0, MOST_ROWS).map((one) => el("li", {}, t("planner.says", { who: `${one.name} · ${word("role", one.role)} · ${nameOf(one.grid_no)}`, what: word("duty", one.what) })));
    return section("duties", t("planner.effects.duties"), el("ul", { class: "gkp-rows" }, rows));
  }

  function boards({ boards: found }) {
    if (!found || !(found.grids?.length || found.buildings_total)) return null;
    const rows = (found.grids ?? []).slice(0, MOST_ROWS).map((one) => el("li", {}, one.name || one.code || nameOf(one.grid_no)));
    return section("boards", t("planner.effects.boards"), el("p", {}, t("planner.effects.boards_sum", { grids: number(found.grids?.length ?? 0), buildings: number(found.buildings_total) })), el("ul", { class: "gkp-rows" }, rows));
  }

  function nesting({ nesting: found = [] }) {
    if (!found?.length) return null;
    const rows = found.slice(0, MOST_ROWS).map((one) =>
      el("li", {}, link(t("planner.effects.outside", { grid: nameOf(one.grid_no), area: one.area_name ?? one.area_code, outside: MEASURES.area_m2(one.outside_m2) }), () => show(one.where, { fly: true }))),
    );
    return section("nesting", t("planner.effects.nesting"), el("ul", { class: "gkp-rows" }, rows));
  }

  /** The few figures that a planner looks at first. */
  function summary({ balance: spread, cases: moving, transfers: given }) {
    if (!moving || !given?.length) return null;
    const sum = (name) => number(given.reduce((all, one) => all + one[name], 0));
    const figure = (key, value) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
    return el(
      "dl", { class: "gkp-summary", id: "gkp-summary" },
      figure("planner.effects.sum_cases", t("planner.aside", { what: number(moving.changing_hands), aside: number(moving.open_changing_hands) })),
      figure("planner.effects.sum_households", sum("households")),
      spread?.after ? figure("planner.effects.imbalance", `${two(spread.before.imbalance)} → ${two(spread.after.imbalance)}`) : null,
    );
  }

  const PARTS = [problems, summary, grids, transfers, cases, balance, duties, boards, nesting];

  function render(preview) {
    const kept = container.contains(document.activeElement) ? document.activeElement.id : "";
    const parts = PARTS.map((part) => part(preview)).filter(Boolean);
    const isQuiet = !preview.refused && !preview.problems?.length && !preview.grids?.length;
    container.replaceChildren(...(isQuiet ? [el("p", { class: "gk-empty" }, t("planner.effects.none"))] : []), ...parts);
    if (kept) document.getElementById(kept)?.focus();
  }

  return {
    problemText,
    MEASURES,
    /** Show a preview; while an edit is refused, the figures of the last one that was not stay. */
    show(preview) {
      if (preview.grids) last = preview;
      render(preview.grids ? preview : { ...(last ?? {}), refused: preview.problems });
    },
    clear() {
      last = null;
      container.replaceChildren(el("p", { class: "gk-empty" }, t("planner.effects.none")));
    },
  };
};
