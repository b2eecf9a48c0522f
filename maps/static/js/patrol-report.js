// Taking along: files, the head of the printed report, and who looked at a person's traces.
"use strict";

gridkeeper.patrolReport = ({ map, zone, roleName }) => {
  const { el, t, word, times, service, on } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  // Tables that a file can be had of, and in which forms.
  const FORMS = { grids: ["csv", "xlsx"], people: ["csv", "xlsx"], points: ["csv", "xlsx"], plans: ["csv", "xlsx"], fixes: ["csv", "xlsx", "gpx"], live: [] };

  let seen = null;

  /** Offer the files of a table; those of fixes only while some are shown. */
  function offer(tab, isThere) {
    for (const button of document.querySelectorAll("#gkr-files [data-format]")) button.hidden = !isThere || !FORMS[tab].includes(button.dataset.format);
  }

  /** Say on paper what is shown: of when, of whom, counted how. */
  function head({ scheme, from, to, chosen, reach_m: reach }) {
    const who = [chosen.team, chosen.staff || chosen.device, chosen.grid].filter(Boolean).join(" · ") || t("patrol.everybody");
    $("gkr-report-head").replaceChildren(
      el("h1", {}, t("patrol.report.title", { scheme })),
      el("p", {}, t("patrol.report.of", { from, to, who, reach })),
      el("p", {}, t("patrol.report.made", { at: times.show(Date.now(), zone()), zone: times.offset(Date.now(), zone()) })),
      el("p", {}, t("patrol.report.note")),
    );
  }

  /** The map is drawn anew for the width of a page, and back, with the same ground in it. */
  function paper(isPaper) {
    const view = isPaper ? map.getBounds() : seen;
    seen = view;
    document.body.classList.toggle("gkr-paper", isPaper);
    map.invalidateSize({ animate: false });
    if (view) map.fitBounds(view, { animate: false });
  }

  async function views({ tree, staff }) {
    const { views: rows } = await service.json(`/api/v1/patrols/views?${new URLSearchParams({ tree, staff })}`, undefined, service.identity());
    $("gkr-views-note").textContent = t("patrol.views.note", { staff });
    gridkeeper.table($("gkr-views-rows"), [
      { key: "at", title: t("patrol.views.at"), value: (row) => row.at, cell: (row) => times.show(row.at, zone()) },
      { key: "viewer", title: t("patrol.views.viewer"), value: (row) => row.viewer },
      { key: "role", title: t("dispatch.person.roles"), value: (row) => roleName(row.role) },
      { key: "what", title: t("patrol.views.what"), value: (row) => word("patrol.way", row.what) },
      { key: "since", title: t("period.label"), value: (row) => row.since, cell: (row) => `${times.show(row.since, zone())} – ${times.show(row.until, zone())}` },
    ], { caption: t("patrol.views"), empty: t("patrol.views.none") }).show(rows);
    if (!$("gkr-views").open) $("gkr-views").showModal();
  }

  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  $("gkr-print").addEventListener("click", () => print());
  $("gkr-views-close").addEventListener("click", () => $("gkr-views").close());
  on("back", () => $("gkr-views").close());

  return { offer, head, views };
};
