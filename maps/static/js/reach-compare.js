// A second question beside the first, on a map of its own that shows the same ground.
"use strict";

gridkeeper.reachCompare = ({ map, view, choices, read }) => {
  const { t, painted, service } = gridkeeper;
  let ground = null;
  const second = gridkeeper.secondMap({ map, label: t("reach.map.second"), made });

  function made(on) {
    const layers = { grids: gridkeeper.gridLayer({}), bands: gridkeeper.bandLayer(), streets: gridkeeper.walkLayer(), marks: gridkeeper.reachMarks() };
    for (const one of Object.values(layers)) on.addLayer(one);
    layers.grids._drawn.countPainted = (count) => { painted.grids_2 = count; };
    layers.bands._drawn.countPainted = (count) => { painted.bands_2 = count; };
    layers.streets._drawn.countPainted = (count) => { painted.walks_2 = count; };
    layers.marks._drawn.countPainted = ({ stations }) => { painted.stations_2 = stations; };
    ground = gridkeeper.reachGround({ map: on, ...layers });
    view.listen(ground, on);
  }

  /** Ask the second question, if one is wanted, on the ground of the first. */
  async function refresh(signal) {
    if (!choices.isBeside()) {
      second.close();
      view.setSecond(null);
      return;
    }
    second.open();
    second.say(choices.said(1), choices.said(2));
    ground.set({ features: view.ground.found.features });
    ground.forget();
    view.setSecond(ground);
    await read(2, signal, (told) => {
      ground.set(told);
      if (told.answer) view.setSecond(ground);
      else view.paint();
    });
  }

  return { refresh: (signal) => service.run(refresh(signal)), map: () => (second.isOpen() ? second.map() : null) };
};
