// Play traces back: a slider over their time, which a button moves.
"use strict";

gridkeeper.patrolPlayback = ({ traces, zone }) => {
  const { t, times, painted } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  let span = null;
  let at = Infinity;
  let frame = 0;
  let last = 0;

  const isPlaying = () => frame !== 0;

  function show() {
    $("gkr-play").hidden = span === null;
    if (span === null) return;
    const shown = Math.min(at, span[1]);
    $("gkr-play-at").value = String(shown);
    $("gkr-play-at").setAttribute("aria-valuetext", times.show(shown, zone()));
    $("gkr-play-time").textContent = times.show(shown, zone());
    $("gkr-play-go").setAttribute("aria-pressed", String(isPlaying()));
    $("gkr-play-go").textContent = t(isPlaying() ? "patrol.play.stop" : "patrol.play.go");
    $("gkr-play-all").disabled = at === Infinity;
  }

  function turn(instant) {
    at = instant;
    painted.played = at === Infinity ? 0 : at;
    traces.play(at);
    show();
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
  }

  function step(now) {
    const passed = Math.min(now - last, 200) * Number($("gkr-play-speed").value);
    last = now;
    const next = at + passed;
    if (next >= span[1]) {
      stop();
      turn(span[1]);
      return;
    }
    frame = requestAnimationFrame(step);
    turn(next);
  }

  function go() {
    if (isPlaying()) {
      stop();
      show();
      return;
    }
    // From the end it begins anew.
    if (at >= span[1]) turn(span[0]);
    last = performance.now();
    frame = requestAnimationFrame(step);
    show();
  }

  $("gkr-play-go").addEventListener("click", go);
  $("gkr-play-at").addEventListener("input", (event) => {
    stop();
    turn(Number(event.target.value));
  });
  $("gkr-play-all").addEventListener("click", () => {
    stop();
    turn(Infinity);
  });

  return {
    /** Other traces are shown: all of them at first. */
    reset() {
      stop();
      span = traces.span();
      if (span) Object.assign($("gkr-play-at"), { min: String(span[0]), max: String(span[1]), step: "1000" });
      at = Infinity;
      painted.played = 0;
      show();
    },
  };
};
