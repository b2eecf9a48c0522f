// The line of totals above the map: of one question, or of two beside each other.
"use strict";

gridkeeper.reachTotal = (container) => {
  const { el, t, reachMeasures: measures } = gridkeeper;

  const rows = ({ total, stations, pieces }) => [
    ["reach.stations", measures.count(stations.length)],
    ["reach.measure.people_share", measures.share(total.people_share), total.people === null ? null : measures.of(total.people_within, total.people)],
    ["reach.measure.share", measures.share(total.share), measures.of(total.buildings_within, total.buildings)],
    ["reach.median", measures.minutes(total.median_min)],
    ["reach.off", measures.count(pieces.buildings_off)],
    ["reach.pieces", measures.count(pieces.n), pieces.n > 1 ? t("reach.pieces.largest", { share: measures.share(pieces.largest_share) }) : null],
  ];

  return {
    /** answers: one, or two to compare. */
    show(answers) {
      container.hidden = !answers.length;
      if (!answers.length) return;
      const [first, second] = answers.map(rows);
      const value = ([, text, more], nth) => (second ? [text, el("span", { class: "gkw-second" }, second[nth][1])] : [text, more && el("small", {}, more)]);
      container.replaceChildren(el("dl", {}, first.map((row, nth) => el("div", {}, el("dt", {}, t(row[0])), el("dd", {}, value(row, nth))))));
    },
  };
};
