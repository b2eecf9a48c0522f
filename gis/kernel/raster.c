/* Build the raster of a coverage, and move borders in it.

   Which cells does an edge touch? For each row of cells the edge's stretch of x within that row is worked out in
   whole numbers and rounded outwards, so no touched cell is missed; one too many does no harm.

   Which grid holds a cell's centre? Walk along the row of centres from the far left, where nobody is: each edge that
   is crossed swaps the grid on one of its sides for the other. XOR of ids does that whatever the order of the
   crossings: from 0 on, x ^ left ^ right. A centre that lies on an edge counts as a hair to the right and above of
   where it is, here and in locate.c alike. */
#include <stdlib.h>

#include "kernel.h"

Edge edge_of(Claim c);

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); } /* b > 0 */
static int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }
static int64_t lower(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t higher(int64_t a, int64_t b) { return a > b ? a : b; }

/* All cells that an edge touches, row by row. */
typedef struct {
    const Raster *raster;
    const Edge *edge;
    int64_t row, top, cell, end;
} Walk;

static Walk walk_along(const Raster *r, const Edge *e) {
    return (Walk){r, e, (lower(e->y0, e->y1) >> r->shift) - 1, higher(e->y0, e->y1) >> r->shift, 0, 0};
}

static int next_cell(Walk *w) {
    if (++w->cell < w->end) return 1;
    if (++w->row > w->top) return 0;
    const Edge *e = w->edge;
    int32_t shift = w->raster->shift;
    int64_t dx = (int64_t)e->x1 - e->x0, dy = (int64_t)e->y1 - e->y0, west = e->x0, east = e->x1; /* dx >= 0 */
    if (dx && dy) {
        int64_t low = higher(w->row << shift, lower(e->y0, e->y1));
        int64_t high = lower((w->row + 1) << shift, higher(e->y0, e->y1));
        int64_t enter = dy > 0 ? low : high, leave = dy > 0 ? high : low;
        west = e->x0 + floor_div(llabs(enter - e->y0) * dx, llabs(dy));
        east = e->x0 + ceil_div(llabs(leave - e->y0) * dx, llabs(dy));
    }
    w->cell = w->row * w->raster->columns + (west >> shift);
    w->end = w->row * w->raster->columns + (east >> shift) + 1;
    return 1;
}

/* The rows of centres that an edge crosses, each with the first column whose centre lies to the right of it. */
typedef struct {
    const Raster *raster;
    int64_t x0, y0, dx, dy, row, top, column;
} Crossings;

static Crossings crossings_of(const Raster *r, const Edge *e) {
    int64_t half = (int64_t)1 << (r->shift - 1), size = 2 * half;
    int64_t low = lower(e->y0, e->y1), high = higher(e->y0, e->y1), up = e->y1 > e->y0;
    Crossings c = {r, up ? e->x0 : e->x1, low, up ? (int64_t)e->x1 - e->x0 : (int64_t)e->x0 - e->x1, high - low, 0, 0, 0};
    c.row = ((low - half + size - 1) >> r->shift) - 1; /* the first centre at low or above */
    c.top = (high - half - 1) >> r->shift;             /* the last centre below high */
    return c;
}

static int next_crossing(Crossings *c) {
    if (!c->dy || ++c->row > c->top) return 0;
    int64_t half = (int64_t)1 << (c->raster->shift - 1), y = (c->row << c->raster->shift) + half;
    int64_t x = c->x0 + ceil_div((y - c->y0) * c->dx, c->dy);
    c->column = higher((x + half - 1) >> c->raster->shift, 0);
    return 1;
}

/* Put into `counts` (rows * columns zeros) how many edges touch each cell. */
void count_edges(const Raster *r, const Edge *edges, int64_t n, int32_t *counts) {
    for (int64_t i = 0; i < n; i++)
        for (Walk w = walk_along(r, edges + i); next_cell(&w);) counts[w.cell]++;
}

/* Put into the table (zeros) the id at every centre, then -(k + 1) for each cell with edges, whose border[k] begins
   its list. Gives the number of places in all lists. */
int64_t fill_table(Raster *r, const Edge *edges, int64_t n, const int32_t *counts) {
    for (int64_t i = 0; i < n; i++)
        for (Crossings c = crossings_of(r, edges + i); next_crossing(&c);)
            if (c.column < r->columns) r->table[c.row * r->columns + c.column] ^= edges[i].left ^ edges[i].right;
    int64_t places = 0;
    int32_t k = 0;
    for (int64_t row = 0; row < r->rows; row++) {
        int32_t id = 0;
        for (int64_t cell = row * r->columns; cell < (row + 1) * r->columns; cell++) {
            id ^= r->table[cell];
            r->table[cell] = id;
            if (!counts[cell]) continue;
            r->border[k++] = (Border){(int32_t)places, 0, counts[cell], id};
            r->table[cell] = -k;
            places += counts[cell];
        }
    }
    return places;
}

/* Write every edge into the list of each cell it touches. */
void fill_lists(Raster *r, const Edge *edges, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (Walk w = walk_along(r, edges + i); next_cell(&w);) {
            Border *b = r->border + (-r->table[w.cell] - 1);
            r->edges[b->start + b->count++] = edges[i];
        }
}

static Edge *find(const Raster *r, int64_t cell, const Edge *e) {
    if (r->table[cell] >= 0) return NULL;
    const Border *b = r->border + (-r->table[cell] - 1);
    for (Edge *known = r->edges + b->start; known < r->edges + b->start + b->count; known++)
        if (known->x0 == e->x0 && known->y0 == e->y0 && known->x1 == e->x1 && known->y1 == e->y1) return known;
    return NULL;
}

/* The list of a cell, with room for one edge more; the caller has seen to it that there is room at the end. */
static Border *with_room(Raster *r, int64_t cell) {
    if (r->table[cell] >= 0) {
        r->border[r->borders++] = (Border){(int32_t)r->edges_used, 0, 0, r->table[cell]};
        r->table[cell] = -r->borders;
    }
    Border *b = r->border + (-r->table[cell] - 1);
    if (b->count == b->room) {
        for (int32_t i = 0; i < b->count; i++) r->edges[r->edges_used + i] = r->edges[b->start + i];
        b->start = (int32_t)r->edges_used;
        b->room = 2 * b->count + 2;
        r->edges_used += b->room;
    }
    return b;
}

/* Enter a claim into the lists along its way, or strike it out. Gives 0 where it cannot be: the side is taken, or the
   claim was never there. The edge is the same in every cell, so the first one decides before anything is changed. */
static int change(Raster *r, Claim claim, int enter) {
    Edge e = edge_of(claim);
    int left = e.left != 0, first = 1;
    for (Walk w = walk_along(r, &e); next_cell(&w); first = 0) {
        Edge *known = find(r, w.cell, &e);
        int32_t holder = !known ? 0 : left ? known->left : known->right;
        if (first && holder != (enter ? 0 : claim.id)) return 0;
        if (!known) {
            Border *b = with_room(r, w.cell);
            known = r->edges + b->start + b->count++;
            *known = (Edge){e.x0, e.y0, e.x1, e.y1, 0, 0};
        }
        *(left ? &known->left : &known->right) = enter ? claim.id : 0;
        if (known->left || known->right) continue;
        Border *b = r->border + (-r->table[w.cell] - 1);
        *known = r->edges[b->start + --b->count];
    }
    return 1;
}

static void swap_centres(Raster *r, Claim claim, int64_t columns) {
    Edge e = edge_of(claim);
    for (Crossings c = crossings_of(r, &e); next_crossing(&c);)
        for (int64_t cell = c.row * r->columns + c.column; cell < c.row * r->columns + columns; cell++) {
            int32_t value = r->table[cell];
            *(value < 0 ? &r->border[-value - 1].at_centre : r->table + cell) ^= claim.id;
        }
}

/* How much room at the ends of `edges` and `border` the claims may need. */
void room_for(const Raster *r, const Claim *claims, int64_t n, int64_t *edges, int64_t *borders) {
    *edges = *borders = 0;
    for (int64_t i = 0; i < n; i++) {
        Edge e = edge_of(claims[i]);
        for (Walk w = walk_along(r, &e); next_cell(&w);) {
            int32_t value = r->table[w.cell];
            /* A list that k claims are added to moves to lists of twice its size and two more, the last of at most
               2 * (count + k), and all of them of twice that. */
            *edges += 4 * ((value < 0 ? r->border[-value - 1].count : 0) + 1);
            *borders += value >= 0;
        }
    }
}

/* Strike out the first `out` claims and enter the others. What is struck out and entered must close to rings for each
   grid, as it does when old borders give way to new ones; then centres east of all of them stay as they are. Gives 0,
   i + 1 where claim i cannot be, or -1 where there may be too little room; nothing is changed then. */
int64_t change_claims(Raster *r, const Claim *claims, int64_t n, int64_t out) {
    int64_t east = 0, edges, borders;
    room_for(r, claims, n, &edges, &borders);
    if (r->edges_used + edges > r->edges_room || r->borders + borders > r->borders_room) return -1;
    for (int64_t i = 0; i < n; i++) {
        if (change(r, claims[i], i >= out)) {
            east = higher(east, higher(claims[i].x0, claims[i].x1));
            continue;
        }
        for (int64_t j = i; j-- > 0;) change(r, claims[j], j < out);
        return i + 1;
    }
    int64_t columns = lower((east >> r->shift) + 1, r->columns);
    for (int64_t i = 0; i < n; i++) swap_centres(r, claims[i], columns);
    return 0;
}

/* Add to the first `known` ids those beside borders in the cells that claims run through, each once: whoever owned a point
   on these claims has a border there. `seen` is a zero for each id there is, and is so again afterwards. Gives how many
   there are then. */
int64_t ids_beside(const Raster *r, const Claim *claims, int64_t n, uint8_t *seen, int32_t *ids, int64_t known) {
    seen[0] = 1; /* nobody */
    for (int64_t i = 0; i < known; i++) seen[ids[i]] = 1;
    for (int64_t i = 0; i < n; i++) {
        Edge e = edge_of(claims[i]);
        for (Walk w = walk_along(r, &e); next_cell(&w);) {
            if (r->table[w.cell] >= 0) continue;
            const Border *b = r->border + (-r->table[w.cell] - 1);
            for (const Edge *near = r->edges + b->start, *end = near + b->count; near < end; near++) {
                if (!seen[near->left]) ids[known++] = near->left;
                seen[near->left] = 1;
                if (!seen[near->right]) ids[known++] = near->right;
                seen[near->right] = 1;
            }
        }
    }
    for (int64_t i = 0; i < known; i++) seen[ids[i]] = 0;
    return known;
}
