// A report of one's own from the street: where, what, and photos.
"use strict";

gridkeeper.tasksReport = ({ scheme, fields, names, upload, filed }) => {
  const { el, t, service, config } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  let place = null;
  const keys = service.keys();

  async function open() {
    place = fields.make("position", {});
    $("gkt-place").replaceChildren(place.node);
    $("gkt-fault").textContent = "";
    $("gkt-report").hidden = false;
    const matters = (await names()).matters.map((one) => [one.code, one[config.lang]]).sort((a, b) => a[1].localeCompare(b[1], config.lang));
    $("gkt-matter").replaceChildren(el("option", { value: "" }, t("dispatch.no_matter")), ...matters.map(([code, text]) => el("option", { value: code }, text)));
  }

  function close() {
    $("gkt-report").hidden = true;
  }

  async function send(event) {
    event.preventDefault();
    const at = place.value();
    if (!at) {
      $("gkt-fault").textContent = t("dispatch.new.no_place");
      return;
    }
    const body = { ...at, scheme, source: "collector" };
    if ($("gkt-matter").value) body.category = $("gkt-matter").value;
    if ($("gkt-text").value.trim()) body.description = $("gkt-text").value.trim();
    try {
      // When a photo fails all is sent again: the key and the photos' content keep it from being there twice.
      const { number } = (await service.send("POST", "/api/v1/cases", body, { key: keys.of(body) })).body;
      for (const file of $("gkt-photos").files) await upload(number, file);
      keys.done();
      $("gkt-report").reset();
      close();
      filed(number);
    } catch (error) {
      if (!(error instanceof service.Refused)) throw error;
      $("gkt-fault").textContent = service.refusal(error);
    }
  }

  $("gkt-report").addEventListener("submit", (event) => service.run(send(event)));
  return { open, close };
};
