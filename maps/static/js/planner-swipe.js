// Before and after: the published grids left of a divider, those of the draft to its right.
"use strict";

gridkeeper.plannerSwipe = ({ map, canvas, button }) => {
  const { el, t, emit } = gridkeeper;
  const STEP = 0.02;
  let share = null;

  const divider = el(
    "div",
    { class: "gkp-divider", role: "slider", tabindex: "0", "aria-label": t("planner.swipe.label"), "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "horizontal", hidden: true },
    el("span", { class: "gkp-side gkp-left" }, t("planner.swipe.published")),
    el("span", { class: "gkp-side gkp-right" }, t("planner.swipe.draft")),
    el("i", { class: "gkp-grip", "aria-hidden": "true" }),
  );
  map.getContainer().append(divider);
  L.DomEvent.disableClickPropagation(divider);

  function place() {
    divider.hidden = share === null;
    button.setAttribute("aria-pressed", String(share !== null));
    if (share !== null) {
      divider.style.left = `${share * 100}%`;
      divider.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      divider.setAttribute("aria-valuetext", t("planner.swipe.value", { share: Math.round(share * 100) }));
    }
    canvas.compare(share);
  }

  function set(value) {
    share = value === null ? null : Math.min(1, Math.max(0, value));
    place();
  }

  function follow(event) {
    const box = map.getContainer().getBoundingClientRect();
    set((event.clientX - box.left) / box.width);
  }

  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    divider.addEventListener("pointermove", follow);
    map.dragging.disable();
    event.stopPropagation();
  });
  divider.addEventListener("lostpointercapture", () => {
    divider.removeEventListener("pointermove", follow);
    map.dragging.enable();
  });
  divider.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: share - STEP, ArrowRight: share + STEP, Home: 0, End: 1, PageDown: share - 5 * STEP, PageUp: share + 5 * STEP }[event.key];
    if (to === undefined) return;
    set(to);
    event.preventDefault();
    event.stopPropagation();
  });
  function toggle() {
    set(share === null ? 0.5 : null);
    if (share !== null) divider.focus({ preventScroll: true });
    emit("status", t(share === null ? "planner.swipe.off" : "planner.swipe.on"));
  }

  button.addEventListener("click", toggle);
  map.on("move zoom moveend viewreset resize", () => { if (share !== null) canvas.compare(share); });

  return { off: () => set(null), isOn: () => share !== null, toggle };
};
