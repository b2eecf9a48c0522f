// The steps a person may take with the open case: buttons, forms, and what happens when somebody else was faster.
"use strict";

gridkeeper.dispatchSteps = ({ fields, taken, renewed, askWho }) => {
  const { el, t, service, config, keepFocus, number: count } = gridkeeper;
  const API = "/api/v1";
  const $ = (id) => document.getElementById(id);
  // What usually comes next stands first and in colour.
  const FORWARD = ["dispatch", "redispatch", "settle", "accept", "feed_back", "pass", "assess", "archive", "file", "confirm", "resume", "grant_extension"];
  const OWNED = ["dispatch", "redispatch", "settle", "reassign"];
  let detail = null;
  let choices = null;
  let duplicates = null;
  let form = null;
  let isSending = false;

  const name = (one) => one[config.lang];
  const allowed = (step) => detail?.allowed.find((one) => one.step === step);

  /** Show the steps of a case; a form that is open stays as it is. */
  function show(found) {
    const isSame = detail?.number === found.number;
    if (!isSame) {
      duplicates = null;
      $("gkd-said").textContent = "";
      close();
    }
    // Whoever has returned a case meanwhile is not proposed as before.
    if (!isSame || detail.revision !== found.revision) choices = null;
    detail = found;
    const isWide = isSame && Boolean($("gkd-steps").querySelector("details")?.open);
    const ranked = [...found.allowed].sort((a, b) => rank(a) - rank(b));
    const buttons = ranked.map((one, nth) =>
      el("button", { type: "button", class: `gk-button ${nth === 0 && FORWARD.includes(one.step) ? "" : "gkd-second"}`, "data-step": one.step, onclick: () => begin(one.step) }, name(one)));
    $("gkd-steps").replaceChildren(...buttons.slice(0, 5), more(buttons.slice(5), isWide) ?? "");
    $("gkd-nobody").hidden = service.roles().length > 0;
    $("gkd-choices").replaceChildren();
    if (ownStep() && choices) showChoices();
    if (ownStep() && !choices) service.run(propose());
  }

  function more(buttons, open) {
    return buttons.length ? el("details", { class: "gkd-more-steps", open }, el("summary", {}, t("dispatch.more_steps", { n: count(buttons.length) })), el("div", { class: "gkd-steps" }, buttons)) : null;
  }

  const rank = ({ step }) => (FORWARD.includes(step) ? FORWARD.indexOf(step) : FORWARD.length);
  const ownStep = () => OWNED.slice(0, 3).find((step) => allowed(step)) ?? null;

  /** Ask who should get the case: the three best, one click each. */
  async function propose() {
    const { number, revision } = detail;
    const found = await service.json(`${API}/cases/${number}/choices`, undefined, service.identity());
    if (number !== detail.number || revision !== detail.revision) return;
    choices = found;
    showChoices();
  }

  function showChoices() {
    if (!ownStep()) return;
    const rows = choices.best.map((one, nth) => {
      const share = Math.round(one.confidence * 100);
      const why = one.why.map(name).join(config.lang === "zh" ? "；" : "; ");
      return el("li", {}, el("button", { type: "button", class: `gk-button ${nth ? "gkd-second" : ""}`, "data-choice": nth, title: why, onclick: () => give(fields.ownerCode(one)) },
        t("dispatch.to", { name: fields.ownerName(one) }), el("span", { class: "gkd-share" }, t("dispatch.share", { n: share }))), el("p", { class: "gk-note" }, why));
    });
    $("gkd-choices").replaceChildren(...(rows.length ? [el("h3", {}, t("dispatch.choices")), el("ol", {}, rows)] : []), nearest() ?? "");
  }

  /** Give the case to an owner: at once, or with what else has to be said. */
  function give(owner) {
    const step = ownStep();
    if (allowed(step).needs.length > 1) begin(step, { owner });
    else service.run(send(step, { owner: JSON.parse(owner) }));
  }

  function nearest() {
    if (!choices.nearest?.length) return null;
    const rows = choices.nearest.map((one) => {
      const facts = t("dispatch.nearest.facts", { m: count(Math.round(one.distance_m)), age: count(Math.round(one.age_s / 60)), n: count(one.open_cases) });
      return el("li", {}, el("button", { type: "button", class: "gk-link", "data-nearest": one.staff_no, onclick: () => give(fields.personCode(one)) }, one.name), " ", facts);
    });
    return el("section", {}, el("h3", {}, t("dispatch.nearest")), el("ul", {}, rows));
  }

  /** Begin a step: at once where nothing has to be said, else by a form. */
  function begin(step, given = {}) {
    const one = allowed(step);
    if (!one) return;
    const asks = one.needs.length || one.may.some((field) => field !== "note");
    service.run(asks ? open(one, given) : send(step, {}));
  }

  /** A form opens also where something that it would offer is refused. */
  function orNothing(error) {
    if (!(error instanceof service.Refused)) throw error;
    return null;
  }

  async function open(one, given) {
    const { number } = detail;
    await fields.learn();
    if (OWNED.includes(one.step) && !choices) await propose().catch(orNothing);
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
      parts[field].input?.setAttribute("aria-label", title);
      return el(isGroup ? "div" : "label", { class: "gkd-field", "data-field": field, role: isGroup ? "group" : null, "aria-label": isGroup ? title : null }, el("span", {}, title), parts[field].node);
    });
    form = { step: one.step, parts, etag: detail.etag, number };
    $("gkd-form").replaceChildren(
      el("h3", {}, name(one)), el("div", { id: "gkd-conflict", role: "alert", hidden: true }), ...rows,
      el("p", { class: "gk-error", id: "gkd-fault", role: "alert" }),
      el("div", { class: "gk-row" }, el("button", { type: "submit", class: "gk-button" }, name(one)),
        el("button", { type: "button", class: "gk-button gk-quiet", onclick: close }, t("planner.cancel"))),
    );
    $("gkd-form").hidden = false;
    $("gkd-form").querySelector("textarea, select, input")?.focus();
    $("gkd-form").scrollIntoView({ block: "nearest" });
  }

  async function similar(number) {
    return service.json(`${API}/cases/${number}/duplicates`, undefined, service.identity()).catch(orNothing);
  }

  function close() {
    form = null;
    keepFocus($("gkd-drawer"), () => $("gkd-form").replaceChildren());
    $("gkd-form").hidden = true;
  }

  async function submit(event) {
    event.preventDefault();
    const sent = form;
    const { step, parts, etag } = sent;
    await parts.photos?.ready();
    // Given up while the photos were under way.
    if (form !== sent) return undefined;
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
    // A second click is the same hand, not somebody who was faster.
    if (isSending) return;
    const { number } = detail;
    $("gkd-said").textContent = "";
    isSending = true;
    document.body.classList.add("gkd-sending");
    try {
      const answer = await service.send("POST", `${API}/cases/${number}/steps`, { step, ...body }, { etag });
      if (detail.number === number) close();
      taken({ ...answer.body, etag: answer.etag });
    } catch (error) {
      if (!(error instanceof service.Refused) || detail.number !== number) throw error;
      if (["case_changed", "step_not_allowed"].includes(error.code)) await overtaken(step, body, error);
      else if (error.code === "step_role") askWho();
      else fault(service.refusal(error));
    } finally {
      isSending = false;
      document.body.classList.remove("gkd-sending");
    }
  }

  /** Somebody was faster: show how the case stands now, keep what was typed, and let it be sent again. */
  async function overtaken(step, body, error) {
    const { number } = detail;
    await renewed();
    if (detail.number !== number) return undefined;
    const last = detail.events[detail.events.length - 1];
    const can = Boolean(allowed(step));
    const said = t("dispatch.conflict", { what: last?.[config.lang] ?? "", state: name(detail.state_names) });
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
    else if (ownStep()) begin(ownStep());
  }

  return { show, begin, close, holdBest, isOpen: () => form !== null };
};
