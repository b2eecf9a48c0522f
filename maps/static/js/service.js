// Requests to our own service; when it is away the page says so and comes back by itself.
"use strict";

gridkeeper.service = (() => {
  const { el, t, track, emit } = gridkeeper;
  const AWAY = [502, 503, 504];
  const BEAT_MS = 30000;
  let banner = null;
  let patience_ms = 2000;

  class Away extends Error {}
  class Refused extends Error {
    constructor(status, problem) {
      super(problem.detail ?? String(status));
      this.status = status;
      this.code = problem.code ?? String(status);
    }
  }

  async function request(path, signal) {
    let response;
    try {
      response = await fetch(path, { signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      away();
      throw new Away(path);
    }
    if (AWAY.includes(response.status)) {
      away();
      throw new Away(path);
    }
    if (!response.ok) throw new Refused(response.status, await response.json().catch(() => ({})));
    return response;
  }

  /** The JSON at an address of ours. */
  const json = (path, signal) => track(request(path, signal).then((response) => response.json()));

  /** The bytes at an address of ours; empty for "no content". */
  const bytes = (path, signal) => track(request(path, signal).then((response) => response.arrayBuffer()));

  /** All features of a paged collection, page after page. */
  async function features(path) {
    const found = [];
    let next = path;
    while (next) {
      const page = await json(next);
      found.push(...page.features);
      next = (page.links ?? []).find((link) => link.rel === "next")?.href ?? null;
    }
    return found;
  }

  /** Run work that nobody waits for: what it refuses is shown, what was called off is not. */
  function run(work) {
    work.catch((error) => {
      if (error instanceof Refused) emit("status", t("error.refused", { code: error.code }));
      else if (!(error instanceof Away) && error.name !== "AbortError") throw error;
    });
  }

  function away() {
    if (banner) return;
    banner = el("div", { class: "gk-banner", role: "alert" }, t("service.away"));
    document.body.append(banner);
    patience_ms = 2000;
    setTimeout(knock, patience_ms);
  }

  async function knock() {
    if (await answers()) {
      banner.remove();
      banner = null;
      emit("status", t("service.back"));
      emit("back");
      return;
    }
    patience_ms = Math.min(patience_ms * 1.5, 15000);
    setTimeout(knock, patience_ms);
  }

  const answers = () => fetch("/healthz", { cache: "no-store" }).then((response) => response.ok, () => false);

  setInterval(async () => {
    if (!banner && !document.hidden && !(await answers())) away();
  }, BEAT_MS);

  return { json, bytes, features, run, Refused };
})();
