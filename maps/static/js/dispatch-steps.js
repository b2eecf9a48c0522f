// The steps a person may take with the open case: buttons, forms, and what happens when somebody else was faster.
"use strict";

gridkeeper.dispatchSteps = ({ fields, taken, renewed, askWho }) => {
  const { el, t, service, config, number: count } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  // What usually comes next stands first and in colour.
  const FORWARD = ["dispatch", "redispatch", "settle", "accept", "feed_back", "pass", "assess", "archive", "file", "confirm", "resume", "grant_extension"];
  const OWNED = ["dispatch", "redispatch", "settle", "reassign"];
  let detail = null;
  let choices = null;
  let duplicates = null;
  let form = null;

  const name = (one) => one[config.lang];
  const allowed = (step) => detail?.allowed.find((one) => one.step === step);

  /** Show the steps of a case; a form that is open stays as it is. */
  function show(found) {
    if (detail?.number !== found.number) {
      [choices, duplicates] = [null, null];
      close();
    }
    detail = found;
    const ranked = [...found.allowed].sort((a, b) => rank(a) - rank(b));
    const buttons = ranked.map((one, nth) =>
      el("button", { type: "button", class: `gk-button ${nth === 0 && FORWARD.includes(one.step) ? "" : "gkd-second"}`, "data-step": one.step, onclick: () => begin(one.step) }, name(one)));
    $("gkd-steps").replaceChildren(...buttons.slice(0, 5), more(buttons.slice(5)) ?? "");
    $("gkd-nobody").hidden = service.roles().length > 0;
    $("gkd-choices").replaceChildren();
    if (ownStep() && choices) showChoices();
    if (ownStep() && !choices) service.run(propose());
  }

  function more(buttons) {
    return buttons.length ? el("details", { class: "gkd-more-steps" }, el("summary", {}, t("dispatch.more_steps", { n: count(buttons.length) })), el("div", { class: "gkd-steps" }, buttons)) : null;
  }

  const rank = ({ step }) => (FORWARD.includes(step) ? FORWARD.indexOf(step) : FORWARD.length);
  const ownStep = () => OWNED.slice(0, 3).find((step) => allowed(step)) ?? null;

  /** Ask who should get the case: the three best, one click each. */
  async function propose() {
    const wanted = detail.number;
    const found = await service.json(`${API}/cases/${wanted}/choices`, undefined, service.identity());
    if (wanted !== detail.number) return;
    choices = found;
    showChoices();
  }

  function showChoices() {
    const step = ownStep();
    if (!step || !choices.best.length) return;
    const rows = choices.best.map((one, nth) => {
      const share = Math.round(one.confidence * 100);
      const why = one.why.map(name).join(config.lang === "zh" ? "；" : "; ");
      const act = step === "settle" ? () => begin(step, { owner: fields.ownerCode(one) }) : () => send(step, { owner: JSON.parse(fields.ownerCode(one)) });
      return el("li", {}, el("button", { type: "button", class: `gk-button ${nth ? "gkd-second" : ""}`, "data-choice": nth, title: why, onclick: act },
        t("dispatch.to", { name: fields.ownerName(one) }), el("span", { class: "gkd-share" }, t("dispatch.share", { n: share }))), el("p", { class: "gk-note" }, why));
    });
    $("gkd-choices").replaceChildren(el("h3", {}, t("dispatch.choices")), el("ol", {}, rows), nearest() ?? "");
  }

  function nearest() {
    if (!choices.nearest?.length) return null;
    const rows = choices.nearest.map((one) => {
      const act = () => send(ownStep(), { owner: { staff_no: one.staff_no } });
      const facts = t("dispatch.nearest.facts", { m: count(Math.round(one.distance_m)), age: count(Math.round(one.age_s / 60)), n: count(one.open_cases) });
      return el("li", {}, el("button", { type: "button", class: "gk-link", onclick: act }, one.name), " ", facts);
    });
    return el("section", {}, el("h3", {}, t("dispatch.nearest")), el("ul", { class: "gkd-nearest" }, rows));
  }

  /** Begin a step: at once where nothing has to be said, else by a form. */
  function begin(step, given = {}) {
    const one = allowed(step);
    if (!one) return undefined;
    if (!one.needs.length && !one.may.some((field) => field !== "note")) return send(step, {});
    return open(one, given);
  }

  async function open(one, given) {
    const { number } = detail;
    await fields.learn();
    if (OWNED.includes(one.step) && !choices) await propose().catch(() => null);
    if (one.needs.includes("into") && !duplicates) duplicates = await similar(number);
    if (number !== detail.number) return;
    const needs = fields.fieldsOf(one.needs);
    const about = { number, detail, choices, duplicates };
    const parts = {};
    const rows = [...needs, ...fields.fieldsOf(one.may)].map((field) => {
      parts[field] = fields.make(field, about);
      if (given[field]) parts[field].put(given[field]);
      const title = t(`field.${field}`) + (needs.includes(field) ? "" : t("dispatch.optional"));
      const isGroup = parts[field].node.tagName === "DIV";
      return el(isGroup ? "div" : "label", { class: "gkd-field", "data-field": field, role: isGroup ? "group" : null, "aria-label": isGroup ? title : null }, el("span", {}, title), parts[field].node);
    });
    form = { step: one.step, parts, etag: detail.etag, number };
    $("gkd-form").replaceChildren(
      el("h3", {}, name(one)), el("div", { id: "gkd-conflict", hidden: true }), ...rows,
      el("p", { class: "gk-error", id: "gkd-fault", role: "alert" }),
      el("div", { class: "gk-row" }, el("button", { type: "submit", class: "gk-button" }, name(one)),
        el("button", { type: "button", class: "gk-button gk-quiet", onclick: close }, t("planner.cancel"))),
    );
    $("gkd-form").hidden = false;
    $("gkd-form").querySelector("textarea, select, input")?.focus();
    $("gkd-form").scrollIntoView({ block: "nearest" });
  }

  async function similar(number) {
    const answer = await service.json(`${API}/cases/${number}/duplicates`, undefined, service.identity()).catch(() => []);
    return answer.duplicates ?? answer;
  }

  function close() {
    form = null;
    $("gkd-form").hidden = true;
    $("gkd-form").replaceChildren();
  }

  async function submit(event) {
    event.preventDefault();
    const { step, parts, etag } = form;
    await parts.photos?.ready();
    const body = fields.said(parts);
    const lacking = fields.fieldsOf(detail.allowed.find((one) => one.step === step)?.needs ?? []).find((field) => lacks(parts[field], field, body));
    if (lacking) return fault(t("dispatch.lacks", { field: t(`field.${lacking}`) }));
    return send(step, body, etag);
  }

  const lacks = (part, field, body) => (field === "place" ? !part.value() : body[field] === undefined);

  function fault(text) {
    const line = $("gkd-fault") ?? $("gkd-said");
    line.textContent = text;
  }

  /** Take a step on the state that was seen; whoever was overtaken sees the newer one and loses nothing. */
  async function send(step, body, etag = detail.etag) {
    const { number } = detail;
    $("gkd-said").textContent = "";
    document.body.classList.add("gkd-sending");
    try {
      const answer = await service.send("POST", `${API}/cases/${number}/steps`, { step, ...body }, { etag });
      close();
      taken({ ...answer.body, etag: answer.etag });
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      if (["case_changed", "step_not_allowed"].includes(error.code)) await overtaken(step, body, error);
      else if (error.code === "step_role") askWho();
      else fault(service.refusal(error));
    } finally {
      document.body.classList.remove("gkd-sending");
    }
  }

  /** Somebody was faster: show how the case stands now, keep what was typed, and let it be sent again. */
  async function overtaken(step, body, error) {
    await renewed();
    const last = detail.events[detail.events.length - 1];
    const can = Boolean(allowed(step));
    const said = t("dispatch.conflict", { name: last?.actor ?? "", what: last?.[config.lang] ?? "", state: name(detail.state_names) });
    const next = can ? t("dispatch.conflict.again") : t("dispatch.conflict.over", { steps: detail.allowed.map(name).join(config.lang === "zh" ? "、" : ", ") || t("dispatch.nothing") });
    if (!form) return fault(error.code === "case_changed" ? `${said} ${next}` : service.refusal(error));
    form.etag = detail.etag;
    const card = $("gkd-conflict");
    card.hidden = false;
    card.className = "gkp-warn";
    card.replaceChildren(el("p", {}, said), el("p", {}, next));
    $("gkd-form").querySelector("[type=submit]").disabled = !can;
    return undefined;
  }

  $("gkd-form").addEventListener("submit", (event) => service.run(submit(event)));

  /** The key for dispatching: the best choice is held, so that Enter sends it. */
  function holdBest() {
    const best = $("gkd-choices").querySelector("[data-choice='0']");
    if (best) best.focus();
    else if (ownStep()) service.run(Promise.resolve(begin(ownStep())));
  }

  return { show, begin, close, holdBest, isOpen: () => form !== null };
};
