/* From the rings of polygons to claims, and from claims to edges with a grid on either side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define FARTHEST 1073741824 /* lattice units that int32 holds with room to spare */

/* Which way round a ring runs, told at its lowest vertex (by x, then y), where the turn is sharp: no sum of areas
   could be as exact. Of `count` vertices the last repeats the first. Above 0 is anticlockwise. */
static int64_t turn(const int32_t *xy, int64_t count) {
    int64_t n = count - 1, low = 0;
    for (int64_t i = 1; i < n; i++)
        if (xy[2 * i] < xy[2 * low] || (xy[2 * i] == xy[2 * low] && xy[2 * i + 1] < xy[2 * low + 1])) low = i;
    int64_t before = low, after = low;
    do before = (before + n - 1) % n;
    while (before != low && xy[2 * before] == xy[2 * low] && xy[2 * before + 1] == xy[2 * low + 1]);
    do after = (after + 1) % n;
    while (after != low && xy[2 * after] == xy[2 * low] && xy[2 * after + 1] == xy[2 * low + 1]);
    int64_t ax = (int64_t)xy[2 * low] - xy[2 * before], ay = (int64_t)xy[2 * low + 1] - xy[2 * before + 1];
    int64_t bx = (int64_t)xy[2 * after] - xy[2 * low], by = (int64_t)xy[2 * after + 1] - xy[2 * low + 1];
    return ax * by - ay * bx;
}

/* Degrees to lattice units from an origin. Gives 0 where a coordinate lies between lattice values or too far away. */
static int in_units(const double *degrees, int64_t count, int64_t ox, int64_t oy, int32_t *xy) {
    for (int64_t i = 0; i < 2 * count; i++) {
        double units = degrees[i] * PER_DEGREE;
        if (!(fabs(units) < 9007199254740992.0)) return 0; /* 2^53: beyond it int64_t and double part ways */
        int64_t whole = (int64_t)units, away = whole - (i & 1 ? oy : ox);
        if ((double)whole != units || away > FARTHEST || away < -FARTHEST) return 0;
        xy[i] = (int32_t)away;
    }
    return 1;
}

/* The claims of one ring of a polygon, see claims_of_rings; gives where the next ones go. */
static Claim *claims_of_ring(const int32_t *xy, int64_t count, int hole, int32_t id, Claim *out) {
    if (!count) return out; /* of an empty polygon */
    int backwards = (turn(xy, count) > 0) == hole;
    for (int64_t i = 0; i + 1 < count; i++) {
        const int32_t *a = xy + 2 * i, *b = a + 2;
        if (a[0] == b[0] && a[1] == b[1]) continue;
        if (backwards) a = b, b = xy + 2 * i;
        *out++ = (Claim){a[0], a[1], b[0], b[1], id};
    }
    return out;
}

/* The claims of the rings of polygons: every edge once, run so that the grid lies on its left. Vertices lie one after the
   other, count[r] of them in ring r; part[r] is the part that the ring bounds, whose first ring is its outline and the
   others holes; cell[p] is the cell of part p, and id[c] whose that is. Without `part` every ring is a cell of its own. `xy` is room for the vertices of a ring. Gives how
   many, or -(r + 1) where ring r has a vertex between lattice values or too far from the origin. */
int64_t claims_of_rings(const double *degrees, const int32_t *count, const int64_t *part, const int64_t *cell,
                        const int32_t *id, int64_t rings, int64_t origin_x, int64_t origin_y, int32_t *xy, Claim *out) {
    Claim *end = out;
    for (int64_t r = 0; r < rings; degrees += 2 * count[r++]) {
        if (!in_units(degrees, count[r], origin_x, origin_y, xy)) return -(r + 1);
        int hole = part && r > 0 && part[r] == part[r - 1];
        end = claims_of_ring(xy, count[r], hole, id[part ? cell[part[r]] : r], end);
    }
    return end - out;
}

/* The edge of a claim, lower end first, with the other side left to nobody. */
Edge edge_of(Claim c) {
    if (c.x0 < c.x1 || (c.x0 == c.x1 && c.y0 < c.y1)) return (Edge){c.x0, c.y0, c.x1, c.y1, c.id, 0};
    return (Edge){c.x1, c.y1, c.x0, c.y0, 0, c.id};
}

static uint64_t mixed(uint64_t a, uint64_t b) {
    uint64_t h = (a ^ (b << 32 | b >> 32)) * 0x9E3779B97F4A7C15u;
    return (h ^ h >> 29) * 0xBF58476D1CE4E5B9u;
}

static uint64_t first_slot(const Edge *e, int32_t bits) {
    uint64_t low = (uint64_t)(uint32_t)e->x0 << 32 | (uint32_t)e->y0, high = (uint64_t)(uint32_t)e->x1 << 32 | (uint32_t)e->y1;
    return mixed(low, high) >> (64 - bits);
}

/* Bring together the two claims to each edge. `slots` are 2^bits zeros, more than claims. Gives the number of edges,
   or -(i + 1) where claim i wants a side that somebody has: such grids overlap. */
