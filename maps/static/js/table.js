// A table whose columns sort by their header buttons; of many rows the first `most` are drawn.
"use strict";

gridkeeper.table = (container, columns, { caption, empty, most = Infinity }) => {
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
    return el("td", { class: column.style ?? null }, content === null || content === undefined ? "" : content instanceof Node ? content : String(content));
  }

  function draw() {
    if (!rows.length) {
      container.replaceChildren(el("p", { class: "gk-empty" }, empty));
      return;
    }
    const body = ordered().slice(0, most).map((row) => el("tr", {}, columns.map((column) => cell(column, row))));
    container.replaceChildren(
      el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, columns.map(header))), el("tbody", {}, body)),
    );
  }

  return {
    show(found) {
      rows = found;
      draw();
    },
  };
};
