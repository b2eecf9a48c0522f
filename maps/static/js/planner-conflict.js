// When somebody else was faster, or the service was away: what happened, and how to go on without losing an edit.
"use strict";

gridkeeper.plannerConflict = ({ desk, store }) => {
  const { el, t, word, times, service } = gridkeeper;
  const WORDS = {
    draft_changed: "planner.conflict.changed", draft_stale: "planner.conflict.draft_stale", versions_changed: "planner.conflict.versions_changed",
  };
  const card = document.getElementById("gkp-conflict");
  const MOST_NAMED = 12;
  let kept = null;

  const button = (key, act, quiet = false) =>
    el("button", { type: "button", class: quiet ? "gk-button gk-quiet" : "gk-button", onclick: () => { close(); desk.run(Promise.resolve(act())); } }, t(key));

  function close() {
    card.hidden = true;
    card.replaceChildren();
  }

  function what({ code, problem }) {
    const { by, at, what: kind, grids = [] } = problem.values ?? {};
    const names = grids.slice(0, MOST_NAMED).map((one) => one.name || one.code || desk.nameOf(one.grid_no)).join(", ");
    const told = t(WORDS[code], { by, at: times.show(at, desk.scheme().time_zone), what: kind ? said(kind) : "" });
    return names ? `${told} ${t("planner.conflict.grids", { grids: names })}` : told;
  }

  const said = (kind) => (gridkeeper.config.strings[`edit.${kind}`] ? word("edit", kind) : word("event", kind));

  const again = async (edit) => {
    // What is half drawn is this very edit.
    desk.giveUp();
    await desk.open(store.now().id);
    if (edit) await desk.save(edit);
  };

  /** The grids that an edit names, by other numbers. */
  function renumbered(edit, numbers) {
    const named = (no) => numbers.get(no) ?? no;
    const made = { ...edit };
    for (const key of ["grid", "into", "giver", "taker"]) if (Number.isInteger(made[key])) made[key] = named(made[key]);
    if (made.grids) made.grids = made.grids.map(named);
    return made;
  }

  /** The edits of a stale draft again, on a new draft of the newest version, where new grids get other numbers. */
  async function renew() {
    const { edits } = await desk.reread();
    const old = store.now();
    const made = await store.create(desk.scheme().name, t("planner.draft.renewed", { name: old.name, version: old.newest_version }));
    await desk.open(made.id);
    const numbers = new Map();
    for (const { kind, params, grids } of edits.filter((one) => one.on_path)) {
      if (kind === "replace") return desk.say(t("planner.say.not_again"));
      const answer = await desk.keep(renumbered(params, numbers));
      if (!answer) return undefined;
      if (kind === "split" || kind === "carve") numbers.set(Math.max(...grids), Math.max(...answer.changed.features.map((one) => one.properties.grid_no)));
    }
    return undefined;
  }

  return {
    renew,
    knows: ({ code }) => code in WORDS,

    show(error, edit) {
      const ways = {
        draft_changed: [edit ? button("planner.conflict.again", () => again(edit)) : null, button("planner.conflict.load", () => again(null), Boolean(edit))],
        draft_stale: [button("planner.draft.renew", () => desk.renew()), button("planner.conflict.stay", () => desk.reread(), true)],
        versions_changed: [button("planner.conflict.load", () => desk.refresh())],
      }[error.code];
      card.replaceChildren(el("h2", {}, t("planner.conflict.title")), el("p", {}, what(error)), edit ? el("p", {}, t("planner.conflict.kept")) : "", el("div", { class: "gkp-ways" }, ways));
      card.hidden = false;
      card.querySelector("button").focus();
    },

    /** An edit that could not be sent; it is made when the service is back. */
    keep(edit) {
      kept = edit;
    },

    async back() {
      if (!store.now()) return desk.refresh();
      const edit = kept;
      kept = null;
      return again(edit);
    },
  };
};
