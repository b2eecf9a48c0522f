/* Clusters of points by their density. The points lie in square cells so small that those of one cell are within reach of
   each other: a cell that holds enough of them needs no look around, and a cluster is made of whole cells. */
#include <math.h>
#include <stdlib.h>

#include "kernel.h"

#define LINES 5 /* of cells around one: two below, its own, two above */
#define FEW 256 /* pairs that are measured one by one */

int64_t cluster_points(Place *place, const Cells *cells, double reach, int64_t least, int32_t *label);

/* Cells that may hold somebody within reach of the cell at hand: up to two columns away, line by line. */
typedef struct {
    int64_t first[LINES], end[LINES];
} Around;

static inline double larger(double a, double b) { return a > b ? a : b; }

static inline double squared_apart(const Place *a, const Place *b) {
    double dx = a->x - b->x, dy = a->y - b->y;
    return dx * dx + dy * dy;
}

/* From the cells around one to those around the next; keys ascend. */
static void move_on(Around *around, const Cells *cells, int64_t cell) {
    for (int64_t line = 0; line < LINES; line++) {
        int64_t middle = cells->key[cell] + (line - 2) * cells->across;
        while (around->first[line] < cells->count && cells->key[around->first[line]] < middle - 2)
            around->first[line]++;
        while (around->end[line] < cells->count && cells->key[around->end[line]] <= middle + 2) around->end[line]++;
    }
}

static void swap(Place *a, Place *b) {
    Place kept = *a;
    *a = *b;
    *b = kept;
}

static Box box_of(const Place *place, int64_t count) {
    Box box = {place->x, place->y, place->x, place->y};
    for (int64_t i = 1; i < count; i++) {
        if (place[i].x < box.west) box.west = place[i].x;
        if (place[i].x > box.east) box.east = place[i].x;
        if (place[i].y < box.south) box.south = place[i].y;
        if (place[i].y > box.north) box.north = place[i].y;
    }
    return box;
}

/* Moves those in the lower half of the box to the front; how many they are, at least one and never all. */
static int64_t halve(Place *place, int64_t count, Box box) {
    int wide = box.east - box.west >= box.north - box.south;
    double low = wide ? box.west : box.south, high = wide ? box.east : box.north, middle = low + (high - low) / 2;
    if (middle >= high) middle = low;
    int64_t front = 0;
    for (int64_t i = 0; i < count; i++)
        if ((wide ? place[i].x : place[i].y) <= middle) swap(place + front++, place + i);
    return front;
}

/* Whether any of a is within reach of any of b. Halves that are too far apart, or so near that all are within reach, are
   never looked into; so crowds on two places, or along a gap, cost little. */
static int touch(Place *a, int64_t n, Place *b, int64_t m, double squared) {
    Box p = box_of(a, n), q = box_of(b, m);
    double dx = larger(0, larger(q.west - p.east, p.west - q.east));
    double dy = larger(0, larger(q.south - p.north, p.south - q.north));
    if (dx * dx + dy * dy > squared) return 0;
    double across = larger(q.east - p.west, p.east - q.west), up = larger(q.north - p.south, p.north - q.south);
    if (across * across + up * up <= squared) return 1;
    if (n * m <= FEW) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < m; j++)
                if (squared_apart(a + i, b + j) <= squared) return 1;
        return 0;
    }
    if (larger(p.east - p.west, p.north - p.south) >= larger(q.east - q.west, q.north - q.south)) {
        int64_t half = halve(a, n, p);
        return touch(a, half, b, m, squared) || touch(a + half, n - half, b, m, squared);
    }
    int64_t half = halve(b, m, q);
    return touch(a, n, b, half, squared) || touch(a, n, b + half, m - half, squared);
}

