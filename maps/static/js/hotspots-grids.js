// Grids that carry signs beside their colour: a pattern, a dark outline where something was found, a ring on islands.
"use strict";

(() => {
  const { config, painted } = gridkeeper;
  const { ink } = config.palette;
  const FOUND_PX = 2.5;

  /** counted: the name under which the grids in view are counted. */
  gridkeeper.markedGrids = ({ counted = "grids" } = {}) => {
    const layer = gridkeeper.gridLayer({ data: null });
    const canvas = layer._drawn;
    const drawAll = canvas._drawn;
    const lookOf = (grid) => layer.counts[grid.properties.grid_no] ?? layer.blank;

    Object.assign(canvas, {
      countPainted(count) { painted[counted] = count; },
      // Names lie on dark colours, too.
      written: { weight: 600, colour: ink.ink, edge: 4 },

      fill(context, grid) {
        const { colour, pattern } = lookOf(grid);
        const path = this.pathOf(grid);
        if (colour) {
          // Close up, the fill steps back behind streets and buildings.
          context.globalAlpha = this._map.getZoom() < 16 ? 0.9 : 0.5;
          context.fillStyle = colour;
          context.fill(path, "evenodd");
          context.globalAlpha = 1;
        }
        if (pattern) {
          context.fillStyle = gridkeeper.patternOf(context, pattern, colour);
          context.fill(path, "evenodd");
        }
        this.outline(context, grid, ink["grid-line"], 1);
      },

      /** What was found is outlined after all grids are filled, so that no neighbour covers it. */
      _drawn(context, bounds) {
        const shown = drawAll.call(this, context, bounds);
        const isHere = (grid) => grid.properties.code === this.chosen;
        context.save();
        context.translate(...this.shift());
        context.lineJoin = "round";
        for (const grid of shown) if (lookOf(grid).found) this.outline(context, grid, ink["grid-chosen"], FOUND_PX);
        const chosen = shown.find(isHere);
        if (chosen) this.outline(context, chosen, ink["grid-chosen"], 2 * FOUND_PX);
        context.restore();
        for (const grid of shown) if (lookOf(grid).island) this._ring(context, grid);
        return shown;
      },

      _ring(context, { spot }) {
        const { x, y } = this.pixels([spot.x, spot.y, spot.x, spot.y]).min;
        context.beginPath();
        context.arc(x, y - 14, 5, 0, 2 * Math.PI);
        context.strokeStyle = ink.ink;
        context.lineWidth = 1.5;
        context.setLineDash([3, 2]);
        context.stroke();
        context.setLineDash([]);
      },
    });

    layer.blank = { colour: null };

    /** The look of each grid by its number; `blank` is what the others have. */
    layer.setLooks = (looks, blank = { colour: null }) => {
      layer.blank = blank;
      layer.setValues(looks, { of: (look) => look ?? blank });
    };
    return layer;
  };
})();
