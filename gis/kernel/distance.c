/* How far points are from borders, in metres, by boxes around stretches of border: a box farther away than what was
   found already needs no look inside. Distances are rounded to the millimetre before they are compared, and the
   lower cell wins a tie: see gis/ownership.py. */
#include <math.h>
#include <stddef.h>

#include "kernel.h"

#define FAN 16
#define SHARED 64
#define MILLIMETRE 0.001
/* A cell's border may bend by so much on its way from degrees to metres, so a point so near may be inside. */
#define BEND 0.006

static double rounded(double metres) { return floor(metres * 1000 + 0.5) / 1000; }

static double more(double a, double b) { return a > b ? a : b; }

static double squared_to_box(const Box *b, double x, double y) {
    double dx = more(more(b->west - x, x - b->east), 0), dy = more(more(b->south - y, y - b->north), 0);
    return dx * dx + dy * dy;
}

/* The least squared distance from a point to the edges of a run. */
static double squared_to_run(const Borders *t, const Run *run, double x, double y) {
    const double *v = t->xy + 2 * run->first;
    double least = INFINITY;
    for (int32_t i = 0; i < run->count; i++, v += 2) {
        double dx = v[2] - v[0], dy = v[3] - v[1], px = x - v[0], py = y - v[1];
        double length = dx * dx + dy * dy, along = px * dx + py * dy;
        double part = along <= 0 || length == 0 ? 0 : along >= length ? 1 : along / length;
        double ex = px - part * dx, ey = py - part * dy, squared = ex * ex + ey * ey;
        if (squared < least) least = squared;
    }
    return least;
}

static int holds(const Borders *t, int32_t cell, double x, double y) {
    int inside = 0;
    for (int32_t r = t->cell_start[2 * cell]; r < t->cell_start[2 * cell + 1]; r++) {
        const double *v = t->xy + 2 * t->run[r].first;
        for (int32_t i = 0; i < t->run[r].count; i++, v += 2)
            if ((v[1] > y) != (v[3] > y) && x < v[0] + (y - v[1]) / (v[3] - v[1]) * (v[2] - v[0])) inside = !inside;
    }
    return inside;
}

/* Metres, rounded, from each of n points to the border of its own cell. */
void edge_distance(const Borders *t, const int32_t *own, const double *x, const double *y, int64_t n, double *out) {
    for (int64_t i = 0; i < n; i++) {
        double least = INFINITY;
        int32_t end = t->cell_start[2 * own[i] + 1];
        for (int32_t r = t->cell_start[2 * own[i]]; r < end;) {
            int level = 0;
            while (level + 1 < t->levels && !(r & ((FAN << 4 * level) - 1)) && r + (FAN << 4 * level) <= end) level++;
            while (level >= 0 && squared_to_box(t->box + t->level[level] + (r >> 4 * level), x[i], y[i]) < least) level--;
            if (level >= 0) {
                r += 1 << 4 * level;
                continue;
            }
            double squared = squared_to_run(t, t->run + r++, x[i], y[i]);
            if (squared < least) least = squared;
        }
        out[i] = rounded(sqrt(least));
    }
}

typedef struct {
    const Borders *borders;
    double x, y, best_m, bound; /* boxes whose squared distance is above `bound` hold nothing better */
    int32_t not, best;
} Search;

static void look_at(Search *s, const Run *run) {
    if (run->cell == s->not) return;
    double metres = sqrt(squared_to_run(s->borders, run, s->x, s->y)), away = rounded(metres);
    if (metres <= BEND && holds(s->borders, run->cell, s->x, s->y)) away = 0;
    if (away > s->best_m || (away == s->best_m && s->best >= 0 && run->cell >= s->best)) return;
    s->best_m = away;
    s->best = run->cell;
    s->bound = (away + MILLIMETRE) * (away + MILLIMETRE);
}

