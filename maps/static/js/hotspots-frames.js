// Time on the hot spots' map: the steps of an answer, which are played, and what each one is called.
"use strict";

gridkeeper.hotspotsFrames = (turned) => {
  const { t, painted } = gridkeeper;
  const control = gridkeeper.timeControl(document.getElementById("gkh-time"), { label: t("hotspots.time") });
  painted.frame = -1;
  control.on((at) => {
    painted.frame = at === Infinity ? -1 : at;
    turned(at);
  });

  /** The frames of an answer: {from, to} of each, and those of whole days as days. */
  function framesOf(what, answer) {
    if (what === "density") return answer.image.frames.length > 1 ? answer.image.frames : [];
    if (what === "emerging") return answer.weeks;
    return answer.frames ?? [];
  }

  function labelOf({ from, to }) {
    if (from === to) return from;
    const isDays = /^\d{4}-/.test(from);
    return isDays && from.slice(0, 4) === to.slice(0, 4) ? `${from}–${to.slice(5)}` : `${from}–${to}`;
  }

  return {
    /** Another answer is shown: all of it at first. */
    set(what, answer) {
      painted.frame = -1;
      control.setSteps(answer ? framesOf(what, answer).map((one) => ({ label: labelOf(one) })) : []);
    },

    labels: (what, answer) => framesOf(what, answer).map(labelOf),

    /** Which cases a frame holds, as a question; all of an answer's without one. */
    when(what, answer, nth) {
      const { from, to } = framesOf(what, answer)[nth] ?? answer;
      return /^\d{4}-/.test(from) ? { from, to } : { from: answer.from, to: answer.to, hours: `${Number(from.slice(0, 2))}-${Number(to.slice(0, 2)) || 24}` };
    },

    /** How many cases a grid has in a frame, and what the frame is called; null of all of them together. */
    ofGrid(what, answer, nth, row) {
      if (nth === Infinity) return null;
      const cases = what === "emerging" ? row.weeks[nth] : answer.frames[nth].counts[answer.grids.indexOf(row)];
      return { cases, label: labelOf(framesOf(what, answer)[nth]) };
    },

    turn: (nth) => control.turn(nth),
  };
};
