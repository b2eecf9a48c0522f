// Tens of thousands of small equal marks on a canvas: copied pixel by pixel, because drawImage takes
// some ten microseconds for each where the browser draws without a graphics card.
"use strict";

gridkeeper.Stamps = class {
  /** Begin with nothing drawn, for a canvas of this size. */
  clear({ width, height }) {
    if (this.image?.width !== width || this.image?.height !== height) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    } else {
      this.pixels.fill(0);
    }
  }

  /** A small canvas as a stamp: the colours of its visible pixels and their distance from its middle. */
  static cut(canvas) {
    const size = canvas.width;
    const image = canvas.getContext("2d").getImageData(0, 0, size, size);
    const colours = new Uint32Array(image.data.buffer);
    const seen = [...colours.keys()].filter((at) => colours[at] >>> 24 > 0);
    const middle = size >> 1;
    return {
      reach: middle + 1,
      dx: Int16Array.from(seen, (at) => (at % size) - middle),
      dy: Int16Array.from(seen, (at) => Math.floor(at / size) - middle),
      colours: Uint32Array.from(seen, (at) => colours[at]),
    };
  }

  /** Put a stamp's middle on a pixel; one that would cross the canvas' edge is left out. */
  put({ reach, dx, dy, colours }, x, y) {
    const { width, height } = this.image;
    const column = Math.round(x);
    const row = Math.round(y);
    if (column < reach || row < reach || column >= width - reach || row >= height - reach) return;
    for (let at = 0; at < colours.length; at += 1) {
      const target = (row + dy[at]) * width + column + dx[at];
      this.pixels[target] = over(colours[at], this.pixels[target]);
    }
  }

  /** Show what was put since clear(); it replaces all that was on the canvas. */
  show(context) {
    context.putImageData(this.image, 0, 0);
  }
};

/** One half-clear colour over another; both as 0xAABBGGRR. */
function over(top, under) {
  const alpha = top >>> 24;
  const below = under >>> 24;
  if (alpha === 255 || below === 0) return top;
  const mix = (shift) => {
    const a = (top >>> shift) & 255;
    const b = (under >>> shift) & 255;
    return (b + (((a - b) * alpha) / 255)) & 255;
  };
  return ((Math.max(alpha, below) << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
}
