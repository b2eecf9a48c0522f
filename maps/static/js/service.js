// Requests to our own service; when it is away the page says so and comes back by itself.
"use strict";

gridkeeper.service = (() => {
  const { config, el, t, track, emit } = gridkeeper;
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
      this.problem = problem;
    }
  }

  async function request(path, how = {}) {
    let response;
    try {
      response = await fetch(path, how);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      away();
      throw new Away(path);
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    if (AWAY.includes(response.status) && problem.code !== "ground_loading") {
      away();
      throw new Away(path);
    }
    throw new Refused(response.status, problem);
  }

  /** The JSON at an address of ours. */
  const json = (path, signal, headers) => track(request(path, { signal, headers }).then((response) => response.json()));

  /** The bytes at an address of ours; empty for "no content". */
  const bytes = (path, signal) => track(request(path, { signal }).then((response) => response.arrayBuffer()));

  /** Ask for a change: the answer's JSON and ETag. `etag` says which state it is meant for, `key` makes a repeat harmless. */
  function send(method, path, body, { etag = null, key = null } = {}) {
    const isFile = body instanceof Blob;
    const headers = { "Content-Type": isFile ? body.type : "application/json", ...identity() };
    if (etag) headers["If-Match"] = etag;
    if (key) headers["Idempotency-Key"] = key;
    const asked = request(path, { method, headers, body: body === undefined || isFile ? body : JSON.stringify(body) });
    return track(asked.then(async (response) => ({ body: await response.json(), etag: response.headers.get("ETag"), status: response.status })));
  }

  /** The key of a request that must not be done twice: the same as long as the body is, and until it is done. */
  function keys() {
    let [key, sent] = ["", ""];
    return {
      of(body) {
        const text = JSON.stringify(body);
        if (text !== sent) [key, sent] = [[...crypto.getRandomValues(new Uint32Array(4))].join("-"), text];
        return key;
      },
      done() { sent = ""; },
    };
  }

  /** Keep the answer at an address of ours as a file, under the name that it brings. */
  const save = (path) => track(request(path, { headers: identity() }).then(async (response) => {
    const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
    gridkeeper.keepFile(await response.blob(), named?.[1] ?? "");
  }));

  /** The name of who sits here, kept in this browser; empty where nobody said. */
  function actor(name) {
    if (name !== undefined) localStorage.setItem("gridkeeper.actor", name);
    return localStorage.getItem("gridkeeper.actor") ?? "";
  }

  /** The roles of who sits here, kept in this browser. */
  function roles(names) {
    if (names !== undefined) localStorage.setItem("gridkeeper.roles", names.join(" "));
    return (localStorage.getItem("gridkeeper.roles") ?? "").split(" ").filter(Boolean);
  }

  /** The headers that tell who asks; none where nobody said. */
  function identity() {
    const headers = {};
    // A header carries bytes, which fetch takes as one character each.
    if (actor()) headers["X-Actor"] = String.fromCharCode(...new TextEncoder().encode(actor()));
    if (roles().length) headers["X-Role"] = roles().join(" ");
    return headers;
  }

  /** All features of a paged collection, page after page. */
  async function features(path, signal) {
    const found = [];
    let next = path;
    while (next) {
      const page = await json(next, signal);
      found.push(...page.features);
      next = (page.links ?? []).find((link) => link.rel === "next")?.href ?? null;
    }
    return found;
  }

  /** Run work that nobody waits for: what it refuses is shown, what was called off is not. */
  function run(work) {
    work.catch((error) => {
      if (error instanceof Refused) emit("status", refusal(error));
      else if (!(error instanceof Away) && error.name !== "AbortError") throw error;
    });
  }

  /** What was refused, in the words of the page where it has some. */
  function refusal({ code, message }) {
    return config.strings[`problem.${code}`] ?? (config.lang === "en" && message !== code ? message : t("error.refused", { code }));
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

  return { json, bytes, features, send, save, keys, actor, roles, identity, refusal, run, Refused, Away };
})();
