// The keyboard of the dispatch page, and the sheet that tells of it.
"use strict";

gridkeeper.dispatchKeys = (acts) => {
  const $ = (id) => document.getElementById(id);
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  function help() {
    $("gkd-help").showModal();
  }

  $("gkd-help-open").addEventListener("click", help);
  $("gkd-help-close").addEventListener("click", () => $("gkd-help").close());

  const KEYS = {
    j: () => acts.step(1), ArrowDown: () => acts.step(1), k: () => acts.step(-1), ArrowUp: () => acts.step(-1),
    Enter: acts.enter, d: acts.dispatch, r: acts.giveBack, "/": acts.search, n: acts.create, f: acts.full, m: acts.map, "?": help,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (typing(event.target)) event.target.blur();
      else acts.back();
      return;
    }
    if (typing(event.target)) return;
    // Buttons and links answer to Enter themselves, the map to arrows.
    const isOwn = event.key === "Enter" ? event.target.closest("button, a, summary") : event.key.startsWith("Arrow") && event.target.closest(".leaflet-container");
    const act = isOwn ? null : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
};
