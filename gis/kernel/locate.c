/* Points to grids.

   A point in a cell without edges has the cell's id. In any other cell walk from the point level to the column of
   the cell's centre, then upright to the centre, whose id is known; both steps stay within the cell, so its own
   edges are all that can be crossed, and each crossing swaps left for right: id(point) is id(centre) XOR left ^ right
   of every edge crossed. A point on an edge belongs to the lowest id beside any edge it lies on.

   Whether a step crosses an edge is told by which side of the edge's line its ends lie on: the sign of a difference
   of two products of whole numbers. A coverage of at most 4 degrees has numbers below 2^26, so nothing overflows and
   nothing is rounded. Ends on the line count as a hair to the right and above (see raster.c). */
#include <stddef.h>

#include "kernel.h"

#define BLOCK 512 /* points at a time; the scratch of a block stays in the first cache */
#define AHEAD 16  /* cells asked from memory ahead of use */
#if defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx2", "default"))) /* the wider registers where there are any */
#else
#define WIDE
#endif
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52: adding and taking it away rounds to a whole number, half to even */

static inline int between(int32_t v, int32_t a, int32_t b) { return a < b ? a <= v && v <= b : b <= v && v <= a; }

/* Where the sides of an edge's line are: above 0 is left; a point on the line counts as a hair off it. */
static inline int64_t side(int64_t dx, int64_t dy, int64_t x, int64_t y) {
    int64_t s = dx * y - dy * x;
    return s ? s : dy ? -dy : dx;
}

/* The owner of a point in a cell with edges; *on tells whether it lies on an edge. */
static inline int32_t resolve(const Raster *r, const Border *b, int32_t x, int32_t y, int32_t *on) {
    int32_t half = 1 << (r->shift - 1);
    int32_t cx = ((x >> r->shift) << r->shift) + half, cy = ((y >> r->shift) << r->shift) + half;
    int32_t id = b->at_centre, lowest = 0;
    for (const Edge *e = r->edges + b->start, *end = e + b->count; e < end; e++) {
        int64_t dx = (int64_t)e->x1 - e->x0, dy = (int64_t)e->y1 - e->y0;
        int64_t px = (int64_t)x - e->x0, py = (int64_t)y - e->y0;
        int level = (e->y0 > y) != (e->y1 > y), upright = (e->x0 > cx) != (e->x1 > cx);
        int64_t at_point = dx * py - dy * px;
        if (!at_point && between(x, e->x0, e->x1) && between(y, e->y0, e->y1)) {
            if (e->left && (!lowest || e->left < lowest)) lowest = e->left;
            if (e->right && (!lowest || e->right < lowest)) lowest = e->right;
            continue;
        }
        int64_t qx = (int64_t)cx - e->x0, qy = (int64_t)cy - e->y0;
        int at_corner = side(dx, dy, qx, py) > 0, at_centre = side(dx, dy, qx, qy) > 0;
        int crossed = (level & ((at_point > 0) != at_corner)) ^ (upright & (at_corner != at_centre));
        id ^= (e->left ^ e->right) & -crossed;
    }
    *on = lowest != 0;
    return lowest ? lowest : id;
}

typedef struct {
    int32_t x[BLOCK], y[BLOCK], cell[BLOCK], value[BLOCK], hard[BLOCK];
} Scratch;

/* Look up the cells of n points, and the owner of those in cells with edges; ids go to `value`. */
static void locate_block(const Raster *r, Scratch *s, int n, uint8_t *on_border) {
    int hard = 0;
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) __builtin_prefetch(r->table + s->cell[i + AHEAD]);
        s->value[i] = r->table[s->cell[i]];
        s->hard[hard] = i;
        hard += s->value[i] < 0;
    }
    for (int j = 0; j < hard; j++) __builtin_prefetch(r->border + (-s->value[s->hard[j]] - 1));
    for (int j = 0; j < hard + AHEAD; j++) {
        if (j < hard) {
            const Edge *first = r->edges + r->border[-s->value[s->hard[j]] - 1].start;
            __builtin_prefetch(first);
            __builtin_prefetch((const char *)first + 64);
        }
        if (j < AHEAD) continue;
        int i = s->hard[j - AHEAD];
        int32_t on;
        s->value[i] = resolve(r, r->border + (-s->value[i] - 1), s->x[i], s->y[i], &on);
        if (on_border) on_border[i] = (uint8_t)on;
    }
}

static inline void place(const Raster *r, Scratch *s, int i, int inside, int32_t x, int32_t y) {
    s->x[i] = x;
    s->y[i] = y;
    s->cell[i] = inside ? (y >> r->shift) * r->columns + (x >> r->shift) : r->rows * r->columns;
}

/* Degrees to labels: label[id] of the owner of each of n points, label[0] outside. Degrees are rounded to the lattice
   first; what is not a number is outside. on_border may be NULL, else it is told which points lie on an edge. */
WIDE void locate(const Raster *r, const double *lon, const double *lat, int64_t n, const int32_t *label, int32_t *out,
            uint8_t *on_border) {
    Scratch s;
    double ox = (double)r->origin_x, oy = (double)r->origin_y;
    double width = (double)((int64_t)r->columns << r->shift), height = (double)((int64_t)r->rows << r->shift);
    for (int64_t from = 0; from < n; from += BLOCK) {
        int m = n - from < BLOCK ? (int)(n - from) : BLOCK;
        for (int i = 0; i < m; i++) {
            double x = lon[from + i] * PER_DEGREE + ROUNDER - ROUNDER - ox;
            double y = lat[from + i] * PER_DEGREE + ROUNDER - ROUNDER - oy;
            int inside = (x >= 0) & (y >= 0) & (x < width) & (y < height);
            place(r, &s, i, inside, (int32_t)(inside ? x : 0), (int32_t)(inside ? y : 0));
        }
        locate_block(r, &s, m, on_border ? on_border + from : NULL);
        for (int i = 0; i < m; i++) out[from + i] = label[s.value[i]];
    }
}

/* Of the points in some slots, those within a box whose owner is not the grid of their slot; the box is west, south,
   east, north, its edge included. Tells which points they are, the slot of each and the one where it belongs; or -n
   where the slots hold n points, for which there is no `room`. */
int64_t flipping_points(const Raster *r, const Store *store, const int32_t *slot, int64_t slots, const int32_t *box,
                        int64_t room, int64_t *row, int32_t *before, int32_t *after) {
    int64_t most = 0;
    for (int64_t k = 0; k < slots; k++) most += store->count[slot[k]];
    if (most > room) return -most;
    Scratch s;
    int64_t from[BLOCK], found = 0;
    int32_t width = r->columns << r->shift, height = r->rows << r->shift;
    for (int64_t k = 0; k < slots; k++) {
        int m = 0;
        for (int64_t i = store->start[slot[k]], end = i + store->count[slot[k]]; i <= end; i++) {
            if (i < end) {
                int32_t x = store->points[i].x, y = store->points[i].y;
                if ((x < box[0]) | (y < box[1]) | (x > box[2]) | (y > box[3])) continue;
                from[m] = i;
                place(r, &s, m++, (x >= 0) & (y >= 0) & (x < width) & (y < height), x, y);
                if (m < BLOCK) continue;
            }
            locate_block(r, &s, m, NULL);
            for (int j = 0; j < m; j++) {
                int32_t owner = s.value[j] ? s.value[j] - 1 : store->nobody;
                if (owner == slot[k]) continue;
                row[found] = from[j];
                before[found] = slot[k];
                after[found++] = owner;
            }
            m = 0;
        }
    }
    return found;
}
