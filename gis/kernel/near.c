/* How much of each line lies within reach of legs, and which outlines do: every edge that may be near is cut by the
   capsule around the leg, so the lengths are those of plane geometry. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define NOTHING ((Part){1, 0})
#define MARGIN 0.001 /* metres, so that no edge is passed over for a rounding */

int64_t reach_edges(const Net *net, const Legs *legs, int32_t whole, Found *found);

typedef struct {
    double from, to;
} Part;

typedef struct {
    Part part;
    int32_t edge;
} Old;

/* What the group at hand reaches so far: of each edge the part that still grows, and the parts left behind. */
typedef struct {
    int32_t *seen, *edge_of_group, *done; /* leg last held against an edge; group that an edge, an owner belongs to */
    Part *part;
    int32_t *touched, touched_count;
    Old *old;
    int64_t old_count, old_room;
} Work;

static inline double less(double a, double b) { return a < b ? a : b; }
static inline double more(double a, double b) { return a > b ? a : b; }

/* Where low <= at + t * step <= high, as far as that is within `of`. */
static Part within(double at, double step, double low, double high, Part of) {
    if (step == 0) return at >= low && at <= high ? of : NOTHING;
    double a = (low - at) / step, b = (high - at) / step;
    return (Part){more(of.from, less(a, b)), less(of.to, more(a, b))};
}

static Part in_disc(double px, double py, double dx, double dy, double squared) {
    double length = dx * dx + dy * dy, cross = px * dy - py * dx, room = squared - cross * cross / length;
    if (room < 0) return NOTHING;
    double middle = -(px * dx + py * dy) / length, half = sqrt(room / length);
    return (Part){more(middle - half, 0), less(middle + half, 1)};
}

static void widen(Part *all, Part more_of_it) {
    if (more_of_it.from > more_of_it.to) return;
    if (all->from > all->to) {
        *all = more_of_it;
        return;
    }
    all->from = less(all->from, more_of_it.from);
    all->to = more(all->to, more_of_it.to);
}

static int point_is_near(const double *e, const double *leg, double squared) {
    double dx = leg[2] - leg[0], dy = leg[3] - leg[1], px = e[0] - leg[0], py = e[1] - leg[1];
    double length = dx * dx + dy * dy, along = px * dx + py * dy;
    double part = along <= 0 || length == 0 ? 0 : along >= length ? 1 : along / length;
    double ex = px - part * dx, ey = py - part * dy;
    return ex * ex + ey * ey <= squared;
}

/* The part of an edge, from 0 to 1, that lies within reach of a leg: two discs and the box between them, whose union
   is convex. */
static Part near_part(const double *e, const double *leg, double reach) {
    double squared = reach * reach, dx = e[2] - e[0], dy = e[3] - e[1];
    if (dx == 0 && dy == 0) return point_is_near(e, leg, squared) ? (Part){0, 1} : NOTHING;
    double px = e[0] - leg[0], py = e[1] - leg[1], lx = leg[2] - leg[0], ly = leg[3] - leg[1];
    Part all = in_disc(px, py, dx, dy, squared);
    widen(&all, in_disc(px - lx, py - ly, dx, dy, squared));
    double length = sqrt(lx * lx + ly * ly);
    if (length == 0) return all;
    double ux = lx / length, uy = ly / length;
    Part box = within(px * ux + py * uy, dx * ux + dy * uy, 0, length, (Part){0, 1});
    widen(&all, within(px * uy - py * ux, dx * uy - dy * ux, -reach, reach, box));
    return all;
}

static int by_edge_and_start(const void *a, const void *b) {
    const Old *left = a, *right = b;
    if (left->edge != right->edge) return left->edge < right->edge ? -1 : 1;
    return (left->part.from > right->part.from) - (left->part.from < right->part.from);
}

static int leave_behind(Work *w, int32_t edge, Part part) {
    if (w->old_count == w->old_room) {
        int64_t room = 2 * w->old_room + 1024;
        Old *old = realloc(w->old, (size_t)room * sizeof(Old));
        if (!old) return 0;
        w->old = old;
        w->old_room = room;
    }
    w->old[w->old_count++] = (Old){part, edge};
    return 1;
}

static int reach_edge(Work *w, int32_t edge, int32_t group, Part part) {
    if (w->edge_of_group[edge] != group) {
        w->edge_of_group[edge] = group;
        w->touched[w->touched_count++] = edge;
        w->part[edge] = part;
    } else if (part.from <= w->part[edge].to && part.to >= w->part[edge].from) {
        widen(w->part + edge, part);
    } else {
        if (!leave_behind(w, edge, w->part[edge])) return 0;
        w->part[edge] = part;
    }
    return 1;
}

