// Signs beside colour: patterns over a fill, and the marks of legends that show fill and pattern as the map has them.
"use strict";

(() => {
  const { ink } = gridkeeper.config.palette;
  const SIDE = 8;
  const STROKES = {
    hatch: [[0, SIDE, SIDE, 0]],
    cross: [[0, SIDE, SIDE, 0], [0, 0, SIDE, SIDE]],
    dots: [[3, 4, 5, 4]],
  };
  const tiles = new Map();

  function tile(name, colour) {
    const key = `${name} ${colour}`;
    if (tiles.has(key)) return tiles.get(key);
    const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    const context = canvas.getContext("2d");
    context.strokeStyle = colour;
    context.lineWidth = name === "dots" ? 2 : 1.2;
    // A line that leaves by a corner comes in again at the two beside it.
    for (const [x1, y1, x2, y2] of STROKES[name]) {
      for (const shift of name === "dots" ? [0] : [-SIDE, 0, SIDE]) {
        context.beginPath();
        context.moveTo(x1 + shift, y1);
        context.lineTo(x2 + shift, y2);
        context.stroke();
      }
    }
    tiles.set(key, canvas);
    return canvas;
  }

  /** How light a colour such as "#0b4f94" is for the eye, from 0 to 1. */
  const light = (colour) => [0.299, 0.587, 0.114].reduce((sum, weight, nth) => sum + weight * parseInt(colour.slice(1 + 2 * nth, 3 + 2 * nth), 16), 0) / 255;

  /** A pattern ("hatch", "cross" or "dots") to fill with, that is seen over a colour. */
  gridkeeper.patternOf = (context, name, over = "#ffffff") =>
    context.createPattern(tile(name, light(over) < 0.5 ? "rgba(255, 255, 255, 0.75)" : "rgba(24, 34, 46, 0.7)"), "repeat");

  function form(context, shape) {
    context.beginPath();
    if (shape === "dot") context.arc(12, 8, 5.5, 0, 2 * Math.PI);
    else if (shape === "line") context.rect(1, 6.5, 22, 3);
    else context.rect(1, 1, 22, 14);
  }

  /** One mark of a legend, 24 by 16: colour, `pattern`, a dark `outline`, `shape` "class", "line" or "dot". */
  gridkeeper.swatch = (context, { colour, pattern = null, outline = false, shape = "class" }) => {
    form(context, shape);
    context.fillStyle = colour;
    context.fill();
    if (pattern) {
      context.fillStyle = gridkeeper.patternOf(context, pattern, colour);
      context.fill();
    }
    if (shape === "line") return;
    context.strokeStyle = outline ? ink["grid-chosen"] : ink["grid-line"];
    context.lineWidth = outline ? 2 : 1;
    context.stroke();
  };

  /** Colours side by side from low to high, 14 high. */
  gridkeeper.ramp = (context, colours, width) => {
    colours.forEach((colour, rank) => {
      context.fillStyle = colour;
      context.fillRect((rank * width) / colours.length, 0, width / colours.length + 0.5, 14);
    });
    context.strokeStyle = ink["grid-line"];
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, width - 1, 13);
  };
})();
