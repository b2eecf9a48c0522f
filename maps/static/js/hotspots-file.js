// Hot spots in one file or a notebook cell: the same map with its answer inside the page.
"use strict";

gridkeeper.hotspotsFile = ({ map, data, ...layers }) => {
  const { t, number, emit } = gridkeeper;
  const { what, answer, grids, bounds } = gridkeeper.payload(data);
  const shown = gridkeeper.hotspotsShown({ map, layers, zone: () => answer.time_zone, title: () => answer.scheme });
  const [west, south, east, north] = bounds;
  map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
  layers.grids.setFeatures(grids.features);
  shown.show(what, [answer]);
  shown.shell.tabs(document.getElementById("gkh-tabs"), () => {});
  emit("status", t("hotspots.status", { n: number(answer.n), from: answer.from, to: answer.to }));
  gridkeeper.map = map;
  gridkeeper.markReady();
};
