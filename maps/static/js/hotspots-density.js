// A surface of density on one canvas. Values between the middles of its cells are interpolated and then classed, so that
// the edges of classes are sharp at any zoom.
"use strict";

(() => {
  const { config, mercator, painted } = gridkeeper;
  const NONE = 65535;
  const ALPHA = 216;
  const CLASSES = 7;

  /** Colour of each stored value as 0xAABBGGRR: classes by their upper bounds; what is next to nothing is clear. */
  function coloursOf(bounds, scale) {
    const found = new Uint32Array(NONE + 1);
    const ramp = gridkeeper.densityColours(bounds.length);
    let from = Math.max(1, Math.ceil(gridkeeper.densityLeast(bounds) / scale));
    bounds.forEach((upper, rank) => {
      const to = rank === bounds.length - 1 ? NONE : Math.min(NONE, Math.floor(upper / scale) + 1);
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(ramp[rank].slice(at, at + 2), 16));
      found.fill(((ALPHA << 24) | (b << 16) | (g << 8) | r) >>> 0, from, to);
      from = Math.max(from, to);
    });
    found[NONE] = 0;
    return found;
  }

  /** Upper bounds of equally wide classes up to a peak, in round numbers. */
  function classesOf(peak) {
    if (!(peak > 0)) return [];
    const power = 10 ** Math.floor(Math.log10(peak / CLASSES));
    const width = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one * CLASSES >= peak * (1 - 1e-9));
    return Array.from({ length: Math.ceil(peak / width - 1e-9) }, (_, rank) => Number(((rank + 1) * width).toPrecision(6)));
  }

  /** Stored values of a frame, row by row from the north. */
  const decoded = ({ data }) => new Uint16Array(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)).buffer);

  const Overlay = gridkeeper.CanvasOverlay.extend({
    draw(context, bounds) {
      painted[this.counted] = 0;
      const part = this.image ? this._part(bounds) : null;
      if (!part) return;
      const { left, top, width, height } = part;
      this._sheet ??= document.createElement("canvas");
      Object.assign(this._sheet, { width, height });
      const sheet = this._sheet.getContext("2d");
      const pixels = sheet.createImageData(width, height);
      painted[this.counted] = this._fill(new Uint32Array(pixels.data.buffer), part);
      sheet.putImageData(pixels, 0, 0);
      context.drawImage(this._sheet, left, top);
    },

    /** The pixels of the canvas that the image covers, and where each column and row of them lies among its cells. */
    _part(bounds) {
      const origin = this._map.getPixelOrigin();
      const size = 256 * 2 ** this._map.getZoom();
      const { west, south, east, north, width: columns, height: rows } = this.image;
      const [x0, y0] = mercator(west, north);
      const [x1, y1] = mercator(east, south);
      const [left, top] = [Math.max(bounds.min.x, Math.floor(x0 * size - origin.x)), Math.max(bounds.min.y, Math.floor(y0 * size - origin.y))];
      const [right, bottom] = [Math.min(bounds.max.x, Math.ceil(x1 * size - origin.x)), Math.min(bounds.max.y, Math.ceil(y1 * size - origin.y))];
      if (right <= left || bottom <= top) return null;
      const across = cells(left, right, (x) => (((x + 0.5 + origin.x) / size - x0) / (x1 - x0)) * columns, columns);
      const down = cells(top, bottom, (y) => (((y + 0.5 + origin.y) / size - y0) / (y1 - y0)) * rows, rows);
      return { left, top, width: right - left, height: bottom - top, across, down, columns };
    },

    /** Colour every pixel; how many got one. The loop runs a million times for a picture: nothing is made in it. */
    _fill(pixels, { width, height, across, down, columns }) {
      const { values, colours } = this;
      let count = 0;
      for (let y = 0; y < height; y += 1) {
        const upper = down.first[y] * columns;
        const lower = down.second[y] * columns;
        const dy = down.share[y];
        for (let x = 0; x < width; x += 1) {
          const west = across.first[x];
          const east = across.second[x];
          const dx = across.share[x];
          const a = values[upper + west];
          const b = values[upper + east];
          const c = values[lower + west];
          const d = values[lower + east];
          // Beside ground that has no value the nearest cell alone counts.
          const value = a !== NONE && b !== NONE && c !== NONE && d !== NONE
            ? (a + (b - a) * dx) * (1 - dy) + (c + (d - c) * dx) * dy
            : values[(dy < 0.5 ? upper : lower) + (dx < 0.5 ? west : east)];
          const colour = colours[value | 0];
          if (colour) count += 1;
          pixels[y * width + x] = colour;
        }
      }
      return count;
    },

    /** The value at a layer point in the unit of the answer; null outside, and where none is told. */
    at(point) {
      const corner = point.floor();
      const part = this.image ? this._part(L.bounds(corner, corner.add([1, 1]))) : null;
      if (!part) return null;
      const { across, down, columns } = part;
      const near = ({ first, second, share }) => (share[0] < 0.5 ? first[0] : second[0]);
      const value = this.values[near(down) * columns + near(across)];
      return value === NONE ? null : value * this.scale;
    },
  });

  /** For each pixel the cells before and after its middle, and how far it is from the one to the other. */
  function cells(from, to, place, most) {
    const count = to - from;
    const first = new Int32Array(count);
    const second = new Int32Array(count);
    const share = new Float64Array(count);
    const within = (cell) => Math.min(most - 1, Math.max(0, cell));
    for (let at = 0; at < count; at += 1) {
      const exact = place(from + at) - 0.5;
      const cell = Math.floor(exact);
      first[at] = within(cell);
      second[at] = within(cell + 1);
      share[at] = exact - cell;
    }
    return { first, second, share };
  }

  /** All steps of an image together: cases of a period are those of its steps, and so are their densities. */
  function summed(frames, scale) {
    const sum = new Float64Array(frames[0].length);
    for (const values of frames) values.forEach((value, at) => { sum[at] += value === NONE ? NaN : value * scale; });
    const peak = sum.reduce((most, value) => (value > most ? value : most), 0);
    const step = peak / (NONE - 1) || 1;
    return { values: Uint16Array.from(sum, (value) => (Number.isNaN(value) ? NONE : Math.round(value / step))), scale: step, classes: classesOf(peak) };
  }

  /** An answer's image as values of each frame and of all together, read once: {frames, scale, classes, whole}. */
  gridkeeper.densityOf = (answer) => {
    const { image, classes } = answer;
    const { scale } = image;
    if (!image.read) {
      const frames = image.frames.map(decoded);
      image.read = { frames, scale, classes, whole: frames.length > 1 ? summed(frames, scale) : { values: frames[0], scale, classes } };
    }
    return image.read;
  };

  const DensityLayer = gridkeeper.OverlayLayer.extend({
    initialize({ counted = "density" } = {}) {
      this._drawn = new Overlay({ pane: "density" });
      this._drawn.counted = counted;
    },

    /** Show an answer, all of it or one of its frames, in classes of these upper bounds; null shows nothing. */
    show(answer, nth = Infinity, bounds = []) {
      if (!answer) return this.change({ image: null });
      const read = gridkeeper.densityOf(answer);
      const { values, scale } = nth === Infinity ? read.whole : { values: read.frames[nth], scale: read.scale };
      const key = `${scale} ${bounds.join()}`;
      if (key !== this._key) [this._key, this._colours] = [key, coloursOf(bounds, scale)];
      return this.change({ image: answer.image, values, scale, colours: this._colours });
    },
  });

  /** The places of all steps together that are denser than all around them, the densest first: [{lon, lat, value}]. */
  gridkeeper.densityPeaks = (answer, most) => {
    const { image } = answer;
    const { values, scale, classes } = gridkeeper.densityOf(answer).whole;
    const { width, height } = image;
    const around = [-width - 1, -width, 1 - width, -1, 1, width - 1, width, width + 1];
    const isHigher = (at, step) => values[at + step] !== NONE && (step < 0 ? values[at + step] >= values[at] : values[at + step] > values[at]);
    const found = [];
    for (let row = 1; row < height - 1; row += 1) {
      for (let column = 1; column < width - 1; column += 1) {
        const at = row * width + column;
        if (values[at] === NONE || values[at] * scale < classes[0] || around.some((step) => isHigher(at, step))) continue;
        found.push({ ...placeOf(image, row, column), value: values[at] * scale });
      }
    }
    return found.sort((one, other) => other.value - one.value).slice(0, most);
  };

  /** Where the middle of a cell is. */
  function placeOf({ west, south, east, north, width, height }, row, column) {
    const [top, bottom] = [mercator(west, north)[1], mercator(west, south)[1]];
    const y = top + ((row + 0.5) / height) * (bottom - top);
    const lat = (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;
    return { lon: west + ((column + 0.5) / width) * (east - west), lat };
  }

  /** As many colours of the ramp as there are classes, its ends always among them. */
  gridkeeper.densityColours = (count) => {
    const ramp = config.palette.density;
    return Array.from({ length: count }, (_, rank) => ramp[count > 1 ? Math.round((rank * (ramp.length - 1)) / (count - 1)) : ramp.length >> 1]);
  };

  /** Below this there is no colour. */
  gridkeeper.densityLeast = (bounds) => (bounds[0] ?? 0) / 10;

  gridkeeper.densityLayer = (options) => new DensityLayer(options);
})();
