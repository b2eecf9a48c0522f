// One control over time, for whatever has one: a slider that a button moves, over a span or from step to step.
"use strict";

/** `label` names the control, `say(at)` tells a place of a span in words, `speeds` are multiples of real time (of a span) or
    of the usual pace (of steps); without them the pace is the same for every span and no choice is offered. */
gridkeeper.timeControl = (container, { label, say = String, speeds = null }) => {
  const { el, t, emit } = gridkeeper;
  // A span without speeds is gone through in this time; a step stays for this long.
  const WHOLE_MS = 12000;
  const STEP_MS = 800;
  const id = (name) => `${container.id}-${name}`;
  const heard = [];
  let steps = null;
  let span = null;
  let at = Infinity;
  // Where playing has come to; between two steps it is more than `at`.
  let gone = 0;
  let frame = 0;
  let last = 0;

  const go = el("button", { type: "button", class: "gk-button", id: id("go"), "aria-pressed": "false", onclick: () => (isPlaying() ? pause() : play()) });
  const range = el("input", { type: "range", id: id("at"), min: "0", max: "1", step: "1", "aria-label": t("time.at"), oninput: () => seek(Number(range.value)), onkeydown: toggle });
  const told = el("output", { id: id("time"), for: range.id });
  const pace = el("select", { id: id("speed"), "aria-label": t("time.speed"), hidden: !speeds }, (speeds ?? [1]).map((speed) => el("option", { value: speed }, t("time.times", { n: speed }))));
  const all = el("button", { type: "button", class: "gk-tool", id: id("all"), onclick: () => seek(Infinity) }, t("time.all"));
  if (speeds) pace.value = String(speeds[(speeds.length - 1) >> 1]);
  container.classList.add("gk-time");
  container.setAttribute("role", "group");
  container.setAttribute("aria-label", label);
  container.hidden = true;
  container.replaceChildren(go, range, told, pace, all);

  const isPlaying = () => frame !== 0;

  function text() {
    if (!steps) return say(Math.min(at, span[1]));
    return at === Infinity ? t("time.all_steps") : steps[at].label;
  }

  function show() {
    container.hidden = span === null;
    if (span === null) return;
    range.value = String(Math.min(at, span[1]));
    range.setAttribute("aria-valuetext", text());
    told.textContent = text();
    // Who listens to a page is not told each frame of a playback.
    told.setAttribute("aria-live", isPlaying() ? "off" : "polite");
    go.setAttribute("aria-pressed", String(isPlaying()));
    go.textContent = t(isPlaying() ? "time.pause" : "time.play");
    all.disabled = at === Infinity;
  }

  function turn(to) {
    const before = at;
    at = to;
    show();
    if (at !== before) heard.forEach((one) => one(at));
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
  }

  function pause() {
    stop();
    show();
  }

  function seek(to) {
    stop();
    turn(to);
  }

  function advance(now) {
    const rate = steps ? Number(pace.value) / STEP_MS : speeds ? Number(pace.value) : (span[1] - span[0]) / WHOLE_MS;
    // A frame may tell a time before the click that began it.
    gone += Math.max(0, Math.min(now - last, 200)) * rate;
    last = now;
    // The last step stays as long as the others.
    if (gone >= span[1] + (steps ? 1 : 0)) return seek(span[1]);
    frame = requestAnimationFrame(advance);
    return turn(steps ? Math.floor(gone) : gone);
  }

  function play() {
    // From the end it begins anew.
    gone = at >= span[1] ? span[0] : at;
    last = performance.now();
    frame = requestAnimationFrame(advance);
    turn(gone);
  }

  function toggle(event) {
    if (event.key !== " ") return;
    event.preventDefault();
    go.click();
  }

  function set(found, step) {
    stop();
    span = found;
    at = Infinity;
    if (span) Object.assign(range, { min: String(span[0]), max: String(span[1]), step: String(step) });
    const wasHidden = container.hidden;
    show();
    // The map above it has another height now.
    if (container.hidden !== wasHidden) emit("layout", { id: container.id, open: !container.hidden });
  }

  return {
    /** Go over a span from one number to another; all of it at first, and nobody is told. Null hides the control. */
    setSpan(found, { step = 1 } = {}) {
      steps = null;
      set(found, step);
    },

    /** Go from step to step, [{label}]; all at first, and nobody is told. None hides the control. */
    setSteps(found) {
      steps = found;
      set(found.length ? [0, found.length - 1] : null, 1);
    },

    /** A place of the span, the number of a step, or Infinity for all. */
    at: () => at,

    /** Go there; who listens is told. */
    turn: seek,

    /** Hear of each place that is gone to: a number of the span, the number of a step, or Infinity for all. */
    on(turned) { heard.push(turned); },

    stop: pause,

    hide() { set(null, 1); },
  };
};
