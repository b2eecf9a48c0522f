// Publishing: what will happen, why, when, and what becomes of open cases; then what did happen.
"use strict";

gridkeeper.plannerPublish = ({ desk, store, effects }) => {
  const { el, t, number, times, service } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const dialog = $("gkp-publish");
  let seen = null;

  function open() {
    $("gkp-publish-note").textContent = "";
    $("gkp-publish-go").disabled = true;
    $("gkp-publish-sum").replaceChildren(el("li", {}, t("planner.publish.reading")));
    dialog.showModal();
    store.preview(null, (preview) => {
      seen = preview;
      effects.show(preview);
      summary(preview);
    });
  }

  function summary(preview) {
    const states = (status) => (preview.grids ?? []).filter((one) => one.status === status).length;
    const lines = [
      t("planner.publish.grids", { changed: number(states("changed")), fresh: number(states("new")), ended: number(states("ended")) }),
      preview.cases ? t("planner.effects.cases_change", { n: number(preview.cases.changing_hands), open: number(preview.cases.open_changing_hands) }) : null,
      preview.duties ? t("planner.publish.duties", { n: number(preview.duties.length) }) : null,
      preview.boards ? t("planner.effects.boards_sum", { grids: number(preview.boards.grids?.length ?? 0), buildings: number(preview.boards.buildings_total ?? 0) }) : null,
    ];
    $("gkp-publish-sum").replaceChildren(...lines.filter(Boolean).map((line) => el("li", {}, line)));
    const wrong = !preview.grids;
    $("gkp-publish-note").textContent = wrong ? t("planner.publish.problems") : "";
    $("gkp-publish-go").disabled = wrong;
  }

  /** The instant of a local day and time in the zone of the scheme. */
  function instant() {
    if ($("gkp-at-now").checked) return null;
    return times.instant($("gkp-at-day").value, $("gkp-at-time").value || "00:00", desk.scheme().time_zone);
  }

  async function publish() {
    const reason = $("gkp-reason").value.trim();
    const at = instant();
    const rule = dialog.querySelector("[name=gkp-open-cases]:checked").value;
    $("gkp-publish-go").disabled = true;
    try {
      // What was previewed is what is published, or nothing is.
      const answer = await store.publish({ reason, open_cases: rule, ...(at ? { at } : {}) }, seen.etag);
      dialog.close();
      await desk.published(answer);
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      if (error.status === 412 || error.code === "draft_stale") {
        dialog.close();
        desk.conflict(error);
      } else {
        $("gkp-publish-note").textContent = service.refusal(error);
        $("gkp-publish-go").disabled = false;
      }
    }
  }

  function showWhen() {
    const later = $("gkp-at-later").checked;
    $("gkp-later").hidden = !later;
    $("gkp-at-day").required = later;
    if (later && !$("gkp-at-day").value) $("gkp-at-day").value = times.shift(times.day(new Date(), desk.scheme().time_zone), 1);
  }

  $("gkp-publish-open").addEventListener("click", open);
  $("gkp-publish-cancel").addEventListener("click", () => dialog.close());
  for (const id of ["gkp-at-now", "gkp-at-later"]) $(id).addEventListener("change", showWhen);
  $("gkp-publish-form").addEventListener("submit", (event) => {
    event.preventDefault();
    desk.run(publish());
  });
  return { open };
};
