// What the page needs first is asked for before its scripts are here; the open cases take the longest of all.
"use strict";

window.gridkeeperEarly = (() => {
  const asked = (path) => fetch(path).then((response) => (response.ok ? response.json() : null)).catch(() => null);
  const isChosen = new URLSearchParams(location.search).has("scheme");
  return { cases: isChosen ? null : asked("/api/v1/dispatch/cases"), schemes: asked("/api/v1/schemes"), loop: asked("/api/v1/loop") };
})();
