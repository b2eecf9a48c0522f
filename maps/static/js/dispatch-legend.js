// What the marks on the map of the dispatch centre mean.
"use strict";

gridkeeper.dispatchLegend = () => {
  const { t, clock } = gridkeeper;
  const rows = clock.KINDS.map((kind) => ({ mark: `gkd-mark gkd-mark-${kind}`, text: t(`clock.${kind}`) }));
  const line = (name) => ({ mark: `gk-line gk-line-${name}`, text: t(`legend.${name}`) });
  gridkeeper.legend(document.getElementById("gk-legend")).show([
    { id: "cases", title: t("dispatch.legend.cases"), rows: [...rows, { mark: "gk-ring", text: t("dispatch.legend.urgent") }, { mark: "gkd-mark gkd-mark-open", text: t("dispatch.legend.open") }] },
    { id: "shapes", title: t("legend.ground"), rows: ["streets", "buildings"].map(line) },
  ]);
};
