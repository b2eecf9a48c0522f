// One draft as the service keeps it: what is written goes one after the other, each on the state the one before left.
"use strict";

gridkeeper.plannerDraft = ({ taken }) => {
  const { service, track } = gridkeeper;
  const API = "/api/v1";
  const DATUM = "wgs84"; // what the map shows is what is stored
  const LOADING_MS = 1500;
  let draft = null;
  let line = Promise.resolve();
  let asked = null;
  let isAsking = false;

  const etag = () => `"d${draft.id}-r${draft.revision}-v${draft.newest_version}"`;
  const path = (rest = "") => `${API}/drafts/${draft.id}${rest}`;
  const declared = (edit) => (edit ? { ...edit, datum: DATUM } : null);

  function take(found) {
    draft = found;
    taken(draft);
    return draft;
  }

  function write(method, rest, body, state = null) {
    const done = line.then(async () => {
      const answer = (await service.send(method, path(rest), body, { etag: state ?? etag() })).body;
      if (answer.draft?.revision) take(answer.draft);
      else if (answer.revision) take({ ...draft, ...answer });
      return answer;
    });
    line = done.catch(() => {});
    return done;
  }

  /** Ask what an edit would do. While one question is under way only the newest of the others is kept. */
  function preview(edit, heard) {
    asked = { edit, heard };
    if (!isAsking) service.run(askOn());
  }

  /** The service is still reading the cases of the city. */
  const rest = () => track(new Promise((resolve) => { setTimeout(resolve, LOADING_MS); }));

  async function askOn() {
    isAsking = true;
    try {
      while (asked) {
        const { edit, heard } = asked;
        asked = null;
        const { id } = draft;
        const found = await service.send("POST", path("/preview"), { edit: declared(edit) }).catch((error) => {
          if (error.code === "ground_loading") {
            if (draft?.id === id) asked ??= { edit, heard };
            return rest();
          }
          // A newer question still waits, and its answer is what counts.
          if (!asked) throw error;
          return null;
        });
        if (found) heard(found.body);
      }
    } finally {
      isAsking = false;
    }
  }

  return {
    now: () => draft,
    preview,
    forget: () => { asked = null; },
    close() { draft = null; asked = null; },

    list: async (scheme) => (await service.json(`${API}/drafts?${new URLSearchParams({ scheme })}`)).drafts,
    create: async (scheme, name) => (await service.send("POST", `${API}/drafts`, { scheme, name })).body,

    /** Open a draft, or read it anew: with its edits and events, and the grids that differ from the published ones. */
    async open(id) {
      await line;
      const [found, changes] = await Promise.all([service.json(`${API}/drafts/${id}`), service.json(`${API}/drafts/${id}/changes`)]);
      // Somebody saved between the two answers: a draft is never held with the grids of another state of it.
      return found.revision === changes.revision ? { draft: take(found), changes } : this.open(id);
    },

    edit: (edit) => write("POST", "/edits", declared(edit)),
    undo: () => write("POST", "/undo"),
    redo: () => write("POST", "/redo"),
    change: (some) => write("PATCH", "", some),
    // A comment needs no state, and its answer may be of a newer one than the map shows: it is not taken over.
    comment: (text) => service.send("POST", path("/comments"), { text }),
    bring: (collection) => write("POST", "/import", collection),
    partition: (how) => write("POST", "/partition", how),
    publish: (how, state) => write("POST", "/publish", how, state),
    withdraw: () => write("POST", "/withdraw"),
    suggestions: async (how) => (await service.send("POST", path("/suggestions"), how)).body.suggestions,
    exportPath: (format) => path(`/export?format=${format}`),
  };
};
