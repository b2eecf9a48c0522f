// The open cases take the longest of all that the page needs: they are asked for before the other scripts are here.
"use strict";

window.gridkeeperEarly = new URLSearchParams(location.search).has("scheme")
  ? Promise.resolve(null)
  : fetch("/api/v1/dispatch/cases").then((response) => (response.ok ? response.json() : null)).catch(() => null);
