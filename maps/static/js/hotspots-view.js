// One map of hot spots: puts an answer on its layers, whole or one frame of it. There are two where periods are compared.
"use strict";

gridkeeper.hotspotsView = ({ grids, density, clusters }) => {
  const { hotspotsLooks: looks } = gridkeeper;
  let shown = { what: null, answer: null, common: null };

  const ofGrids = ["gi", "moran", "emerging"];

  /** Show an answer, all of it at first; what all answers that are compared have in `common`. */
  function show(what, answer, common) {
    shown = { what, answer, common };
    clusters.setFeatures(answer && what === "clusters" ? answer.features : [], common.clusters);
    return frame(Infinity);
  }

  /** Show one frame, or all of them together. Returns the rows of a legend of grids. */
  function frame(nth) {
    const { what, answer, common } = shown;
    density.show(answer?.image ? answer : null, nth, nth === Infinity ? common.whole : common.bounds);
    if (!answer || !ofGrids.includes(what)) {
      grids.setLooks({});
      return [];
    }
    const found = nth === Infinity ? looks.standing(what, answer.grids) : what === "emerging" ? looks.ofWeek(answer, nth) : looks.counted(answer, nth, common.counts);
    grids.setLooks(found.looks, looks.blank);
    return found.rows;
  }

  return { show, frame, grids, density, clusters };
};

/** What maps that are compared have in common, so that a colour says the same on both: the classes of all their answers. */
gridkeeper.hotspotsCommon = (what, answers) => {
  const some = answers.filter(Boolean);
  if (what === "clusters") return { clusters: gridkeeper.clusterClasses(some.flatMap((one) => one.features.map(({ properties }) => properties.n))) };
  if (!some.every((one) => one.image)) return { counts: gridkeeper.hotspotsLooks.classesOf(some) };
  const widest = (all) => all.reduce((most, one) => ((one[one.length - 1] ?? 0) > (most[most.length - 1] ?? 0) ? one : most), []);
  const read = some.map(gridkeeper.densityOf);
  return { bounds: widest(read.map((one) => one.classes)), whole: widest(read.map((one) => one.whole.classes)) };
};
