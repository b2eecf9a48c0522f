// The tab of drafts: which one is open, its state, its edits and what was said about it.
"use strict";

gridkeeper.plannerDrafts = ({ desk, store }) => {
  const { el, t, word, number, times } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  // Where a draft may go by hand from each state, and the text of the button.
  const STEPS = {
    draft: ["in_review", "withdrawn"], in_review: ["approved", "draft", "withdrawn"], approved: ["draft", "withdrawn"],
    scheduled: [], published: [], withdrawn: [],
  };
  const MOST_TRAIL = 60;
  let all = [];
  let isRenaming = false;

  const when = (at) => times.show(at, desk.scheme().time_zone);
  const label = (one) => t("planner.draft.option", { name: one.name, state: word("draft", one.state), owner: one.owner });

  async function list() {
    all = await store.list(desk.scheme().name);
    fill();
    return all;
  }

  function fill() {
    const open = store.now();
    if (open) all = all.some((one) => one.id === open.id) ? all.map((one) => (one.id === open.id ? open : one)) : [...all, open];
    const options = [...all].reverse().map((one) => el("option", { value: one.id }, label(one)));
    $("gkp-draft").replaceChildren(el("option", { value: "" }, t(all.length ? "planner.draft.choose" : "planner.draft.none")), ...options);
    $("gkp-draft").value = open ? String(open.id) : "";
  }

  /** What stands about the open draft; `isNew` where another one was opened. */
  function show(isNew = false) {
    const draft = store.now();
    $("gkp-open").hidden = !draft;
    fill();
    if (!draft) return;
    if (isNew || !isRenaming) rename(false);
    $("gkp-facts").textContent = t("planner.draft.facts", {
      state: word("draft", draft.state), owner: draft.owner, version: draft.base_version, n: number(draft.grids_changed), at: when(draft.updated_at),
    });
    $("gkp-stale").hidden = !draft.is_stale || ["published", "withdrawn"].includes(draft.state);
    $("gkp-stale-text").textContent = t("planner.draft.stale", { base: draft.base_version, newest: draft.newest_version });
    $("gkp-scheduled").hidden = draft.state !== "scheduled";
    $("gkp-scheduled-text").textContent = draft.publish_at ? t("planner.draft.scheduled", { at: when(draft.publish_at) }) : "";
    $("gkp-steps").replaceChildren(...STEPS[draft.state].map(step));
    $("gkp-publish-open").hidden = !["draft", "approved"].includes(draft.state);
    $("gkp-publish-open").disabled = draft.is_stale || !draft.grids_changed;
    $("gkp-approve-first").hidden = draft.state !== "in_review";
    for (const format of ["geojson", "gpkg"]) $(`gkp-export-${format}`).href = store.exportPath(format);
  }

  /** What cannot be taken back is asked for twice. */
  function step(state) {
    let isSure = state !== "withdrawn";
    const button = el("button", { type: "button", class: "gk-button gk-quiet", "data-state": state }, t(`planner.step.${state}`));
    button.addEventListener("click", () => {
      if (isSure) return desk.run(store.change({ state }).then(() => desk.reread()));
      isSure = true;
      button.textContent = t("planner.step.sure");
      return undefined;
    });
    return button;
  }

  function rename(on) {
    isRenaming = on;
    $("gkp-rename-form").hidden = !on;
    if (!on) return;
    $("gkp-name").value = store.now().name;
    $("gkp-name").focus();
    $("gkp-name").select();
  }

  /** The edits and events of a draft, newest first; what was undone is struck out. */
  function trail({ edits = [], events = [] }) {
    const comments = events.filter((one) => one.kind === "comment");
    const rows = [
      ...edits.map((one) => ({ ...one, text: word("edit", one.kind), isUndone: one.on_path === false })),
      ...events.filter((one) => one.kind !== "comment").map((one) => ({ ...one, text: eventText(one) })),
    ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    const line = (one) => el("li", {}, el("time", { datetime: one.at }, when(one.at)), ` ${t("planner.says", { who: one.actor, what: "" })}`, one.isUndone ? el("s", {}, one.text) : one.text);
    $("gkp-trail").replaceChildren(...rows.slice(0, MOST_TRAIL).map(line));
    $("gkp-trail-title").textContent = t("planner.draft.trail", { n: number(rows.length) });
    $("gkp-comments").replaceChildren(...comments.map((one) => el("li", {}, el("p", { class: "gk-note" }, `${one.actor} · ${when(one.at)}`), el("p", {}, one.detail?.text ?? "", one.detail?.at ? [" ", place(one.detail.at)] : null))));
  }

  const place = (at) => el("button", { type: "button", class: "gk-link", onclick: () => desk.showPlace({ type: "Point", coordinates: at }, true) }, t("planner.effects.show"));

  function eventText({ kind, detail }) {
    if (kind === "renamed") return t("planner.event.renamed", { name: detail.to });
    if (kind === "state") return t("planner.event.state", { from: word("draft", detail.from), to: word("draft", detail.to) });
    return word("event", kind);
  }

  function suggestedName() {
    const day = times.day(new Date(), desk.scheme().time_zone);
    return t("planner.draft.suggested", { day, n: all.length + 1 });
  }

  async function begin() {
    const made = await store.create(desk.scheme().name, $("gkp-new-name").value.trim() || suggestedName());
    $("gkp-new-form").hidden = true;
    await desk.open(made.id);
    desk.showMap();
  }

  function askForNew() {
    $("gkp-new-form").hidden = false;
    $("gkp-new-name").value = suggestedName();
    $("gkp-new-name").focus();
    $("gkp-new-name").select();
  }

  function submitted(id, act) {
    $(id).addEventListener("submit", (event) => {
      event.preventDefault();
      desk.run(act());
    });
  }

  async function say() {
    const text = $("gkp-comment").value.trim();
    if (!text) return;
    await store.comment(text);
    $("gkp-comment").value = "";
    await desk.reread();
  }

  async function bring(file) {
    const answer = await store.bring(JSON.parse(await file.text()));
    desk.settle(answer);
  }

  $("gkp-draft").addEventListener("change", (event) => desk.run(event.target.value ? desk.open(Number(event.target.value)) : desk.close()));
  $("gkp-new").addEventListener("click", askForNew);
  $("gkp-new-cancel").addEventListener("click", () => { $("gkp-new-form").hidden = true; $("gkp-new").focus(); });
  $("gkp-rename").addEventListener("click", () => rename(!isRenaming));
  submitted("gkp-new-form", begin);
  submitted("gkp-rename-form", async () => {
    const name = $("gkp-name").value.trim();
    if (name && name !== store.now().name) await store.change({ name });
    rename(false);
    show();
  });
  submitted("gkp-comment-form", say);
  $("gkp-import").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) desk.run(bring(file).finally(() => { event.target.value = ""; }));
  });
  $("gkp-withdraw").addEventListener("click", () => desk.run(store.withdraw().then(() => desk.reread())));
  $("gkp-renew").addEventListener("click", () => desk.run(desk.renew()));

  return { list, show, trail, askForNew, suggestedName };
};
