// A second map beside the first, with layers of its own: both show the same ground, whichever of them is moved.
"use strict";

/** map: the first one; label: what the second is called for those who hear it; made(second): puts its layers on, once;
    whole(): the ground that, where all of it was in view, stays so in less room. */
gridkeeper.secondMap = ({ map, label, made, whole = () => null }) => {
  const { el } = gridkeeper;
  const frame = map.getContainer().parentElement;
  const captions = [1, 2].map((nth) => el("p", { class: `gk-map-caption gk-map-caption-${nth}`, hidden: true }));
  const crosses = [map.getContainer(), null].map((on) => cross(on));
  let second = null;
  let isLed = false;

  frame.append(...captions);

  function cross(on) {
    const mark = el("i", { class: "gk-map-cross", "aria-hidden": "true", hidden: true });
    on?.append(mark);
    return mark;
  }

  /** What one map does because of the other leads nobody. */
  function lead(act) {
    if (isLed || !isOpen()) return;
    isLed = true;
    act();
    isLed = false;
  }

  /** One map goes where the other one went, and shows where its pointer is. */
  function follow(follower, leader, mark) {
    leader.on("zoomanim", ({ center, zoom }) => lead(() => follower.setView(center, zoom, { animate: true })));
    leader.on("move", () => lead(() => follower.setView(leader.getCenter(), leader.getZoom(), { animate: false })));
    leader.on("mousemove", ({ containerPoint }) => {
      mark.hidden = !isOpen();
      mark.style.translate = `${containerPoint.x}px ${containerPoint.y}px`;
    });
    leader.on("mouseout", () => { mark.hidden = true; });
  }

  function make() {
    const place = el("div", { class: "folium-map gk-map-second", role: "application", "aria-label": label });
    frame.append(place);
    const { maxZoom, zoomSnap } = map.options;
    second = L.map(place, { center: map.getCenter(), zoom: map.getZoom(), maxZoom, zoomSnap, zoomControl: false, fadeAnimation: false, attributionControl: false });
    place.append(crosses[1]);
    follow(second, map, crosses[1]);
    follow(map, second, crosses[0]);
    made(second);
  }

  const isOpen = () => frame.classList.contains("gk-map-two");

  /** The first map keeps its middle in half of its room, and has all of it again. */
  function show(wanted) {
    const [centre, zoom, ground] = [map.getCenter(), map.getZoom(), whole()];
    const isWhole = Boolean(ground) && map.getBounds().contains(ground);
    frame.classList.toggle("gk-map-two", wanted);
    for (const one of captions) one.hidden = !wanted;
    if (wanted && !second) make();
    for (const one of [map, second].filter(Boolean)) one.invalidateSize({ animate: false, pan: false });
    if (isWhole) map.fitBounds(ground, { padding: [16, 16], animate: false });
    else map.setView(centre, zoom, { animate: false });
    if (wanted) second.setView(map.getCenter(), map.getZoom(), { animate: false });
    else for (const mark of crosses) mark.hidden = true;
  }

  gridkeeper.on("layout", () => { if (isOpen()) second.invalidateSize({ animate: false }); });

  return {
    isOpen,
    open() { if (!isOpen()) show(true); },
    close() { if (isOpen()) show(false); },

    /** The second map, once it was open. */
    map: () => second,

    /** What is written above each of the two. */
    say(...texts) { texts.forEach((text, nth) => { captions[nth].textContent = text; }); },
  };
};
