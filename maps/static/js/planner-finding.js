// Finding a grid by its name or code, and what else of the ground is shown.
"use strict";

gridkeeper.plannerFinding = ({ desk, map, shapes }) => {
  const { t, plane } = gridkeeper;
  const { ink } = gridkeeper.config.palette;
  const $ = (id) => document.getElementById(id);
  const legend = gridkeeper.legend($("gk-legend"));

  function wanted(text) {
    const words = ({ properties }) => [properties.code, properties.name].filter(Boolean).map((one) => one.toLowerCase());
    const all = desk.ground.all();
    return all.find((one) => words(one).includes(text)) ?? all.find((one) => words(one).some((word) => word.includes(text)));
  }

  function find(event) {
    event.preventDefault();
    const text = $("gkp-find").value.trim().toLowerCase();
    const found = text ? wanted(text) : null;
    if (!found) return desk.say(t("planner.say.no_grid", { text: $("gkp-find").value }));
    desk.select([found.no]);
    const corner = (x, y) => plane.lonLat({ x, y }).reverse();
    map.fitBounds([corner(found.box[0], found.box[3]), corner(found.box[2], found.box[1])], { padding: [60, 60], animate: false });
    return desk.showMap();
  }

  const drawn = [
    { colour: ink.changed, text: t("planner.legend.changed") },
    { colour: ink.new, text: t("planner.legend.new") },
    { colour: ink["draft-line"], shape: "line", text: t("planner.legend.moving") },
    { colour: ink.problem, shape: "line", text: t("planner.legend.problem") },
  ];

  function showLegend() {
    const ground = Object.keys(shapes).map((name) => ({
      id: name, title: t(`layer.${name}`), shown: map.hasLayer(shapes[name]),
      onswitch(isOn) {
        if (isOn) map.addLayer(shapes[name]);
        else map.removeLayer(shapes[name]);
        showLegend();
      },
      rows: map.hasLayer(shapes[name]) ? [{ mark: `gk-line gk-line-${name}`, text: t(`legend.${name}`) }] : [],
    }));
    legend.show([{ id: "grids", title: t("layer.grids"), rows: drawn }, ...ground]);
  }

  $("gkp-find-form").addEventListener("submit", find);
  map.on("mousemove", ({ latlng }) => { $("gk-place").textContent = t("status.place", { lon: latlng.lng.toFixed(5), lat: latlng.lat.toFixed(5) }); });
  showLegend();
};
