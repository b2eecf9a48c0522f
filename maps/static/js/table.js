// A table whose columns sort by their header buttons; of many rows the first `most` are drawn.
"use strict";

/** columns: [{key, title, value(row), cell(row), style, tone(row), heads}]; `tone` is a class of one cell, a column that `heads`
    names its row. `sorts` is false where the order of the rows says something; `data(row)` are the data attributes of a row. */
gridkeeper.table = (container, columns, { caption, empty, most = Infinity, sorts = true, data = () => ({}) }) => {
  const { el } = gridkeeper;
  let rows = [];
  let sorted = { column: null, down: false };

  const compare = (a, b) => {
    if (a === b) return 0;
    if (a === null || a === undefined) return 1;
    if (b === null || b === undefined) return -1;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), gridkeeper.config.lang, { numeric: true });
  };

  function ordered() {
    if (!sorted.column) return rows;
    const found = [...rows].sort((a, b) => compare(sorted.column.value(a), sorted.column.value(b)));
    return sorted.down ? found.reverse() : found;
  }

  function header(column) {
    if (!sorts) return el("th", { scope: "col", class: column.style ?? null }, column.title);
    const now = sorted.column === column ? (sorted.down ? "descending" : "ascending") : "none";
    const sort = () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      draw();
      container.querySelector(`[data-column="${column.key}"]`).focus();
    };
    const button = el("button", { type: "button", "data-column": column.key, onclick: sort }, column.title);
    return el("th", { scope: "col", "aria-sort": now, class: column.style ?? null }, button);
  }

  function cell(column, row) {
    const content = column.cell ? column.cell(row) : column.value(row);
    const text = content === null || content === undefined ? "" : content instanceof Node ? content : String(content);
    const style = [column.style, column.tone?.(row)].filter(Boolean).join(" ") || null;
    return column.heads ? el("th", { scope: "row", class: style }, text) : el("td", { class: style }, text);
  }

  const attributes = (row) => Object.fromEntries(Object.entries(data(row)).map(([name, value]) => [`data-${name}`, value]));

  function draw() {
    if (!rows.length) {
      container.replaceChildren(el("p", { class: "gk-empty" }, empty));
      return;
    }
    const body = ordered().slice(0, most).map((row) => el("tr", attributes(row), columns.map((column) => cell(column, row))));
    container.replaceChildren(
      el("table", { class: "gk-table" }, el("caption", {}, caption), el("thead", {}, el("tr", {}, columns.map(header))), el("tbody", {}, body)),
    );
  }

  return {
    show(found) {
      rows = found;
      draw();
    },
  };
};
