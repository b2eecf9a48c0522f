// The open case of a page: read, shown, kept up to date, and taken through its steps; and the place that a form asks for.
"use strict";

gridkeeper.dispatchCase = ({ tree, loop, map, grids, view, shown, taken }) => {
  const { service } = gridkeeper;
  const API = "/api/v1";
  const NAMES_MS = 600000;
  const $ = (id) => document.getElementById(id);
  let wanted = null;
  let seen = 0;
  let picking = null;
  let known = null;
  let learned = 0;

  const person = gridkeeper.dispatchPerson({ roles: loop.roles, changed: () => service.run(again()) });
  const fields = gridkeeper.dispatchFields({ names, pick, gridAt: (latlng) => grids.at(latlng), upload });
  const steps = gridkeeper.dispatchSteps({ fields, taken: took, renewed: again, askWho: person.ask });
  const drawer = gridkeeper.dispatchDrawer({ loop, steps });

  /** Open a case; null where another one was opened, or all was closed, before it was read. */
  async function open(number) {
    stopPicking();
    [wanted, seen] = [number, 0];
    try {
      return await read(number);
    } catch (error) {
      // What is shown still is kept up to date.
      if (wanted === number) wanted = drawer.number;
      throw error;
    }
  }

  async function read(number) {
    const { body, etag } = await service.send("GET", `${API}/cases/${encodeURIComponent(number)}`);
    // What comes late is not shown over another case, nor over a newer state.
    if (wanted !== number || body.revision < seen) return null;
    show({ ...body, etag });
    return body;
  }

  function show(found) {
    seen = found.revision;
    drawer.show(found);
    shown(found);
  }

  /** Read the open case anew. */
  async function again() {
    if (wanted) await read(wanted);
  }

  /** Something happened to a case. */
  function heard({ number, revision }) {
    if (number === wanted && revision > seen) service.run(again());
  }

  function took(found) {
    if (found.number !== wanted) return;
    show(found);
    taken(found);
  }

  function close() {
    stopPicking();
    wanted = null;
    drawer.close();
  }

  /** What and whom a form can name; a page is open for days, so it is asked again after a while. */
  function names() {
    if (known && Date.now() - learned < NAMES_MS) return known;
    learned = Date.now();
    known = service.json(`${API}/dispatch/names?${new URLSearchParams({ tree })}`);
    known.catch(() => { known = null; });
    return known;
  }

  async function upload(number, file) {
    return (await service.send("POST", `${API}/cases/${number}/photos`, file)).body;
  }

  /** Ask for a place: the next click on the map gives it, whatever else is done none. */
  function pick() {
    stopPicking();
    document.body.classList.add("gkd-picking");
    $("gkd-pick").hidden = false;
    view("map");
    return new Promise((resolve) => { picking = resolve; });
  }

  /** Give a place to whoever asked for one; whether anybody did. */
  function place(latlng) {
    if (!picking) return false;
    picking(latlng);
    picking = null;
    document.body.classList.remove("gkd-picking");
    $("gkd-pick").hidden = true;
    view("case");
    return true;
  }

  const stopPicking = () => place(null);

  $("gkd-pick-cancel").addEventListener("click", stopPicking);
  $("gkd-nobody-open").addEventListener("click", person.ask);
  return {
    open, again, heard, close, names, upload, pick, place, stopPicking, fields, steps,
    tick: drawer.tick,
    get number() { return wanted; },
  };
};
