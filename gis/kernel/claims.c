/* From the rings of polygons to claims, and from claims to edges with a grid on either side. */
#include "kernel.h"

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

/* The claims of rings: every edge once, run so that the grid lies on its left. xy holds the rings' vertices one
   after the other, ring r those from start[r] to start[r + 1]; hole[r] tells a hole from an outline. Gives how many. */
int64_t claims_of_rings(const int32_t *xy, const int64_t *start, const uint8_t *hole, const int32_t *id, int64_t rings,
                        Claim *out) {
    int64_t claims = 0;
    for (int64_t r = 0; r < rings; r++) {
        const int32_t *ring = xy + 2 * start[r];
        int64_t count = start[r + 1] - start[r];
        int backwards = (turn(ring, count) > 0) == hole[r];
        for (int64_t i = 0; i + 1 < count; i++) {
            const int32_t *a = ring + 2 * i, *b = a + 2;
            if (a[0] == b[0] && a[1] == b[1]) continue;
            if (backwards) a = b, b = ring + 2 * i;
            out[claims++] = (Claim){a[0], a[1], b[0], b[1], id[r]};
        }
    }
    return claims;
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
int64_t differing_claims(Claim *claims, int64_t before, int64_t count, uint32_t *slots, int32_t bits, int64_t *left) {
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
