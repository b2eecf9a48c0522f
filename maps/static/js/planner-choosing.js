// Tools that choose grids: select, merge, suggest.
"use strict";

gridkeeper.plannerChoosing = (desk) => {
  const { el, t } = gridkeeper;
  const { ground, canvas } = desk;

  function point(pointer) {
    const grid = ground.at(pointer.x, pointer.y);
    desk.cursor(grid ? "pointer" : "");
    canvas.show({ tinted: grid ? [{ rings: grid.rings, fill: gridkeeper.config.palette.ink["brand-soft"] }] : [] });
    return grid;
  }
  const rest = () => canvas.show({ tinted: [] });

  function toggled(no) {
    const chosen = desk.selected();
    return chosen.includes(no) ? chosen.filter((one) => one !== no) : [...chosen, no];
  }

  const leave = () => { rest(); desk.cursor(""); };

  const select = {
    name: "select", key: "v", reads: true, hint: () => "planner.hint.select", hover: point, out: rest, leave,
    tap(pointer) {
      const grid = ground.at(pointer.x, pointer.y);
      if (!grid) return desk.select([]);
      return desk.select(pointer.shift ? toggled(grid.no) : [grid.no]);
    },
    cancel() {
      const some = desk.selected().length > 0;
      desk.select([]);
      return some;
    },
  };

  const mergeEdit = () => ({ kind: "merge", grids: desk.selected(), into: desk.selected()[0] });
  function again() {
    if (desk.selected().length > 1) {
      desk.begin();
      desk.ask(mergeEdit());
    } else {
      desk.stop();
    }
    desk.told();
  }

  const merge = {
    name: "merge", key: "m", hover: point, out: rest,
    leave() {
      if (desk.selected().length > 1) desk.stop();
      leave();
    },
    hint: () => (desk.selected().length > 1 ? "planner.hint.merge_now" : "planner.hint.merge"),
    enter() { if (desk.selected().length > 1) again(); },
    needs: () => ({ finish: desk.selected().length > 1, cancel: desk.selected().length > 0 }),
    tap(pointer) {
      const grid = ground.at(pointer.x, pointer.y);
      if (!grid) return;
      desk.select(toggled(grid.no));
      again();
    },
    finish() {
      if (desk.selected().length < 2) return false;
      desk.save(mergeEdit()).then((isSaved) => {
        if (isSaved) desk.select(desk.selected().slice(0, 1));
        desk.told();
      });
      return true;
    },
    cancel() {
      if (!desk.selected().length) return false;
      desk.select([]);
      desk.stop();
      desk.told();
      return true;
    },
    options: () =>
      desk.selected().map((no, at) =>
        el("span", { class: "gkp-chosen" }, at ? "" : `${t("planner.option.remains")} `, el("b", {}, desk.nameOf(no))),
      ),
  };

  const suggest = {
    ...select, reads: false, name: "suggest", key: "b", hint: () => "planner.hint.suggest",
    enter() { desk.showTab("suggest"); },
    leave() { leave(); desk.hideSuggestions(); },
  };

  return [select, merge, suggest];
};