/* Edges that the leg may reach, square by square; each edge is looked at once. */
static int reach_leg(const Net *net, const Legs *legs, int32_t i, int32_t whole, Work *w, Found *found) {
    const double *leg = legs->xy + 4 * (int64_t)i;
    int32_t group = legs->group[i];
    double reach = legs->reach + MARGIN, dy = leg[3] - leg[1], low = less(leg[1], leg[3]), high = more(leg[1], leg[3]);
    if (!isfinite(leg[0] + leg[2]) || !isfinite(low + high)) return 1;
    double first = floor((low - reach - net->south) / net->square);
    double last = floor((high + reach - net->south) / net->square);
    for (double row = more(first, 0); row <= less(last, net->down - 1.0); row++) {
        double south = net->south + row * net->square - reach, north = south + net->square + 2 * reach;
        Part t = within(leg[1], dy, south, north, (Part){0, 1});
        if (t.from > t.to) continue;
        double a = leg[0] + t.from * (leg[2] - leg[0]), b = leg[0] + t.to * (leg[2] - leg[0]);
        double west = floor((less(a, b) - reach - net->west) / net->square);
        double east = floor((more(a, b) + reach - net->west) / net->square);
        if (east < 0 || west >= net->across) continue;
        int64_t line = (int64_t)row * net->across;
        int64_t from = net->square_start[line + (int64_t)more(west, 0)];
        int64_t to = net->square_start[line + (int64_t)less(east, net->across - 1.0) + 1];
        for (int64_t k = from; k < to; k++) {
            int32_t edge = net->listed[k];
            if (w->seen[edge] == i || (whole && w->done[net->owner[edge]] == group)) continue;
            w->seen[edge] = i;
            Part part = near_part(net->edge + 4 * (int64_t)edge, leg, legs->reach);
            if (part.from > part.to) continue;
            if (whole) {
                w->done[net->owner[edge]] = group;
                if (!add_found(found, group, net->owner[edge], 1)) return 0;
            } else if (!reach_edge(w, edge, group, part)) {
                return 0;
            }
        }
    }
    return 1;
}

/* The group is through: add up the lengths of its edges, line by line. */
static int finish(const Net *net, int32_t group, Work *w, Found *found) {
    for (int32_t i = 0; i < w->touched_count; i++)
        if (!leave_behind(w, w->touched[i], w->part[w->touched[i]])) return 0;
    qsort(w->old, (size_t)w->old_count, sizeof(Old), by_edge_and_start);
    double length = 0;
    for (int64_t i = 0; i < w->old_count;) {
        int32_t edge = w->old[i].edge, owner = net->owner[edge];
        const double *e = net->edge + 4 * (int64_t)edge;
        double metres = sqrt((e[2] - e[0]) * (e[2] - e[0]) + (e[3] - e[1]) * (e[3] - e[1])), reached = 0;
        while (i < w->old_count && w->old[i].edge == edge) {
            Part part = w->old[i++].part;
            for (; i < w->old_count && w->old[i].edge == edge && w->old[i].part.from <= part.to; i++)
                part.to = more(part.to, w->old[i].part.to);
            reached += part.to - part.from;
        }
        length += reached * metres;
        /* Edges of a line stand side by side. */
        if (i < w->old_count && net->owner[w->old[i].edge] == owner) continue;
        if (!add_found(found, group, owner, length)) return 0;
        length = 0;
    }
    w->old_count = w->touched_count = 0;
    return 1;
}

/* What each group reaches: the metres of each line, or with `whole` the outlines of which any edge is reached; 0 where
   memory was short. */
int64_t reach_edges(const Net *net, const Legs *legs, int32_t whole, Found *found) {
    size_t edges = (size_t)net->edges + 1, owners = (size_t)net->owners + 1;
    Work w = {.seen = malloc(edges * sizeof(int32_t)), .edge_of_group = malloc(edges * sizeof(int32_t)),
              .done = malloc(owners * sizeof(int32_t)), .part = malloc(edges * sizeof(Part)),
              .touched = malloc(edges * sizeof(int32_t))};
    int fine = w.seen && w.edge_of_group && w.done && w.part && w.touched;
    if (fine) {
        memset(w.seen, -1, edges * sizeof(int32_t));
        memset(w.edge_of_group, -1, edges * sizeof(int32_t));
        memset(w.done, -1, owners * sizeof(int32_t));
    }
    for (int64_t i = 0; fine && i < legs->count; i++) {
        fine = reach_leg(net, legs, (int32_t)i, whole, &w, found);
        if (fine && !whole && (i + 1 == legs->count || legs->group[i + 1] != legs->group[i]))
            fine = finish(net, legs->group[i], &w, found);
    }
    free(w.seen);
    free(w.edge_of_group);
    free(w.done);
    free(w.part);
    free(w.touched);
    free(w.old);
    return fine;
}
