// The big screen: counts and the most pressing cases in large type beside a large map; nothing to fill in.
"use strict";

gridkeeper.dispatchScreen = ({ store, stateName }) => {
  const { el, t, clock, config, number } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const MOST = 8;
  const name = (one) => one?.[config.lang] ?? "";

  function counts() {
    return clock.KINDS.map((kind, at) =>
      el("li", { class: `gkd-is-${kind}`, "data-kind": kind }, el("i", { class: `gkd-mark gkd-mark-${kind}`, "aria-hidden": "true" }), el("b", {}, number(store.counts[at])), el("span", {}, t(`clock.${kind}`))));
  }

  function row(at) {
    const grid = store.word("grid", at);
    return el(
      "li", { class: `gkd-is-${clock.KINDS[store.col.kind[at]]}` },
      el("i", { class: `gkd-mark gkd-mark-${clock.KINDS[store.col.kind[at]]}`, "aria-hidden": "true" }),
      el("div", {}, el("b", {}, name(store.word("matter", at)) || t("dispatch.no_matter")), el("span", {}, [grid?.name || grid?.code, stateName(store.word("state", at))].filter(Boolean).join(" · "))),
      el("strong", {}, clock.left(store.word("clock", at), store.col.due[at])),
    );
  }

  /** Show it as it is now. */
  function show() {
    $("gkd-screen-time").textContent = clock.show(clock.now() * 1000);
    $("gkd-screen-sum").textContent = number(store.size);
    $("gkd-screen-counts").replaceChildren(...counts());
    $("gkd-screen-rows").replaceChildren(...[...store.shown.subarray(0, MOST)].map(row));
  }

  return { show };
};
