/* What Python and C share; `gis/kernel/__init__.py` declares the same. All whole numbers, so all of it is exact. */
#ifndef GRIDKEEPER_KERNEL_H
#define GRIDKEEPER_KERNEL_H

#include <stdint.h>

#define PER_DEGREE 16777216.0 /* lattice units */

/* A straight piece of border from (x0, y0) to (x1, y1), the lower end (by x, then y) first, in lattice units from the
   raster's origin, and the ids of the grids on its left and right; 0 is nobody. */
typedef struct {
    int32_t x0, y0, x1, y1, left, right;
} Edge;

/* The edges that touch one cell: edges[start .. start + count), with room for `room`; the id at the cell's centre. */
typedef struct {
    int32_t start, count, room, at_centre;
} Border;

/* The ground in square cells of 2^shift lattice units. For a cell that no edge touches `table` holds the id of the
   grid it lies in; for any other it holds -(k + 1), and border[k] lists the edges. */
typedef struct {
    int64_t origin_x, origin_y; /* lattice units from 0 degrees */
    int64_t edges_used, edges_room, borders_room;
    int32_t shift, columns, rows, borders;
    int32_t *table; /* rows * columns, and one more: the cell of whoever is outside */
    Border *border;
    Edge *edges;
} Raster;

/* A grid says that the ground on the left of the way from (x0, y0) to (x1, y1) is its own. */
typedef struct {
    int32_t x0, y0, x1, y1, id;
} Claim;

/* A point under a name, in lattice units from the raster's origin. */
typedef struct {
    int64_t key;
    int32_t x, y;
} Point;

/* Points sorted by the grid that owns them: slot s has count[s] of them from start[s] on, and room for room[s]. A slot is
   the id of its grid less 1; the last one is nobody's. Behind `used` lies room for slots that grow. */
typedef struct {
    Point *points;
    int64_t *start, *count, *room;
    int64_t used, size;
    int32_t nobody;
} Store;

/* A stretch of the border of one cell in the metric CRS: `count` edges between the vertices from `first` on. */
typedef struct {
    int64_t first;
    int32_t count, cell;
} Run;

typedef struct {
    double west, south, east, north;
} Box;

/* All runs, those of one cell side by side and cells near each other near by; boxes around each run, around each 16
   of those, and so on up to 16 at most: boxes of level l begin at level[l]. */
typedef struct {
    const double *xy; /* vertices, metres */
    const Run *run;
    const int32_t *cell_start; /* runs of cell c: cell_start[2 * c] up to cell_start[2 * c + 1] */
    const Box *box;
    int64_t level[12];
    int32_t levels, runs;
} Borders;

#endif
