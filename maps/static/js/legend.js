// The legend: one group for each layer, with its switch, its marks, their numbers, and how they were made.
"use strict";

gridkeeper.legend = (container) => {
  const { el, swatch, ramp } = gridkeeper;

  function mark(one) {
    if (one.colour === undefined) return el("i", { class: `gk-mark ${one.mark}`, "aria-hidden": "true" });
    return painted({ class: "gk-mark", "data-colour": one.colour, "data-pattern": one.pattern ?? null }, 24, 16, (context) => swatch(context, one));
  }

  function painted(attributes, width, height, paint) {
    const ratio = Math.max(2, window.devicePixelRatio || 1);
    const canvas = el("canvas", { ...attributes, width: width * ratio, height: height * ratio, "aria-hidden": "true" });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    paint(context);
    return canvas;
  }

  function row(one) {
    if (one.ramp) return el("li", { class: "gk-ramp" }, painted({}, 240, 14, (context) => ramp(context, one.ramp, 240)), el("span", {}, one.from), el("span", {}, one.to));
    return el("li", {}, mark(one), el("span", {}, one.text), one.value === undefined ? null : el("b", {}, one.value));
  }

  function title({ id, title: text, shown, onswitch }) {
    if (!onswitch) return el("h3", {}, text);
    const box = el("input", { type: "checkbox", id: `gk-layer-${id}`, checked: shown, onchange: (event) => onswitch(event.target.checked) });
    return el("h3", {}, el("label", { for: `gk-layer-${id}` }, box, text));
  }

  function group(one) {
    const facts = gridkeeper.factsOf(one.facts);
    return el(
      "section", { class: "gk-legend-group", "data-layer": one.id },
      title(one),
      one.rows?.length ? el("ul", {}, one.rows.map(row)) : null,
      facts.length ? el("dl", { class: "gk-legend-facts" }, facts.map(([key, text, value]) => el("div", { "data-fact": key }, el("dt", {}, text), el("dd", {}, value)))) : null,
      (one.notes ?? []).map((note) => el("p", { class: "gk-note" }, note)),
    );
  }

  /** groups: [{id, title, shown, onswitch(on), rows, facts: {unit, period, method, n, …}, notes: [text]}]; a row is
      {mark: CSS class, text, value}, {colour, pattern, outline, shape, text, value} or {ramp: [colours], from, to}. */
  return {
    show(groups) {
      const focused = document.activeElement?.id;
      container.replaceChildren(...groups.map(group));
      if (focused?.startsWith("gk-layer-")) document.getElementById(focused)?.focus();
    },
  };
};

/** Facts as [key, its name in words, value in words]; what is not known is left out. */
gridkeeper.factsOf = (facts) =>
  Object.entries(facts ?? {})
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([key, value]) => [key, gridkeeper.t(`fact.${key}`), typeof value === "number" ? gridkeeper.number(value) : String(value)]);
