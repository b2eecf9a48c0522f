// Who sits here: a name and roles, kept in this browser and sent along with every step.
"use strict";

gridkeeper.dispatchPerson = ({ roles, changed }) => {
  const { el, t, service, config } = gridkeeper;
  const $ = (id) => document.getElementById(id);
  const named = new Map(roles.map((one) => [one.name, one[config.lang]]));

  function show() {
    const mine = service.roles().map((role) => named.get(role) ?? role);
    $("gkd-person-open").textContent = service.actor() || t("dispatch.person.nobody");
    $("gkd-person-open").title = [service.actor(), ...mine].filter(Boolean).join(", ");
  }

  function ask() {
    $("gkd-person-name").value = service.actor();
    const mine = new Set(service.roles());
    // What the service does by itself is nobody's role.
    const boxes = roles.filter((one) => one.name !== "system").map((one) =>
      el("label", { class: "gkd-tick" }, el("input", { type: "checkbox", value: one.name, checked: mine.has(one.name) }), one[config.lang]),
    );
    $("gkd-person-roles").replaceChildren(...boxes);
    $("gkd-person").showModal();
  }

  function keep(event) {
    event.preventDefault();
    service.actor($("gkd-person-name").value.trim());
    service.roles([...$("gkd-person-roles").querySelectorAll("input:checked")].map((box) => box.value));
    $("gkd-person").close();
    show();
    changed();
  }

  $("gkd-person-open").addEventListener("click", ask);
  $("gkd-person-form").addEventListener("submit", keep);
  $("gkd-person-cancel").addEventListener("click", () => $("gkd-person").close());
  show();
  return { ask };
};
