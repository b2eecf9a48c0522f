// The fields of a step as a person fills them in: each by its name.
"use strict";

gridkeeper.dispatchFields = ({ names, pick, gridAt, upload }) => {
  const { el, t, config, service } = gridkeeper;
  const GRADES = ["5", "4", "3", "2", "1"];
  const UNITS = ["hours", "working_hours", "working_days"];
  const name = (one) => one[config.lang] ?? one.name ?? one.code;

  let known = { matters: [], departments: [], staff: [] };

  /** Learn whom and what a form can name; asked once. */
  async function learn() {
    known = await names();
  }

  const plain = (node, read = () => node.value.trim()) => ({ node, value: read, put: (value) => { node.value = value; } });
  const area = () => plain(el("textarea", { rows: "3", maxlength: "2000" }));
  const select = (options) => plain(el("select", {}, options.map(([value, text]) => el("option", { value }, text))));

  function amount() {
    const node = el("input", { type: "number", min: "1", max: "10000", step: "any", inputmode: "decimal" });
    return plain(node, () => (node.value === "" ? null : Number(node.value)));
  }

  /** People and departments in one list; those that are proposed come first. */
  function owner({ choices }) {
    const proposed = (choices?.best ?? []).map((one) => [ownerCode(one), ownerName(one)]);
    const group = (title, options) => (options.length ? el("optgroup", { label: t(title) }, options.map(([value, text]) => el("option", { value }, text))) : null);
    const sorted = (list) => [...list].sort((a, b) => name(a).localeCompare(name(b), config.lang));
    const units = sorted(known.departments).map((one) => [departmentCode(one), name(one)]);
    const people = sorted(known.staff).map((one) => [personCode(one), `${one.name} (${one.staff_no})`]);
    const node = el("select", {}, el("option", { value: "" }, t("dispatch.choose")), group("dispatch.owner.best", proposed), group("dispatch.owner.departments", units), group("dispatch.owner.people", people));
    return plain(node, () => (node.value ? JSON.parse(node.value) : null));
  }

  function staff() {
    const people = [...known.staff].sort((a, b) => a.name.localeCompare(b.name, config.lang));
    return select([["", t("dispatch.choose")], ...people.map((one) => [one.staff_no, `${one.name} (${one.staff_no})`])]);
  }

  function assisting() {
    const units = [...known.departments].sort((a, b) => name(a).localeCompare(name(b), config.lang));
    const node = el("select", { multiple: true, size: "4" }, units.map((one) => el("option", { value: one.code }, name(one))));
    return plain(node, () => [...node.selectedOptions].map((option) => option.value));
  }

  /** Photos are sent as soon as they are chosen; the step then names them. */
  function photos({ number }) {
    const kept = [];
    const shown = el("div", { class: "gkd-photos" });
    const fault = el("p", { class: "gk-error", role: "alert" });
    const input = el("input", { type: "file", accept: "image/*", multiple: true });
    let under = Promise.resolve();
    input.addEventListener("change", () => {
      fault.textContent = "";
      for (const one of input.files) {
        under = under.then(() => upload(number, one)).then(
          ({ sha256 }) => { kept.push(sha256); shown.append(el("img", { src: `/api/v1/photos/${sha256}`, alt: one.name, class: "gkd-photo" })); },
          (error) => { fault.textContent = error instanceof service.Refused ? service.refusal(error) : t("dispatch.photo_lost", { name: one.name }); },
        );
      }
      input.value = "";
    });
    return { node: el("div", {}, input, shown, fault), input, value: () => kept, ready: () => under, put() {} };
  }

  /** A place by a tap on the map, or where the person stands. */
  function place({ own = false } = {}) {
    let at = null;
    const said = el("output", {}, t("dispatch.place.none"));
    const put = (found) => {
      at = found;
      said.textContent = found ? t("status.place", { lon: found.lon.toFixed(6), lat: found.lat.toFixed(6) }) : t("dispatch.place.none");
    };
    const onMap = el("button", { type: "button", class: "gk-button gk-quiet", onclick: async () => {
      const found = await pick();
      if (found) put({ lon: found.lng, lat: found.lat, datum: "wgs84" });
    } }, t("dispatch.place.map"));
    const here = own && navigator.geolocation ? el("button", { type: "button", class: "gk-button gk-quiet", onclick: () => navigator.geolocation.getCurrentPosition(
      ({ coords }) => put({ lon: coords.longitude, lat: coords.latitude, datum: "wgs84" }),
      () => { said.textContent = t("dispatch.place.refused"); }, { enableHighAccuracy: true, timeout: 15000 },
    ) }, t("dispatch.place.here")) : null;
    return { node: el("div", { class: "gkd-place" }, said, onMap, here), value: () => at, put };
  }

  /** A grid by its code, or by a click on it. */
  function grid() {
    const node = el("input", { type: "text", maxlength: "64", autocomplete: "off" });
    const onMap = el("button", { type: "button", class: "gk-button gk-quiet", onclick: async () => {
      const found = await pick();
      const hit = found && gridAt(found);
      if (hit) node.value = hit.code;
    } }, t("dispatch.place.map"));
    return { ...plain(node), node: el("div", { class: "gk-row" }, node, onMap), input: node };
  }

  /** The case to merge into: those that look like the same are offered. */
  function into({ duplicates }) {
    const node = el("input", { type: "text", inputmode: "numeric", maxlength: "18", autocomplete: "off" });
    const offers = (duplicates ?? []).map((one) =>
      el("button", { type: "button", class: "gk-link", onclick: () => { node.value = one.number; } }, t("dispatch.duplicate", { number: one.number, n: Math.round(one.distance_m) })));
    return { ...plain(node), node: el("div", {}, node, el("p", {}, offers)), input: node };
  }

  function milestone({ detail }) {
    const open = detail.clocks.filter((one) => one.stage === detail.stage && !one.met_at && !one.void && !["accept", "end"].includes(one.milestone));
    return select(open.map((one) => [one.milestone, one.milestone]));
  }

  function grade() {
    const field = select(GRADES.map((one) => [one, t("dispatch.grade", { n: one })]));
    return { ...field, value: () => Number(field.node.value) };
  }

  const MAKERS = {
    note: area, reason: area, owner, right_owner: owner, staff, assisting, photos, grid, into, milestone, grade, amount, level: amount,
    unit: () => select(UNITS.map((one) => [one, t(`unit.${one}`)])),
    position: () => place({ own: true }), place: () => place(),
  };

  const departmentCode = (one) => JSON.stringify({ department: one.code });
  const personCode = (one) => JSON.stringify({ staff_no: one.staff_no });
  const ownerCode = (one) => (one.department ? departmentCode(one.department) : personCode(one.owner));

  const ownerName = (one) => (one.department ? name(one.department) : one.owner.name);

  /** The names of the fields of a step as the form has them: a pin is one place. */
  const fieldsOf = (names) => [...new Set(names.map((one) => (["lon", "lat", "datum"].includes(one) ? "place" : one)))];

  /** A form's field by its name; unknown ones are texts. */
  const make = (field, about) => (MAKERS[field] ?? area)(about);

  /** What a form says, in the form in which the service takes it. */
  function said(fields) {
    const body = {};
    for (const [field, one] of Object.entries(fields)) {
      const value = one.value();
      if (value === null || value === "" || (Array.isArray(value) && !value.length)) continue;
      if (field === "place") Object.assign(body, value);
      else body[field] = value;
    }
    return body;
  }

  return { learn, make, fieldsOf, said, personCode, ownerCode, ownerName };
};
