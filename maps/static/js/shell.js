// The frame of every page: sheets on a phone, the list drawer, tabs, status line.
"use strict";

gridkeeper.shell = () => {
  const { on, emit } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const openers = [...document.querySelectorAll("[data-opens]")];

  function set(opener, open) {
    const target = $(opener.dataset.opens);
    target.toggleAttribute("data-open", open);
    for (const same of openers) if (same.dataset.opens === target.id) same.setAttribute("aria-expanded", String(open));
    emit("layout", { id: target.id, open });
  }

  const isOpen = (id) => $(id).hasAttribute("data-open");

  function toggle(opener) {
    const open = !isOpen(opener.dataset.opens);
    if (open && narrow.matches) openers.filter((other) => other.dataset.opens !== opener.dataset.opens).forEach((other) => set(other, false));
    set(opener, open);
    if (open && narrow.matches) $(opener.dataset.opens).focus();
  }

  // The menu of a phone is longer than its screen.
  document.querySelector(".gk-header [aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

  const narrow = matchMedia("(max-width: 760px)");
  for (const opener of openers) opener.addEventListener("click", () => toggle(opener));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !narrow.matches) return;
    const open = openers.find((opener) => isOpen(opener.dataset.opens));
    if (!open) return;
    set(open, false);
    open.focus();
  });
  if (!narrow.matches && window.innerHeight >= 860) openers.filter((one) => one.dataset.wide === "open").forEach((one) => set(one, true));

  on("status", (text) => { $("gk-status").textContent = text; });

  /** Tabs after the usual keyboard pattern: arrows move, the chosen one shows its panel. */
  function tabs(list, chosen) {
    const all = [...list.querySelectorAll("[role=tab]")];
    const choose = (tab) => {
      for (const one of all) {
        one.setAttribute("aria-selected", String(one === tab));
        one.tabIndex = one === tab ? 0 : -1;
        $(one.getAttribute("aria-controls")).hidden = one !== tab;
      }
      chosen(tab.dataset.tab);
    };
    for (const [index, tab] of all.entries()) {
      tab.addEventListener("click", () => choose(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = all[(index + step + all.length) % all.length];
        next.focus();
        choose(next);
      });
    }
  }

  /** Close the sheets of a phone, so that the map is seen. */
  function showMap() {
    if (narrow.matches) openers.forEach((opener) => set(opener, false));
  }

  /** Open the sheet of a phone that holds this; beside a wide map it is open anyway. */
  function showSheet(id) {
    const opener = openers.find((one) => one.dataset.opens === id);
    if (narrow.matches && !isOpen(id)) toggle(opener);
  }

  return { isOpen, tabs, showMap, showSheet };
};

/** Paint a part of the page anew without losing the focus: what stands for the same gets it, else the part itself. */
gridkeeper.keepFocus = (part, paint) => {
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  paint();
  if (!held || part.contains(held)) return;
  const data = JSON.stringify(held.dataset);
  const same = data === "{}" ? null : [...part.querySelectorAll(held.tagName)].find((one) => JSON.stringify(one.dataset) === data);
  (same ?? part).focus({ preventScroll: true });
};
