// The table below the hot spots' map: grids, clusters, steps, or the near repeats by distance and time.
"use strict";

gridkeeper.hotspotsLists = ({ openGrid, openCluster, openFrame, openPlace, gridAt, zone }) => {
  const { config, el, t, number, times, hotspotsCards: cards, hotspotsLooks: looks } = gridkeeper;
  // How many times as many as by chance make a cell a shade darker.
  const STEPS = [1, 1.1, 1.25, 1.5, 2];
  // So many of the densest places are listed.
  const PLACES = 20;
  const box = document.getElementById("gkh-list-found");
  const plain = (key, title, style = null) => ({ key, title: t(title), style, value: (row) => row[key] });
  const counted = (key, title, say = number) => ({ ...plain(key, title, "gk-number"), cell: (row) => (row[key] === null || row[key] === undefined ? "" : say(row[key])) });
  const code = { key: "code", title: t("card.code"), value: (row) => row.code, cell: (row) => cards.link(row.code, () => openGrid(row)) };
  const standing = (what, title) => ({
    key: "standing", title: t(title), value: (row) => rank(what, row),
    cell: (row) => el("span", { class: "gk-state" }, mark(looks.lookOf(what, looks.keyOf(what, row))), looks.textOf(what, looks.keyOf(what, row))),
  });
  const rank = (what, row) => (what === "emerging" ? looks.keyOf(what, row) : -row.z);
  const found = { key: "found", title: t("hotspots.is_found"), value: (row) => (row.found ? 0 : 1), cell: (row) => t(row.found ? "hotspots.yes" : "hotspots.no") };

  function columnsOf(what, answer) {
    if (what === "gi" || what === "moran") {
      return [
        code, plain("name", "card.name", "gk-wide"), counted("cases", "card.cases"),
        ...(answer.value === "count" ? [] : [counted("base", `hotspots.base.${answer.base}`), counted("value", "hotspots.value", cards.decimal)]),
        counted("z", "hotspots.z", cards.decimal), counted("p", "hotspots.p", cards.chance),
        ...(answer.permutations ? [counted("p_permuted", "hotspots.p_permuted", cards.chance)] : []),
        standing(what, "hotspots.standing"), found,
      ];
    }
    if (what === "emerging") {
      return [
        code, plain("name", "card.name", "gk-wide"), standing(what, "hotspots.class"), counted("cases", "card.cases"),
        { key: "weeks", title: t("hotspots.by_week"), value: (row) => row.weeks[row.weeks.length - 1], cell: (row) => cards.bars(row.weeks) },
        counted("trend_z", "hotspots.trend_z", cards.decimal), counted("trend_p", "hotspots.trend_p", cards.chance),
      ];
    }
    if (what === "clusters") {
      return [
        { key: "cluster", title: t("hotspots.cluster_no"), value: (row) => row.cluster, cell: (row) => cards.link(number(row.cluster + 1), () => openCluster(row)) },
        counted("n", "card.cases"), counted("diameter_m", "hotspots.diameter", (value) => t("unit.metres", { n: number(Math.round(value)) })),
        ...["first", "last"].map((key) => ({ key, title: t(`hotspots.${key}`), value: (row) => row[key], cell: (row) => times.show(row[key], zone()) })),
      ];
    }
    if (!isStepped(answer)) {
      return [
        { key: "rank", title: t("hotspots.rank"), value: (row) => row.rank, cell: (row) => cards.link(number(row.rank), () => openPlace(row)) },
        { key: "grid", title: t("card.grid"), value: (row) => row.grid },
        { key: "value", title: `${t("hotspots.density")} (${t(`hotspots.unit.${answer.unit}`)})`, style: "gk-number", value: (row) => row.value, cell: (row) => cards.short(row.value) },
      ];
    }
    return [
      { key: "label", title: t("fact.period"), value: (row) => row.label, cell: (row) => cards.link(row.label, () => openFrame(row.nth)) },
      counted("n", "card.cases"), counted("peak", "hotspots.peak", cards.short),
    ];
  }

  const isStepped = (answer) => answer.image.frames.length > 1;

  /** The rows of an answer: what stands out first, then as the service has them. */
  function rowsOf(what, answer, labels) {
    if (what === "clusters") return answer.features.map((one) => one.properties);
    if (what === "density" && !isStepped(answer)) return gridkeeper.densityPeaks(answer, PLACES).map((one, nth) => ({ ...one, rank: nth + 1, grid: gridAt(one) }));
    if (what === "density") return labels.map((label, nth) => ({ label, nth, ...answer.image.frames[nth] }));
    const weight = (row) => (looks.keyOf(what, row) === "none" ? 0 : what === "emerging" ? 1 : Math.abs(row.z ?? 0));
    return [...answer.grids].sort((a, b) => weight(b) - weight(a));
  }

  function mark(look) {
    const canvas = el("canvas", { width: 48, height: 32, class: "gkh-mark", "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    gridkeeper.swatch(context, look);
    return canvas;
  }

  /** Show an answer. Returns how many rows it has. */
  function show(what, answer, labels) {
    if (!answer?.n) {
      box.replaceChildren(el("p", { class: "gk-empty" }, t("hotspots.empty")));
      return 0;
    }
    if (what === "near") return near(answer.rows);
    const rows = rowsOf(what, answer, labels);
    const table = gridkeeper.table(box, columnsOf(what, answer), { caption: nameOf(what, answer), empty: t(`hotspots.none.${what}`) });
    table.show(rows);
    return rows.length;
  }

  const span = (from, to, unit) => t(unit, { from: number(from), to: number(to) });

  /** Distances down, spans of time across; a cell is darker the more often cases follow each other than by chance. */
  function near(rows) {
    const across = [...new Map(rows.map((one) => [one.to_days, one])).values()];
    const down = [...new Map(rows.map((one) => [one.to_m, one])).values()];
    const cellOf = (at, over) => rows.find((one) => one.to_m === at.to_m && one.to_days === over.to_days);
    box.replaceChildren(
      el("p", { class: "gkh-says" }, says(rows)),
      el("table", { class: "gkh-near" },
        el("caption", {}, t("hotspots.tab.near")),
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("hotspots.near.distance")), across.map((one) => el("th", { scope: "col" }, span(one.from_days, one.to_days, "hotspots.near.days"))))),
        el("tbody", {}, down.map((at) => el("tr", {}, el("th", { scope: "row" }, span(at.from_m, at.to_m, "hotspots.near.metres")), across.map((over) => ratio(cellOf(at, over))))))),
    );
    return rows.length;
  }

  const isMore = (one) => one.ratio > 1 && one.p <= 0.05;

  /** One cell: the ratio, its p, and how many pairs there are beside how many chance would give. */
  function ratio(one) {
    const rank = isMore(one) ? STEPS.filter((least) => one.ratio > least).length : 0;
    const cell = el("td", { class: `gkh-ratio gkh-ratio-${rank}` }, el("b", {}, one.ratio === null ? "–" : cards.decimal(one.ratio)), ` ${t("hotspots.near.p", { p: cards.chance(one.p) })}`);
    const expected = number(one.expected < 10 ? Math.round(one.expected * 10) / 10 : Math.round(one.expected));
    cell.append(el("br"), el("span", { class: "gk-wide" }, t("hotspots.near.pairs", { observed: number(one.observed), expected })));
    return cell;
  }

  /** The nearest cell in one sentence. */
  function says(rows) {
    const [first] = rows;
    if (first.ratio === null) return t("hotspots.near.none", { to_m: number(first.to_m), to_days: number(first.to_days) });
    const values = { to_m: number(first.to_m), to_days: number(first.to_days), times: cards.decimal(first.ratio), p: cards.chance(first.p) };
    return t(isMore(first) ? "hotspots.near.more" : "hotspots.near.no_more", values);
  }

  /** What the table is called. */
  const nameOf = (what, answer) => t(what === "density" && answer && !isStepped(answer) ? "hotspots.tab.places" : `hotspots.tab.${what}`);

  return { show, nameOf };
};
