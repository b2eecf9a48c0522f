/* What Python and C share; `gis/kernel/__init__.py` declares the same. Who owns what is told in whole numbers, so that
   it is exact; metres are doubles. */
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

#define UNITS 1024.0 /* to a metre, along the rows that coverage is measured on */
#define BAND 256     /* rows that are covered at once */

/* What a row has of one cell: from x0 up to x1. `reach` is the largest x1 of the row so far. */
typedef struct {
    int32_t x0, x1, reach, cell;
} Span;

/* Cells cut into rows. A place in metres is counted from (west, south), turned by an angle, counted from (left, low), and
   then in units; row k runs at (k + 1/2) * pitch. `squares` sums up how many squares below and left hold ground, in
   (down + 1) lines of (across + 1). */
typedef struct {
    double west, south, cosine, sine, left, low; /* metres; the last two after the turn */
    double pitch, square;                        /* units */
    const Span *span;                            /* by x0 within a row */
    const int64_t *row_start;                    /* rows + 1 */
    const int32_t *squares;
    int32_t rows, width, cells, across, down;
} Sheet;

/* Edges of lines or outlines, in metres, listed by the squares that they may touch. */
typedef struct {
    const double *edge; /* x0, y0, x1, y1 */
    const int32_t *owner;
    const int64_t *square_start; /* down * across + 1 */
    const int32_t *listed;
    double west, south, square;
    int32_t across, down, edges, owners;
} Net;

/* Legs in the order of their groups: xy is x0, y0, x1, y1 in metres. */
typedef struct {
    const double *xy;
    const int32_t *group;
    int64_t count;
    double reach;
} Legs;

/* An answer: what a group's legs reach of a cell in units of row, or of a line in metres. */
typedef struct {
    int32_t group, place;
    double amount;
} Reached;

/* Answers in memory that C reserves and `release_found` gives back. */
typedef struct {
    Reached *row;
    int64_t count, room;
} Found;

/* A point on its way through the cells, and its place among those that came. */
typedef struct {
    double x, y;
    int64_t at;
} Place;

/* Square cells that hold places, line by line and from west to east: cell c has those from start[c] up to start[c + 1], and
   key[c] = line * across + column, where a line begins and ends with columns that nobody is in. */
typedef struct {
    const int64_t *key, *start;
    int64_t count, across;
} Cells;

int add_found(Found *found, int32_t group, int32_t place, double amount);

#endif
