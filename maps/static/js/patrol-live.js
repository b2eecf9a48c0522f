// Where those on shift are now: read while it is switched on, and no oftener than a person needs.
"use strict";

gridkeeper.patrolLive = ({ marks, scheme, shown }) => {
  const { service } = gridkeeper;
  const EVERY_MS = 30000;
  let timer = 0;
  let isOn = false;

  async function read() {
    const query = new URLSearchParams({ scheme: scheme() });
    const { positions } = await service.json(`/api/v1/patrols/live?${query}`, undefined, service.identity());
    if (isOn) show(positions);
  }

  function show(positions) {
    marks.setPeople(positions);
    shown(positions);
  }

  /** Begin or end; whoever looks away sees nothing that could be noted as seen. */
  function turn(wanted) {
    isOn = wanted;
    clearInterval(timer);
    if (!wanted) return show([]);
    timer = setInterval(() => { if (!document.hidden) service.run(read()); }, EVERY_MS);
    return read();
  }

  return { turn, isOn: () => isOn };
};
