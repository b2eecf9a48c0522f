// Play traces back over the time they were walked in.
"use strict";

gridkeeper.patrolPlayback = ({ traces, zone }) => {
  const { t, times, painted } = gridkeeper;
  const control = gridkeeper.timeControl(document.getElementById("gkr-play"), {
    label: t("patrol.play"), say: (at) => times.show(at, zone()), speeds: [60, 300, 900, 3600],
  });
  control.on((at) => {
    painted.played = at === Infinity ? 0 : at;
    traces.play(at);
  });

  return {
    /** Other traces are shown: all of them at first. */
    reset() {
      control.setSpan(traces.span(), { step: 1000 });
      painted.played = 0;
    },
  };
};
