// The legend: one group for each layer, with its switch, its marks, their numbers, and how they were made.
"use strict";

gridkeeper.legend = (container) => {
  const { el } = gridkeeper;

  function row({ mark, text, value }) {
    return el("li", {}, el("i", { class: `gk-mark ${mark}`, "aria-hidden": "true" }), el("span", {}, text), value === undefined ? null : el("b", {}, value));
  }

  function title({ id, title: text, shown, onswitch }) {
    if (!onswitch) return el("h3", {}, text);
    const box = el("input", { type: "checkbox", id: `gk-layer-${id}`, checked: shown, onchange: (event) => onswitch(event.target.checked) });
    return el("h3", {}, el("label", { for: `gk-layer-${id}` }, box, text));
  }

  function group(one) {
    return el(
      "section", { class: "gk-legend-group", "data-layer": one.id },
      title(one),
      one.rows?.length ? el("ul", {}, one.rows.map(row)) : null,
      (one.notes ?? []).map((note) => el("p", { class: "gk-note" }, note)),
    );
  }

  /** groups: [{id, title, shown, onswitch(on), rows: [{mark: CSS class, text, value}], notes: [text]}] */
  return {
    show(groups) {
      const focused = document.activeElement?.id;
      container.replaceChildren(...groups.map(group));
      if (focused?.startsWith("gk-layer-")) document.getElementById(focused)?.focus();
    },
  };
};
