// What is asked: scheme, service, minutes and speed, and the second question beside it; kept in the address of the page.
"use strict";

gridkeeper.reachChoices = ({ changed, schemeChanged, besideChanged }) => {
  const { t, el, word, remember } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const KEYS = ["scheme", "service", "minutes", "speed_kmh", "measure", "beside", "service_2", "minutes_2"];
  // Said in the address: no service means that nobody chose one yet.
  const ANY = "any";
  const SHORTER = "10";
  // The ground hears by itself what it is coloured by.
  const kept = () => {};
  const selects = { service: [$("gkw-service"), changed], minutes: [$("gkw-minutes"), changed], speed_kmh: [$("gkw-speed"), changed], measure: [$("gkw-measure"), kept], service_2: [$("gkw-service-2"), besideChanged], minutes_2: [$("gkw-minutes-2"), besideChanged] };
  const asked = new URLSearchParams(location.search);
  const chosen = Object.fromEntries(KEYS.map((key) => [key, asked.get(key) ?? ""]));
  let services = [];

  function apply(change, then) {
    Object.assign(chosen, change);
    remember(chosen);
    show();
    then();
  }

  /** The controls as what was chosen says; what the service does not offer is offered all the same. */
  function show() {
    for (const [key, [select]] of Object.entries(selects)) {
      const isKnown = [...select.options].some(({ value }) => value === chosen[key]);
      if (chosen[key] && isKnown) select.value = chosen[key];
      else if (chosen[key] > 0) select.append(el("option", { value: chosen[key], selected: true }, t(key === "speed_kmh" ? "reach.speed.n" : "reach.minutes.whole", { n: chosen[key] })));
    }
    $("gkw-beside").setAttribute("aria-pressed", String(isBeside()));
    $("gkw-second").hidden = !isBeside();
  }

  const isBeside = () => Boolean(chosen.beside);

  const another = () => services.find((one) => one !== chosen.service) ?? chosen.service;

  /** Beside each other are two services, or two limits where there is one service. */
  function turnBeside() {
    const other = another();
    const minutes = other === chosen.service ? SHORTER : $("gkw-minutes").value;
    apply(isBeside() ? { beside: "", service_2: "", minutes_2: "" } : { beside: "1", service_2: other, minutes_2: minutes }, besideChanged);
  }

  /** The question to the service; the second one has its own service and limit. */
  function query(nth, more = {}) {
    const [service, minutes] = nth === 2 ? [chosen.service_2, $("gkw-minutes-2").value] : [chosen.service, $("gkw-minutes").value];
    const query = new URLSearchParams();
    const all = { scheme: chosen.scheme, service: service === ANY ? "" : service, minutes, speed_kmh: $("gkw-speed").value, ...more };
    for (const [key, value] of Object.entries(all)) if (value) query.set(key, value);
    return query;
  }

  for (const [key, [select, then]] of Object.entries(selects)) select.addEventListener("change", () => apply({ [key]: select.value }, then));
  $("gkw-scheme").addEventListener("change", (event) => schemeChanged(event.target.value));
  $("gkw-beside").addEventListener("click", turnBeside);

  return {
    chosen, query, isBeside,
    measure: () => $("gkw-measure").value,

    setScheme(scheme) {
      const isOther = chosen.scheme && chosen.scheme !== scheme.name;
      Object.assign(chosen, { scheme: scheme.name }, isOther ? { service: "", service_2: "", beside: "" } : {});
      $("gkw-scheme").value = scheme.name;
      $("gkw-filters").disabled = false;
      remember(chosen);
      show();
    },

    /** Offer the services that have stations, those with most first. Says whether the question is another one now: where
        nobody chose a service, or one that is not there, it is the first. */
    offer(found) {
      services = found;
      const options = () => [...services.map((one) => el("option", { value: one }, word("reach.service", one))), el("option", { value: ANY }, t("reach.every_service"))];
      for (const key of ["service", "service_2"]) selects[key][0].replaceChildren(...options());
      const isThere = (one) => !services.length || [...services, ANY].includes(one);
      const isOther = !isThere(chosen.service);
      if (isOther) chosen.service = services[0];
      if (isBeside() && !isThere(chosen.service_2)) chosen.service_2 = another();
      remember(chosen);
      show();
      return isOther;
    },

    /** A question in a few words, for the caption of its map. */
    said(nth) {
      const of = query(nth);
      const service = of.get("service");
      return t("reach.caption", { service: service ? word("reach.service", service) : t("reach.every_service"), minutes: of.get("minutes") });
    },
  };
};
