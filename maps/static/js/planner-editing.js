// An edit from the first look to its keeping: while it is drawn, what it would do is asked; then it is saved or put back.
"use strict";

gridkeeper.plannerEditing = ({ desk, store, effects, trouble }) => {
  const { t, number, service, emit } = gridkeeper;
  const { ground, canvas } = desk;
  const NOTHING_LIVE = { problems: [], proposed: [], shapes: [], isRefused: false };
  let isBusy = false;
  let turn = 0; // counts gestures: an answer to an older one says nothing any more

  /** What was asked until now is not shown any more. */
  function outdate() {
    turn += 1;
    store.forget();
  }

  /** A gesture begins: what was shown of another one goes. */
  function begin() {
    turn += 1;
    canvas.show(NOTHING_LIVE);
    desk.showTab("effects", { onlyWide: true });
  }

  /** Ask what an edit would do, and show the answer while it still is what the hand holds. */
  function ask(edit) {
    if (!edit) return;
    const mine = turn;
    store.preview(edit, (preview) => {
      if (mine === turn) told(preview, edit);
    });
  }

  function told(preview, edit) {
    effects.show(preview);
    // A grid in parts is no fault of an edit: the panel says so, and nothing is red.
    const where = (preview.grids ? [] : preview.problems).filter((one) => one.where).flatMap((one) => canvas.shapeOf(one.where));
    const moves = ["move_vertex", "move_edge"].includes(edit.kind);
    const proposed = moves ? [] : (preview.changed?.features ?? []).map(ground.proposed).filter((one) => one.status !== "touched");
    canvas.show({ problems: where, proposed, isRefused: !preview.grids });
    emit("status", preview.grids ? t("planner.say.possible") : effects.problemText(preview.problems[0]));
  }

  /** The gesture was given up. */
  function stop() {
    outdate();
    canvas.show(NOTHING_LIVE);
    emit("status", t("planner.say.stopped"));
    look();
  }

  /** What the whole draft does, without anything unsaved. */
  function look() {
    if (!store.now() || desk.isLookingBack()) return;
    const mine = turn;
    store.preview(null, (preview) => { if (mine === turn) effects.show(preview); });
  }

  async function save(edit) {
    return Boolean(await keep(edit));
  }

  /** Keep an edit: what it changed. Where it is refused, null; the place is drawn, and nothing changes. */
  async function keep(edit) {
    outdate();
    isBusy = true;
    document.body.classList.add("gkp-saving");
    try {
      const answer = await store.edit(edit);
      settle(answer);
      return answer;
    } catch (error) {
      refused(error, edit);
      return null;
    } finally {
      isBusy = false;
      document.body.classList.remove("gkp-saving");
    }
  }

  function refused(error, edit) {
    if (error instanceof service.Away) return trouble.keep(edit);
    if (!(error instanceof service.Refused)) throw error;
    if (trouble.knows(error)) return trouble.show(error, edit);
    const problem = { code: error.code, detail: error.message, where: error.problem.where };
    const mine = turn;
    store.preview(null, (preview) => { if (mine === turn) effects.show({ ...preview, refused: [problem] }); });
    canvas.show({ problems: problem.where ? canvas.shapeOf(problem.where) : [], proposed: [] });
    emit("status", t("planner.say.refused", { why: effects.problemText(problem) }));
    return undefined;
  }

  /** Show what the service says changed, and what the draft does now. */
  function settle({ changed, ended }) {
    turn += 1;
    // A grid that only got a corner in its border is not told as changed.
    const moved = changed.features.map(ground.proposed).filter((one) => one.status !== "touched").length + ended.length;
    const boxes = ground.change({ changed, ended });
    canvas.show(NOTHING_LIVE);
    canvas.changeGrids(ground.all(), boxes);
    desk.select(desk.selected().filter((no) => ground.get(no)));
    emit("status", t("planner.say.saved", { n: number(moved) }));
    desk.run(desk.reread());
    look();
  }

  /** Undo or redo; true, for the key was meant for this. */
  function step(way) {
    if (!desk.isReady() || isBusy || !store.now()[`can_${way}`]) return true;
    desk.giveUp();
    isBusy = true;
    desk.run(store[way]().then(settle).finally(() => { isBusy = false; }));
    return true;
  }

  return { begin, ask, stop, look, save, keep, settle, step, outdate, isBusy: () => isBusy };
};