/* Moves the cores of a cell to its front: those that have enough within reach, themselves included. */
static int64_t cores_of(Place *place, const Cells *cells, int64_t cell, const Around *around, double squared,
                        int64_t least) {
    int64_t front = cells->start[cell], end = cells->start[cell + 1];
    if (end - front >= least) return end - front;
    for (int64_t i = front; i < end; i++) {
        int64_t near = end - cells->start[cell];
        for (int64_t line = 0; line < LINES && near < least; line++) {
            /* Those of its own cell are counted already. */
            for (int64_t j = cells->start[around->first[line]]; j < cells->start[around->end[line]] && near < least; j++)
                if (j < cells->start[cell] || j >= end) near += squared_apart(place + i, place + j) <= squared;
        }
        if (near >= least) swap(place + front++, place + i);
    }
    return front - cells->start[cell];
}

static int32_t root_of(int32_t *root, int32_t cell) {
    while (root[cell] != cell) cell = root[cell] = root[root[cell]];
    return cell;
}

static void join(Place *place, const Cells *cells, int64_t cell, const Around *around, const int64_t *cores,
                 int32_t *root, double squared) {
    if (!cores[cell]) return;
    for (int64_t line = 0; line < LINES; line++) {
        for (int64_t other = around->first[line]; other < around->end[line] && other < cell; other++) {
            if (!cores[other]) continue;
            int32_t mine = root_of(root, (int32_t)cell), its = root_of(root, (int32_t)other);
            if (mine == its) continue;
            Place *a = place + cells->start[cell], *b = place + cells->start[other];
            if (touch(a, cores[cell], b, cores[other], squared)) root[mine > its ? mine : its] = mine < its ? mine : its;
        }
    }
}

/* The cell of the nearest core within reach, of two as near that of the western, then of the southern one; -1: none. */
static int32_t nearest_core(const Place *place, const Place *of, const Cells *cells, const Around *around,
                            const int64_t *cores, double squared) {
    const Place *best = NULL;
    double away = squared;
    int32_t found = -1;
    for (int64_t line = 0; line < LINES; line++) {
        for (int64_t other = around->first[line]; other < around->end[line]; other++) {
            const Place *core = place + cells->start[other];
            for (int64_t i = 0; i < cores[other]; i++, core++) {
                double its = squared_apart(of, core);
                if (its > away) continue;
                if (best && its == away && (core->x > best->x || (core->x == best->x && core->y >= best->y))) continue;
                best = core;
                away = its;
                found = (int32_t)other;
            }
        }
    }
    return found;
}

/* A number for each place of who is in one cluster, -1 for noise. Moves places about within their cells. 0 where memory
   was short. */
int64_t cluster_points(Place *place, const Cells *cells, double reach, int64_t least, int32_t *label) {
    double squared = reach * reach;
    int64_t *cores = malloc(((size_t)cells->count + 1) * sizeof(int64_t));
    int32_t *root = malloc(((size_t)cells->count + 1) * sizeof(int32_t));
    Around around = {{0}, {0}};
    for (int64_t cell = 0; cores && root && cell < cells->count; cell++) {
        move_on(&around, cells, cell);
        cores[cell] = cores_of(place, cells, cell, &around, squared, least);
        root[cell] = (int32_t)cell;
    }
    around = (Around){{0}, {0}};
    for (int64_t cell = 0; cores && root && cell < cells->count; cell++) {
        move_on(&around, cells, cell);
        join(place, cells, cell, &around, cores, root, squared);
    }
    around = (Around){{0}, {0}};
    for (int64_t cell = 0; cores && root && cell < cells->count; cell++) {
        move_on(&around, cells, cell);
        for (int64_t i = cells->start[cell]; i < cells->start[cell + 1]; i++) {
            int core = i < cells->start[cell] + cores[cell];
            int32_t with = core ? (int32_t)cell
                                : nearest_core(place, place + i, cells, &around, cores, squared);
            label[place[i].at] = with < 0 ? -1 : root_of(root, with);
        }
    }
    int64_t fine = cores && root;
    free(cores);
    free(root);
    return fine;
}
