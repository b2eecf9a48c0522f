// A map taken along as one sheet: title, map or maps, scale, north, legend and how it was made, as PNG or PDF.
"use strict";

(() => {
  const { el, t, times, track, fontOf, swatch, ramp } = gridkeeper;
  const { ink } = gridkeeper.config.palette;
  const [MARGIN, LEGEND, GAP, LINE] = [28, 280, 20, 17];
  // Pixels of the sheet for each of the screen: letters are sharp on paper.
  const SHARP = 2;
  // Points of an A4 sheet that lies on its long side, and of its margin.
  const [PAGE_W, PAGE_H, PAGE_MARGIN] = [842, 595, 24];

  /** A text in lines that fit; Chinese breaks anywhere. */
  function lines(context, text, width) {
    const found = [""];
    for (const piece of text.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+/g) ?? []) {
      const whole = found[found.length - 1] + piece;
      if (found[found.length - 1] && context.measureText(whole.trimEnd()).width > width) found.push(piece);
      else found[found.length - 1] = whole;
    }
    return found.map((line) => line.trimEnd());
  }

  /** Write a text from y down and return where it ends. */
  function write(context, text, x, y, width, { size = 13, weight = 400, colour = ink.ink } = {}) {
    context.font = fontOf(size, weight);
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillStyle = colour;
    const height = size * 1.35;
    lines(context, text, width).forEach((line, nth) => context.fillText(line, x, y + nth * height));
    return y + lines(context, text, width).length * height;
  }

  /** A mark that a style sheet describes, as far as marks go: its box, edge, corners and turn. */
  function styled(context, mark) {
    const node = el("i", { class: `gk-mark ${mark}` });
    document.body.append(node);
    const style = getComputedStyle(node);
    const [width, height, radius] = [parseFloat(style.width), parseFloat(style.height), style.borderTopLeftRadius];
    const edge = parseFloat(style.borderTopWidth);
    const inner = style.backgroundImage.match(/rgba?\([^)]*\)/g)?.find((one) => !one.endsWith(", 0)"));
    context.save();
    context.translate(12, 8);
    if (style.transform !== "none") context.transform(...new DOMMatrix(style.transform).toFloat64Array().filter((_, nth) => [0, 1, 4, 5, 12, 13].includes(nth)));
    context.beginPath();
    const isRound = radius.endsWith("%") ? parseFloat(radius) >= 50 : parseFloat(radius) * 2 >= width;
    if (isRound) context.arc(0, 0, (width - edge) / 2, 0, 2 * Math.PI);
    else context.rect((edge - width) / 2, (edge - Math.max(height, edge)) / 2, width - edge, Math.max(height - edge, 0));
    context.fillStyle = style.backgroundColor;
    context.fill();
    context.setLineDash(style.borderTopStyle === "dotted" ? [2, 3] : []);
    [context.lineWidth, context.strokeStyle] = [edge, style.borderTopColor];
    if (edge) context.stroke();
    if (inner && isRound) {
      context.beginPath();
      context.arc(0, 0, width * 0.25, 0, 2 * Math.PI);
      context.fillStyle = inner;
      context.fill();
    } else if (inner) {
      context.setLineDash([]);
      [context.lineWidth, context.strokeStyle] = [2, inner];
      for (const turn of [1, -1]) context.stroke(new Path2D(`M-4 ${-4 * turn}L4 ${4 * turn}`));
    }
    context.restore();
    node.remove();
  }

  function row(context, one, x, y, width) {
    context.save();
    context.translate(x, y);
    if (one.ramp) ramp(context, one.ramp, width);
    else if (one.colour === undefined) styled(context, one.mark);
    else swatch(context, one);
    context.restore();
    if (!one.ramp) {
      const value = one.value === undefined ? "" : String(one.value);
      context.font = fontOf(13);
      const end = write(context, one.text, x + 32, y, width - 36 - context.measureText(value).width);
      context.textAlign = "right";
      context.fillText(value, x + width, y);
      return Math.max(end, y + LINE);
    }
    write(context, String(one.from), x, y + 16, width);
    context.textAlign = "right";
    context.fillText(String(one.to), x + width, y + 16);
    return y + 34;
  }

  /** The legend from y down; returns where it ends. */
  function legend(context, groups, x, y, width) {
    for (const one of groups.filter((each) => each.shown !== false && (each.rows?.length || each.notes?.length || each.facts))) {
      y = write(context, one.title, x, y, width, { weight: 600 }) + 3;
      for (const each of one.rows ?? []) y = row(context, each, x, y, width) + 2;
      y = facts(context, one.facts, x, y + 2, width);
      for (const note of one.notes ?? []) y = write(context, note, x, y, width, { size: 11, colour: ink["ink-soft"] });
      y += 12;
    }
    return y;
  }

  function facts(context, given, x, y, width) {
    for (const [, name, value] of gridkeeper.factsOf(given)) y = write(context, t("fact.told", { name, value }), x, y, width, { size: 11, colour: ink["ink-soft"] });
    return y;
  }

  /** What is painted on a map, from the lowest pane up. */
  function capture(context, map, x, y) {
    const frame = map.getContainer().getBoundingClientRect();
    context.save();
    context.translate(x, y);
    context.beginPath();
    context.rect(0, 0, frame.width, frame.height);
    context.clip();
    context.fillStyle = "#f3f6f9";
    context.fill();
    const level = (pane) => Number(getComputedStyle(pane).zIndex) || 0;
    for (const pane of [...map.getPane("mapPane").children].sort((one, other) => level(one) - level(other))) {
      for (const node of pane.querySelectorAll("canvas, img")) {
        const box = node.getBoundingClientRect();
        if (!node.width || !box.width || getComputedStyle(node).display === "none") continue;
        context.globalAlpha = seen(node, pane);
        context.imageSmoothingEnabled = getComputedStyle(node).imageRendering !== "pixelated";
        context.drawImage(node, box.left - frame.left, box.top - frame.top, box.width, box.height);
      }
    }
    context.globalAlpha = 1;
    scale(context, map, frame);
    context.restore();
    context.strokeStyle = ink.line;
    context.lineWidth = 1;
    context.strokeRect(x, y, frame.width, frame.height);
  }

  function seen(node, pane) {
    let alpha = 1;
    for (let one = node; one !== pane.parentElement; one = one.parentElement) alpha *= Number(getComputedStyle(one).opacity);
    return alpha;
  }

  /** The scale of the middle of the map in round metres, and north. */
  function scale(context, map, { width, height }) {
    const [left, right] = [0, 100].map((at) => map.containerPointToLatLng([at, height / 2]));
    const metres_per_px = map.distance(left, right) / 100;
    const whole = 10 ** Math.floor(Math.log10(metres_per_px * 120));
    const metres = [5, 2, 1].map((one) => one * whole).find((one) => one <= metres_per_px * 120);
    const [long, bottom] = [metres / metres_per_px, height - 12];
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.fillRect(width - long - 22, bottom - 22, long + 16, 30);
    context.strokeStyle = ink.ink;
    context.lineWidth = 1.5;
    context.stroke(new Path2D(`M${width - long - 14} ${bottom - 5}v5h${long}v-5`));
    const text = metres >= 1000 ? t("unit.km", { n: metres / 1000 }) : t("unit.metres", { n: metres });
    gridkeeper.write(context, text, width - long / 2 - 14, bottom - 11, { align: "center" });
    context.fillStyle = ink.ink;
    context.fill(new Path2D(`M${width - 24} 14l7 20l-7 -5l-7 5z`));
    gridkeeper.write(context, t("picture.north"), width - 24, 44, { align: "center" });
  }

  function head(context, { title, subtitle }, width) {
    const y = write(context, title, MARGIN, MARGIN, width, { size: 20, weight: 600 });
    return (subtitle ? write(context, subtitle, MARGIN, y + 2, width, { colour: ink["ink-soft"] }) : y) + 10;
  }

  /** Have the canvases of the maps drawn as sharp as the sheet while something is done, and as before then. */
  function sharply(maps, act) {
    const redraw = () => maps.forEach((map) => map.eachLayer((layer) => { if (layer instanceof gridkeeper.CanvasOverlay) layer._update(); }));
    gridkeeper.ratio.forPaper = SHARP;
    try {
      redraw();
      return act();
    } finally {
      gridkeeper.ratio.forPaper = null;
      redraw();
    }
  }

  /** The whole sheet as a canvas. Everything is laid out twice: the first time only to see how high it gets. */
  function sheet({ map, maps = [{ map }], title, subtitle = "", legend: groups = [], facts: given = {}, zone = "UTC" }) {
    const boxes = maps.map((one) => (one.map ? one : { map: one })).map((one) => ({ ...one, size: one.map.getSize() }));
    const wide = boxes.reduce((sum, { size }) => sum + size.x, 0) + GAP * (boxes.length - 1);
    const width = Math.max(wide, 480) + LEGEND + GAP + 2 * MARGIN;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    function draw() {
      const top = head(context, { title, subtitle }, width - 2 * MARGIN);
      let x = MARGIN;
      let y = top;
      for (const one of boxes) {
        const below = one.title ? write(context, one.title, x, top, one.size.x, { weight: 600 }) + 4 : top;
        capture(context, one.map, x, below);
        y = Math.max(y, below + one.size.y);
        x += one.size.x + GAP;
      }
      y = Math.max(y, legend(context, groups, width - MARGIN - LEGEND, top, LEGEND)) + 10;
      const now = Date.now();
      const made = t("picture.made", { at: times.show(now, zone), zone: times.offset(now, zone) });
      const foot = [...gridkeeper.factsOf(given).map(([, name, value]) => t("fact.told", { name, value })), made].join("  ·  ");
      return write(context, foot, MARGIN, y, width - 2 * MARGIN, { size: 11, colour: ink["ink-soft"] });
    }
    const height = draw() + MARGIN;
    [canvas.width, canvas.height] = [width * SHARP, Math.ceil(height * SHARP)];
    context.scale(SHARP, SHARP);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, width, height);
    sharply(boxes.map((one) => one.map), draw);
    return canvas;
  }

  const encoded = (canvas, type) => new Promise((resolve) => { canvas.toBlob(resolve, type, 0.92); });

  /** A PDF of one page, A4 across, with one JPEG as large as it goes. */
  async function pdf(canvas, title) {
    const jpeg = new Uint8Array(await (await encoded(canvas, "image/jpeg")).arrayBuffer());
    const fit = Math.min((PAGE_W - 2 * PAGE_MARGIN) / canvas.width, (PAGE_H - 2 * PAGE_MARGIN) / canvas.height);
    const [wide, high] = [canvas.width * fit, canvas.height * fit];
    const drawn = `q ${wide.toFixed(2)} 0 0 ${high.toFixed(2)} ${PAGE_MARGIN} ${(PAGE_H - PAGE_MARGIN - high).toFixed(2)} cm /Sheet Do Q`;
    const name = [...title].flatMap((one) => one.split("")).map((one) => one.charCodeAt(0).toString(16).padStart(4, "0")).join("");
    const parts = [
      "<</Type/Catalog/Pages 2 0 R>>",
      "<</Type/Pages/Kids[3 0 R]/Count 1>>",
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${PAGE_W} ${PAGE_H}]/Contents 4 0 R/Resources<</XObject<</Sheet 5 0 R>>>>>>`,
      `<</Length ${drawn.length}>>stream\n${drawn}\nendstream`,
      [`<</Type/XObject/Subtype/Image/Width ${canvas.width}/Height ${canvas.height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length ${jpeg.length}>>stream\n`, jpeg, "\nendstream"],
      `<</Title<feff${name}>/Producer(Gridkeeper)>>`,
    ];
    const told = [];
    const places = [];
    let length = 0;
    const put = (piece) => { told.push(piece); length += piece.length; };
    put("%PDF-1.4\n");
    parts.forEach((part, nth) => {
      places.push(length);
      [`${nth + 1} 0 obj\n`, ...[part].flat(), "\nendobj\n"].forEach(put);
    });
    const table = places.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
    put(`xref\n0 ${parts.length + 1}\n0000000000 65535 f \n${table}trailer<</Size ${parts.length + 1}/Root 1 0 R/Info ${parts.length} 0 R>>\nstartxref\n${length}\n%%EOF\n`);
    return new Blob(told, { type: "application/pdf" });
  }

  /** What is shown as a sheet. Of what: `map`, or `maps` [{map, title}] side by side; `title`, `subtitle`, `legend` (the groups
      of the legend), `facts` (as in the legend), `name` of the file without its ending, `zone` of the time it is made. */
  gridkeeper.picture = (what) => ({
    canvas: () => sheet(what),

    /** Keep it as a file: "png" or "pdf". */
    save: (format) => track((async () => {
      const canvas = sheet(what);
      gridkeeper.keepFile(format === "pdf" ? await pdf(canvas, what.title) : await encoded(canvas, "image/png"), `${what.name}.${format}`);
    })()),
  });

  /** Two buttons for it; `what()` is asked when one is pressed. */
  gridkeeper.pictureButtons = (container, what) => {
    const button = (format, text) => el("button", { type: "button", class: "gk-tool", "data-format": format, onclick: () => gridkeeper.picture(what()).save(format) }, text);
    container.append(button("png", t("picture.png")), button("pdf", t("picture.pdf")));
  };
})();
