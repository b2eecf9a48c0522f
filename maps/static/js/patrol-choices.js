// What is looked at: scheme, days, team, person, grid and reach; kept in the address of the page.
"use strict";

gridkeeper.patrolChoices = ({ changed, schemeChanged }) => {
  const { t, el, times, config, remember } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const KEYS = ["scheme", "from", "to", "team", "staff", "device", "grid", "reach_m"];
  const asked = new URLSearchParams(location.search);
  const chosen = Object.fromEntries(KEYS.map((key) => [key, asked.get(key) ?? ""]));
  const presets = [...document.querySelectorAll("[name=gkr-preset]")];
  let zone = "UTC";

  function apply(change) {
    Object.assign(chosen, change);
    remember(chosen);
    show();
    changed();
  }

  function days(preset) {
    const today = times.day(Date.now(), zone);
    if (preset === "today") return { from: today, to: today };
    const yesterday = times.shift(today, -1);
    return preset === "yesterday" ? { from: yesterday, to: yesterday } : { from: times.shift(today, -6), to: today };
  }

  /** The controls as what was chosen says. */
  function show() {
    $("gkr-from").value = chosen.from;
    $("gkr-to").value = chosen.to;
    for (const one of presets) {
      const { from, to } = days(one.value);
      one.checked = from === chosen.from && to === chosen.to;
    }
    $("gkr-team").value = chosen.team;
    $("gkr-person").value = chosen.staff ? `staff ${chosen.staff}` : chosen.device ? `device ${chosen.device}` : "";
    $("gkr-grid").value = chosen.grid;
    if (chosen.reach_m) $("gkr-reach").value = chosen.reach_m;
  }

  function period() {
    const [from, to] = [$("gkr-from").value, $("gkr-to").value];
    $("gkr-to").setCustomValidity(from && to && to < from ? t("period.order") : "");
    if (from && to && $("gkr-to").reportValidity()) apply({ from, to });
  }

  const personOf = (value) => ({ staff: "", device: "", ...(value ? { [value.split(" ", 1)[0]]: value.slice(value.indexOf(" ") + 1) } : {}) });

  /** One option for each; what was chosen stays, also where the service does not tell of it. */
  function fill(select, first, rows, kept) {
    const all = kept && !rows.some(([value]) => value === kept) ? [...rows, [kept, kept.replace(/^\w+ /, "")]] : rows;
    $(select).replaceChildren(el("option", { value: "" }, t(first)), ...all.map(([value, text]) => el("option", { value }, text)));
    $(select).value = kept;
  }

  presets.forEach((one) => one.addEventListener("change", () => apply(days(one.value))));
  for (const id of ["gkr-from", "gkr-to"]) $(id).addEventListener("change", period);
  $("gkr-scheme").addEventListener("change", (event) => schemeChanged(event.target.value));
  $("gkr-team").addEventListener("change", (event) => apply({ team: event.target.value, staff: "", device: "" }));
  $("gkr-person").addEventListener("change", (event) => apply(personOf(event.target.value)));
  $("gkr-grid").addEventListener("change", (event) => apply({ grid: event.target.value }));
  $("gkr-reach").addEventListener("change", (event) => apply({ reach_m: event.target.value }));
  $("gkr-clear").addEventListener("click", () => apply({ team: "", staff: "", device: "", grid: "" }));

  return {
    chosen, apply, days,
    isNarrowed: () => Boolean(chosen.team || chosen.staff || chosen.device || chosen.grid),

    setScheme(scheme) {
      zone = scheme.time_zone;
      chosen.scheme = scheme.name;
      if (!chosen.from || !chosen.to) Object.assign(chosen, days("today"));
      $("gkr-filters").disabled = false;
      remember(chosen);
      show();
    },

    /** The reach that the service took, where nobody chose one. */
    setReach(metres) {
      const known = [...$("gkr-reach").options].find((one) => Number(one.value) === metres);
      if (!known) $("gkr-reach").append(el("option", { value: String(metres) }, t("unit.metres", { n: metres })));
      $("gkr-reach").value = known?.value ?? String(metres);
    },

    /** Offer those who were on duty in the period; a worker is offered nobody else. */
    offer({ teams, people }) {
      fill("gkr-team", "patrol.every_team", teams.map((team) => [team, team]), chosen.team);
      const of = people.filter((one) => !chosen.team || one.team === chosen.team);
      const value = (one) => (one.staff_no ? `staff ${one.staff_no}` : `device ${one.device}`);
      const rows = [...new Map(of.map((one) => [value(one), one.name ? `${one.name} ${one.staff_no}` : one.device]))];
      rows.sort((a, b) => a[1].localeCompare(b[1], config.lang, { numeric: true }));
      fill("gkr-person", "patrol.everybody", rows, $("gkr-person").value || (chosen.staff ? `staff ${chosen.staff}` : chosen.device ? `device ${chosen.device}` : ""));
    },

    offerGrids(rows) {
      fill("gkr-grid", "patrol.every_grid", rows.map((one) => [one.code, gridkeeper.cards.place(one)]), chosen.grid);
    },

    /** The question to the service; `more` is added to it, and takes the place of what is chosen. */
    query(more = {}) {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries({ ...chosen, ...more })) if (value) query.set(key, value);
      return query;
    },
  };
};