int64_t edges_of_claims(const Claim *claims, int64_t count, uint32_t *slots, int32_t bits, Edge *edges) {
    int64_t used = 0;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (int64_t i = 0; i < count; i++) {
        Edge e = edge_of(claims[i]);
        for (uint64_t at = first_slot(&e, bits);; at = (at + 1) & mask) {
            if (!slots[at]) {
                edges[used] = e;
                slots[at] = (uint32_t)++used;
                break;
            }
            Edge *known = edges + slots[at] - 1;
            if (known->x0 != e.x0 || known->y0 != e.y0 || known->x1 != e.x1 || known->y1 != e.y1) continue;
            if ((e.left && known->left) || (e.right && known->right)) return -(i + 1);
            known->left |= e.left;
            known->right |= e.right;
            break;
        }
    }
    return used;
}

static int same(const Claim *a, const Claim *b) {
    return a->x0 == b->x0 && a->y0 == b->y0 && a->x1 == b->x1 && a->y1 == b->y1 && a->id == b->id;
}

/* Of claims before and claims after a move, the first `before` of `count`, keep in place those that the other side has
   not: first the ones that go, then the ones that come. `slots` as for edges_of_claims. Gives how many go, and in *left
   how many are kept in all. */
static int64_t keep_differing(Claim *claims, int64_t before, int64_t count, uint32_t *slots, int32_t bits, int64_t *left) {
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (int64_t i = 0; i < count; i++) {
        Edge e = edge_of(claims[i]);
        uint64_t at = first_slot(&e, bits);
        while (slots[at] && (i < before || !same(claims + slots[at] - 1, claims + i))) at = (at + 1) & mask;
        if (i < before)
            slots[at] = (uint32_t)(i + 1);
        else if (slots[at]) /* on both sides: marked by the sign of the id */
            claims[slots[at] - 1].id = claims[i].id = -claims[i].id;
    }
    int64_t kept = 0, going = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i == before) going = kept;
        if (claims[i].id > 0) claims[kept++] = claims[i];
    }
    *left = kept;
    return before == count ? kept : going;
}

/* The box of claims that go and claims that come, the first `going` of `count`, and whether the outline of all grids
   together changes: what grids only pass on among themselves cancels out. `slots` as for edges_of_claims, `edges` is
   room for as many edges. */
static int outline_changes(const Claim *claims, int64_t going, int64_t count, uint32_t *slots, int32_t bits, Edge *edges,
                           int32_t *box) {
    int64_t used = 0, open = 0;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    box[0] = box[1] = 0;
    box[2] = box[3] = -1;
    for (int64_t i = 0; i < count; i++) {
        Edge e = edge_of(claims[i]);
        int32_t low = e.y0 < e.y1 ? e.y0 : e.y1, high = e.y0 < e.y1 ? e.y1 : e.y0, sign = (i < going) == !e.left ? 1 : -1;
        if (!i || e.x0 < box[0]) box[0] = e.x0;
        if (!i || low < box[1]) box[1] = low;
        if (!i || e.x1 > box[2]) box[2] = e.x1;
        if (!i || high > box[3]) box[3] = high;
        uint64_t at = first_slot(&e, bits);
        for (; slots[at]; at = (at + 1) & mask) {
            const Edge *known = edges + slots[at] - 1;
            if (known->x0 == e.x0 && known->y0 == e.y0 && known->x1 == e.x1 && known->y1 == e.y1) break;
        }
        if (!slots[at]) {
            edges[used] = (Edge){e.x0, e.y0, e.x1, e.y1, 0, 0};
            slots[at] = (uint32_t)++used;
        }
        Edge *sum = edges + slots[at] - 1; /* counted on its left */
        open -= sum->left != 0;
        sum->left += sign;
        open += sum->left != 0;
    }
    return open != 0;
}

/* The claims by which cells differ before and after a move: first the ones that go, then the ones that come. Arguments
   are those of claims_of_rings; rings of the first `before` cells are from before the move. Gives how many, less than 0
   as claims_of_rings, or INT64_MIN without memory; told[0..3] is their box, told[4] how many go, told[5] whether the
   outline changes. */
int64_t differing_claims(const double *degrees, const int32_t *count, const int64_t *part, const int64_t *cell,
                         const int32_t *id, int64_t rings, int64_t before, int64_t origin_x, int64_t origin_y,
                         Claim *claims, int32_t *told) {
    int64_t first = 0, old_vertices = 0, vertices = 0, left = 0, old, new = 0;
    for (int64_t r = 0; r < rings; r++) {
        vertices += count[r];
        if ((part ? cell[part[r]] : r) < before) first = r + 1, old_vertices = vertices;
    }
    int32_t bits = 4;
    while (((int64_t)1 << bits) <= 2 * vertices) bits++;
    int32_t *xy = malloc((size_t)vertices * 2 * sizeof(int32_t) + 1);
    Edge *edges = malloc((size_t)vertices * sizeof(Edge) + 1);
    uint32_t *slots = calloc((size_t)1 << bits, sizeof(uint32_t));
    if (!xy || !edges || !slots) {
        left = INT64_MIN;
    } else if ((old = claims_of_rings(degrees, count, part, cell, id, first, origin_x, origin_y, xy, claims)) < 0) {
        left = old;
    } else if ((new = claims_of_rings(degrees + 2 * old_vertices, count + first, part ? part + first : NULL, cell,
                                      part ? id : id + first, rings - first, origin_x, origin_y, xy, claims + old)) < 0) {
        left = new - first;
    } else {
        told[4] = (int32_t)keep_differing(claims, old, old + new, slots, bits, &left);
        memset(slots, 0, sizeof(uint32_t) << bits);
        told[5] = outline_changes(claims, told[4], left, slots, bits, edges, told);
    }
    free(xy);
    free(edges);
    free(slots);
    return left;
}
