// One question's answer on one map: grids, bands, streets and stations; the page has one of these for each of its two maps.
"use strict";

gridkeeper.reachGround = ({ map, grids, bands, streets, marks }) => {
  const { config, reachMeasures: measures } = gridkeeper;
  const { ink } = config.palette;
  const CLEAR = { of: () => ({ colour: "transparent" }) };
  const [BEYOND, CUT_OFF] = [{ colour: ink.street, width: 1, isFar: true }, { colour: ink.unvisited, width: 1, isFar: true }];
  const NOTHING = { answer: null, bands: null, streets: null, sites: null };
  const found = { features: [], ...NOTHING, ends: [] };
  const shown = { walks: true, stations: true, sites: true };
  let at = Infinity;

  /** Take in what was told: features of grids, the answer, its bands, streets and sites, as they come. */
  function set(told) {
    Object.assign(found, told);
    if (told.features) {
      grids.setFeatures(told.features);
      streets.setLabelled(grids.grids);
    }
    if (told.bands !== undefined) bands.setFeatures(told.bands?.features ?? []);
    if (told.streets !== undefined) streets.setFeatures(told.streets?.features ?? []);
    found.ends = found.answer ? measures.uppers(found.answer.minutes, found.bands) : [];
  }

  /** Fill the ground by a measure of the grids, or by bands of minutes, as it always is while played back. The colours are those
      of `ends`, the bands of the longer of two limits. Returns the classes of grids, if it is them. */
  function paint(measure, ends) {
    const rows = found.answer?.grids ?? [];
    const isBands = measure === "bands" || at !== Infinity;
    const classes = isBands ? null : measures.classes(measure, rows, ends);
    const limit = found.ends.at(-1) ?? 0;
    const colourOf = measures.scale(ends);
    grids.setValues(Object.fromEntries(rows.map((row) => [row.grid_no, row[measure]])), classes ?? CLEAR);
    bands.show(isBands ? at : -1, colourOf);
    streets.show(at, (minutes) => (minutes === null ? CUT_OFF : minutes > limit ? BEYOND : { colour: colourOf(minutes), width: 2 }));
    grids.showNames(!shown.walks);
    if (map.hasLayer(streets) !== shown.walks) map[shown.walks ? "addLayer" : "removeLayer"](streets);
    marks.setStations(shown.stations ? found.answer?.stations ?? [] : []);
    marks.setSites(shown.sites ? found.sites?.sites ?? [] : []);
    return classes;
  }

  return {
    found, set, paint, grids, streets, marks,
    forget: () => set(NOTHING),
    turn: (name, wanted) => { shown[name] = wanted; },

    /** What is painted next is what is reached after so many minutes; Infinity is all of it. */
    setTime(minutes) { at = minutes; },

    /** From one instant to the next: the rest stays as it is painted. */
    play(minutes) {
      at = minutes;
      bands.play(minutes);
      streets.play(minutes);
    },
  };
};
