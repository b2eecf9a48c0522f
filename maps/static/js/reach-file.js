// Reach in one file or a notebook cell: the same ground, legend and tables with the data inside the page.
"use strict";

gridkeeper.reachFile = ({ map, data, ...layers }) => {
  const { t } = gridkeeper;
  const { grids, bounds, answer, bands, streets, sites } = gridkeeper.payload(data);
  const view = gridkeeper.reachView({ map, ...layers });
  const told = { features: grids.features, answer, bands, streets, sites };

  view.show(Object.fromEntries(Object.entries(told).filter(([, part]) => part !== null)));
  view.fit(bounds);
  gridkeeper.pictureButtons(document.getElementById("gkw-pictures"), () => ({ ...view.sheet(), title: t("reach.title", { scheme: answer.scheme }), map, zone: answer.time_zone }));
  gridkeeper.markReady();
};
