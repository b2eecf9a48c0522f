/* Points that go from one slot of a store to another. */
#include <string.h>

#include "kernel.h"

int64_t flipping_points(const Raster *r, const Store *store, const int32_t *slot, int64_t slots, const int32_t *box,
                        int64_t room, int64_t *row, int32_t *before, int32_t *after);

/* Put points into slots, from point `from` on. Where there is no room left behind all slots it stops; gives the point
   with which it is to go on once there is. */
int64_t put_in(Store *s, const Point *points, const int32_t *slot, int64_t from, int64_t n) {
    for (int64_t i = from; i < n; i++) {
        int32_t k = slot[i];
        if (s->count[k] == s->room[k]) {
            int64_t room = s->count[k] + s->count[k] / 4 + 16;
            if (s->used + room > s->size) return i;
            memcpy(s->points + s->used, s->points + s->start[k], s->count[k] * sizeof(Point));
            s->start[k] = s->used;
            s->room[k] = room;
            s->used += room;
        }
        s->points[s->start[k] + s->count[k]++] = points[i];
    }
    return n;
}

/* Take rows out of their slots and leave copies of the points in `out`; the rows of a slot stand side by side, in order. */
static void take_out(Store *s, const int64_t *row, const int32_t *slot, int64_t n, Point *out) {
    for (int64_t i = 0; i < n; i++) out[i] = s->points[row[i]];
    for (int64_t first = 0, next; first < n; first = next) {
        int32_t k = slot[first];
        int64_t end = s->start[k] + s->count[k], to = row[first];
        for (next = first; next < n && slot[next] == k; next++) {
            int64_t stay = (next + 1 < n && slot[next + 1] == k ? row[next + 1] : end) - row[next] - 1;
            memmove(s->points + to, s->points + row[next] + 1, stay * sizeof(Point));
            to += stay;
        }
        s->count[k] -= next - first;
    }
}

/* Take the points that flip (see flipping_points) out of their slots, and put them where they belong, as many as there is
   room for: *put. Gives how many flip, and they stand in `out`, or what flipping_points gives without room. */
int64_t reassign_points(const Raster *r, Store *s, const int32_t *slot, int64_t slots, const int32_t *box, int64_t room,
                        int64_t *row, int32_t *before, int32_t *after, Point *out, int64_t *put) {
    int64_t n = flipping_points(r, s, slot, slots, box, room, row, before, after);
    if (n < 0) return n;
    take_out(s, row, before, n, out);
    *put = put_in(s, out, after, 0, n);
    return n;
}