/* Search the boxes from `first` to `end` of one level, the nearest first. */
static void search(Search *s, int level, int64_t first, int64_t end) {
    const Borders *t = s->borders;
    double away[FAN];
    int64_t order[FAN];
    int n = 0;
    for (int64_t i = first; i < end; i++) {
        double squared = squared_to_box(t->box + t->level[level] + i, s->x, s->y);
        if (!(squared <= s->bound)) continue;
        int j = n++;
        for (; j > 0 && away[j - 1] > squared; j--) away[j] = away[j - 1], order[j] = order[j - 1];
        away[j] = squared, order[j] = i;
    }
    for (int j = 0; j < n && away[j] <= s->bound; j++) {
        if (!level) {
            look_at(s, t->run + order[j]);
            continue;
        }
        int64_t size = t->level[level] - t->level[level - 1], last = FAN * (order[j] + 1);
        search(s, level - 1, FAN * order[j], last < size ? last : size);
    }
}

/* The runs of other cells that points of one cell can reach, so that neighbours in the list of points share one search.
   `cell` is -1 before the first one; a cell with more than SHARED of them has each point searched by itself. */
typedef struct {
    int32_t cell;
    int count;
    int32_t run[SHARED];
    Box box[SHARED];
} Around;

static void gather(const Borders *t, Around *around, const Box *reach, int level, int64_t first, int64_t end) {
    for (int64_t i = first; i < end && around->count <= SHARED; i++) {
        const Box *b = t->box + t->level[level] + i;
        if (b->west > reach->east || b->east < reach->west || b->south > reach->north || b->north < reach->south) continue;
        if (level) {
            int64_t size = t->level[level] - t->level[level - 1], last = FAN * (i + 1);
            gather(t, around, reach, level - 1, FAN * i, last < size ? last : size);
        } else if (t->run[i].cell != around->cell) {
            if (around->count < SHARED) around->run[around->count] = (int32_t)i, around->box[around->count] = *b;
            around->count++;
        }
    }
}

/* A point may lie outside its cell's box by as much as borders bend. */
static void look_around(const Borders *t, Around *around, int32_t cell, double reach_m) {
    Box reach = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int32_t r = t->cell_start[2 * cell]; r < t->cell_start[2 * cell + 1]; r++) {
        const Box *b = t->box + r;
        reach.west = fmin(reach.west, b->west), reach.east = fmax(reach.east, b->east);
        reach.south = fmin(reach.south, b->south), reach.north = fmax(reach.north, b->north);
    }
    double by = reach_m + MILLIMETRE + BEND;
    reach.west -= by, reach.south -= by, reach.east += by, reach.north += by;
    around->cell = cell, around->count = 0;
    gather(t, around, &reach, t->levels - 1, 0, t->level[t->levels] - t->level[t->levels - 1]);
}

/* For each of n points the cell with the least distance within reach_m, then the lowest, other than not[i] (which may
   be -1), and that distance; -1 and infinity where there is none. A point with a not[i] lies in that cell. */
void closest_cell(const Borders *t, const int32_t *not, const double *x, const double *y, int64_t n, double reach_m,
                  int32_t *cell, double *metres) {
    int top = t->levels - 1;
    Around around = {.cell = -1};
    for (int64_t i = 0; i < n; i++) {
        Search s = {t, x[i], y[i], reach_m, (reach_m + MILLIMETRE) * (reach_m + MILLIMETRE), not[i], -1};
        if (not[i] >= 0 && not[i] != around.cell) look_around(t, &around, not[i], reach_m);
        if (not[i] >= 0 && around.count <= SHARED) {
            for (int k = 0; k < around.count; k++)
                if (squared_to_box(around.box + k, x[i], y[i]) <= s.bound) look_at(&s, t->run + around.run[k]);
        } else if (t->runs && isfinite(x[i]) && isfinite(y[i])) {
            search(&s, top, 0, t->level[top + 1] - t->level[top]);
        }
        cell[i] = s.best;
        metres[i] = s.best < 0 ? INFINITY : s.best_m;
    }
}
