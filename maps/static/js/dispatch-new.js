// A new case: the place by address or by a click on the map, what it is, and whether it is there already.
"use strict";

gridkeeper.dispatchNew = ({ tree, scheme, store, names, pick, pin, lookAt, filed, openCase }) => {
  const { el, t, service, config, clock, number: count } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  const SOON_MS = 200;
  let rules = new Map();
  let place = null;
  const keys = service.keys();
  let soon = 0;
  let asked = new AbortController();

  const name = (one) => one[config.lang];

  function open() {
    service.run(offer());
    $("gkd-new").hidden = false;
    showPin();
    $("gkd-new-address").focus();
  }

  async function offer() {
    const known = (await names()).matters;
    rules = new Map(known.map((one) => [one.code, one]));
    const matters = known.map((one) => ({ one, text: name(one) })).sort((a, b) => a.text.localeCompare(b.text, config.lang));
    const kept = $("gkd-new-matter").value;
    $("gkd-new-matter").replaceChildren(el("option", { value: "" }, t("dispatch.no_matter")), ...matters.map(({ one, text }) => el("option", { value: one.code }, text)));
    $("gkd-new-matter").value = kept;
  }

  function close() {
    $("gkd-new").hidden = true;
    pin(null);
  }

  function clear() {
    $("gkd-new").reset();
    $("gkd-new-fault").textContent = "";
    keys.done();
    setPlace(null);
  }

  const showPin = () => pin(place && L.latLng(place.lat, place.lon));

  function setPlace(found) {
    place = found;
    showPin();
    $("gkd-new-place").textContent = found ? t("status.place", { lon: found.lon.toFixed(6), lat: found.lat.toFixed(6) }) : t("dispatch.place.none");
    $("gkd-new-found").replaceChildren();
    showSame();
  }

  function typed() {
    clearTimeout(soon);
    asked.abort();
    const q = $("gkd-new-address").value.trim();
    if (q) soon = setTimeout(() => service.run(search(q)), SOON_MS);
    else $("gkd-new-found").replaceChildren();
  }

  async function search(q) {
    asked = new AbortController();
    const { places } = await service.json(`${API}/places?${new URLSearchParams({ tree, q, limit: "8" })}`, asked.signal);
    const rows = places.map((one) => el("li", {}, el("button", { type: "button", class: "gkd-found", onclick: () => choose(one) },
      el("b", {}, one.name || one.address), el("span", {}, one.name && one.address ? one.address : t(`place.${one.kind}`)))));
    $("gkd-new-found").replaceChildren(...(rows.length ? rows : [el("li", { class: "gk-note" }, t("dispatch.place.unknown"))]));
  }

  function choose(one) {
    $("gkd-new-address").value = one.address || one.name;
    setPlace(one);
    lookAt(one);
  }

  async function onMap() {
    const found = await pick();
    if (found) setPlace({ lon: found.lng, lat: found.lat });
  }

  const matterAt = () => store.words.matter.list.findIndex((one) => one.code === $("gkd-new-matter").value);

  /** Open cases of the same matter near by: whoever sends a second one has seen them. */
  function showSame() {
    const rule = rules.get($("gkd-new-matter").value);
    const matter = matterAt();
    const found = place && rule?.same_within_m && matter >= 0
      ? store.near(place.lon, place.lat, { within_m: rule.same_within_m, matter, since: clock.now() - rule.same_within_h * 3600 })
      : [];
    const rows = found.slice(0, 5).map((one) => el("li", {}, el("button", { type: "button", class: "gk-link", onclick: () => openCase(one.number) },
      t("dispatch.duplicate", { number: one.number, n: count(Math.round(one.metres)) }))));
    $("gkd-new-same").hidden = !rows.length;
    $("gkd-new-same").replaceChildren(...(rows.length ? [el("p", {}, t("dispatch.new.same", { n: count(found.length) })), el("ul", {}, rows)] : []));
  }

  async function submit(event) {
    event.preventDefault();
    if (!place) {
      $("gkd-new-fault").textContent = t("dispatch.new.no_place");
      return undefined;
    }
    const body = { lon: place.lon, lat: place.lat, datum: "wgs84", scheme, urgency: $("gkd-new-urgent").checked ? "urgent" : "normal" };
    if ($("gkd-new-matter").value) body.category = $("gkd-new-matter").value;
    const text = $("gkd-new-text").value.trim();
    if (text) body.description = text;
    try {
      const answer = await service.send("POST", `${API}/cases`, body, { key: keys.of(body) });
      clear();
      close();
      return filed(answer.body);
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      $("gkd-new-fault").textContent = service.refusal(error);
      return undefined;
    }
  }

  $("gkd-new-address").addEventListener("input", typed);
  $("gkd-new-map").addEventListener("click", () => service.run(onMap()));
  $("gkd-new-matter").addEventListener("change", showSame);
  $("gkd-new").addEventListener("submit", (event) => service.run(submit(event)));
  // Arrows walk from the address down what was found; Enter takes the first, and never files with the place of before.
  $("gkd-new-found").parentElement.addEventListener("keydown", (event) => {
    // Enter that ends a word of an input method is not meant for us.
    if (event.isComposing) return;
    const found = [...$("gkd-new-found").querySelectorAll("button")];
    const at = found.indexOf(event.target);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) (found[at + by] ?? $("gkd-new-address")).focus();
    else if (event.key === "Enter" && event.target === $("gkd-new-address")) found[0]?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { open, close, isOpen: () => !$("gkd-new").hidden };
};
