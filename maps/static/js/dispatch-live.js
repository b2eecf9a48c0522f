// The cases of a city as they are now: read once, then followed event by event; after a loss read anew.
"use strict";

gridkeeper.dispatchLive = ({ tree, store, isOpen, arrived, loaded, told }) => {
  const { service, clock } = gridkeeper;
  const API = "/api/v1";
  const AGAIN_MS = 3000;
  let source = null;
  let again = 0;

  /** Read all cases, or take those that were read already, and follow from the place up to which they were read. */
  async function load(read = null) {
    clearTimeout(again);
    const answer = read ?? (await service.json(`${API}/dispatch/cases?${new URLSearchParams({ tree })}`));
    clock.set({ now: answer.now });
    store.load(answer);
    loaded();
    follow(answer.cursor);
  }

  function follow(cursor) {
    source?.close();
    const opened = new EventSource(`${API}/live?${new URLSearchParams({ tree, after: cursor })}`);
    source = opened;
    opened.addEventListener("open", () => told(true));
    opened.addEventListener("case", ({ data }) => take(JSON.parse(data)));
    opened.addEventListener("resync", () => anew(0));
    opened.addEventListener("error", () => {
      told(false);
      // It comes back by itself with the last event it saw, unless it was refused.
      if (opened.readyState === EventSource.CLOSED) anew(AGAIN_MS);
    });
  }

  const seconds = (at) => (at ? Date.parse(at) / 1000 : null);

  function take(one) {
    const now = { ...one, due: seconds(one.due_at), received: seconds(one.received_at), urgent: one.urgency === "urgent", grid: one.grid && { code: one.grid, name: one.grid_name, area: one.grid_area } };
    arrived(now, store.apply(now, isOpen(one.state)));
  }

  /** Read anew soon: many may be told so at once. */
  function anew(least_ms) {
    clearTimeout(again);
    again = setTimeout(() => service.run(load().catch((error) => {
      anew(AGAIN_MS);
      throw error;
    })), least_ms + Math.random() * 300);
  }

  return { load };
};
