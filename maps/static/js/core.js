// What every script of a page shares: texts, palette, elements, events, and what has been painted.
"use strict";

window.gridkeeper = (() => {
  const config = JSON.parse(document.getElementById("gk-config").textContent);
  const hub = new EventTarget();
  let pending = 0;
  let resolveReady;

  /** One text of the catalogue with its {values}. */
  function t(key, values = {}) {
    const text = config.strings[key];
    if (text === undefined) throw new Error(`no text ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** The text of a code word such as state.queued; a word the catalogue does not know is shown as it is. */
  function word(family, code) {
    return config.strings[`${family}.${code}`] ?? String(code);
  }

  /** A scheme by its title; one that has none by its kind, with its name where the kind is not enough. */
  function schemeTitle(one, schemes) {
    if (one.title && one.title !== one.name) return one.title;
    const kind = word("kind", one.kind);
    return schemes.filter((other) => other.kind === one.kind).length > 1 ? `${kind} · ${one.name}` : kind;
  }

  /** Keep values in the address of the page, and in the links to its other languages; what is empty goes. */
  function remember(values) {
    const kept = new URLSearchParams(location.search);
    const before = kept.toString();
    for (const [key, value] of Object.entries(values)) {
      if (value) kept.set(key, value);
      else kept.delete(key);
    }
    const query = kept.toString();
    // Browsers refuse an address that is written many times a second.
    if (query !== before) history.replaceState(null, "", query ? `?${query}` : location.pathname);
    for (const link of document.querySelectorAll("[data-lang]")) {
      kept.set("lang", link.dataset.lang);
      link.href = `?${kept}`;
    }
  }

  /** A new element. Children that are strings become text, never markup. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
  }

  /** Keep a blob as a file of this name. */
  function keepFile(blob, name) {
    const address = URL.createObjectURL(blob);
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  }

  const whole = new Intl.NumberFormat(config.lang === "zh" ? "zh-CN" : "en-GB");
  const number = (value) => whole.format(value);

  /** Count a promise as work under way, so that idle() waits for it. */
  async function track(promise) {
    pending += 1;
    try {
      return await promise;
    } finally {
      pending -= 1;
    }
  }

  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  /** Resolves with what is painted once nothing is under way any more. */
  async function idle() {
    let quiet = 0;
    while (quiet < 3) {
      await frame();
      quiet = pending === 0 ? quiet + 1 : 0;
    }
    return { ...painted };
  }

  const painted = { grids: 0, cases: 0, points: 0, bins: 0 };
  const ready = new Promise((resolve) => { resolveReady = resolve; });

  return {
    config, t, word, schemeTitle, remember, el, keepFile, number, track, idle, painted, ready,
    markReady: () => idle().then(resolveReady),
    payload: (id) => JSON.parse(document.getElementById(id).textContent),
    on: (name, heard) => hub.addEventListener(name, (event) => heard(event.detail)),
    emit: (name, detail) => hub.dispatchEvent(new CustomEvent(name, { detail })),
  };
})();
