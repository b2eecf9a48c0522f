/* How much of each cell lies within reach of legs. The ground is cut into rows; on each row the legs of a group cover
   stretches, whose union is laid over what the row has of the cells. docs/coverage.md tells how near that comes. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define SMALL 24
#define AT_ONCE 8
#define NEAR (1 << 20) /* units: a kilometre */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default"))) /* the same bits, four rows at a time */
#else
#define WIDE
#endif

void bands_of_legs(const Sheet *s, const Legs *legs, int64_t first, int64_t stop, int32_t *bands, int64_t *band_start);
void legs_of_bands(const int32_t *bands, int64_t first, int64_t stop, int64_t *cursor, int32_t *order);
int64_t cover_bands(const Sheet *s, const Legs *legs, const int64_t *band_start, const int32_t *order, int64_t *next,
                    Found *found);
void release_found(Found *found);

typedef struct {
    int32_t x0, x1;
} Stretch;

typedef struct {
    Stretch stretch;
    int32_t row;
} Put;

/* The rows of one band while one group is laid over them: on each row the stretch that still grows, and those that were
   left behind, in the order in which they were. */
typedef struct {
    int32_t x0[BAND], x1[BAND], from[BAND + AT_ONCE], to[BAND + AT_ONCE]; /* growing; the leg at hand */
    int32_t behind[BAND + 1];
    int32_t low, high; /* rows touched */
    int64_t count, room;
    Put *put;
    Stretch *sorted;
    int64_t *covered; /* of each cell */
    int32_t *touched;
    int32_t touched_count;
} Band;

typedef struct {
    double ax, ay, bx, by; /* units, the lower end first */
} Leg;

static inline double less(double a, double b) { return a < b ? a : b; }
static inline double more(double a, double b) { return a > b ? a : b; }

static inline float above(float a) { return a > 0 ? a : 0; }
static inline float share(float a) { return a > 0 ? a < 1 ? a : 1 : 0; }

static inline Leg turned(const Sheet *s, const double *xy) {
    double x0 = xy[0] - s->west, y0 = xy[1] - s->south, x1 = xy[2] - s->west, y1 = xy[3] - s->south;
    Leg leg = {(x0 * s->cosine - y0 * s->sine - s->left) * UNITS, (x0 * s->sine + y0 * s->cosine - s->low) * UNITS,
               (x1 * s->cosine - y1 * s->sine - s->left) * UNITS, (x1 * s->sine + y1 * s->cosine - s->low) * UNITS};
    if (leg.ay <= leg.by) return leg;
    return (Leg){leg.bx, leg.by, leg.ax, leg.ay};
}

static int near_ground(const Sheet *s, double west, double south, double east, double north) {
    int64_t wide = s->across + 1;
    int64_t x0 = (int64_t)(more(west, 0) / s->square), x1 = (int64_t)(less(east, s->width) / s->square) + 1;
    int64_t y0 = (int64_t)(more(south, 0) / s->square), y1 = (int64_t)(less(north, s->rows * s->pitch) / s->square) + 1;
    if (x1 > s->across) x1 = s->across;
    if (y1 > s->down) y1 = s->down;
    if (x0 >= x1 || y0 >= y1) return 0;
    const int32_t *q = s->squares;
    return q[y1 * wide + x1] - q[y0 * wide + x1] - q[y1 * wide + x0] + q[y0 * wide + x0] > 0;
}

/* The first band of some of the legs and the one after its last, equal for a leg that touches no ground; and how many of
   these legs each band has, in band_start[band + 1]. */
void bands_of_legs(const Sheet *s, const Legs *legs, int64_t first, int64_t stop, int32_t *bands, int64_t *band_start) {
    double reach = legs->reach * UNITS, top = s->rows * s->pitch;
    for (int64_t i = first; i < stop; i++) {
        Leg leg = turned(s, legs->xy + 4 * i);
        double west = less(leg.ax, leg.bx) - reach, east = more(leg.ax, leg.bx) + reach;
        double south = leg.ay - reach, north = leg.by + reach;
        bands[2 * i] = bands[2 * i + 1] = 0;
        if (!isfinite(east - west) || !isfinite(north - south)) continue;
        if (east < 0 || west > s->width || north < 0 || south > top) continue;
        if (!near_ground(s, west, south, east, north)) continue;
        int32_t low = (int32_t)(more(south, 0) / s->pitch) / BAND;
        int32_t high = (int32_t)less(north / s->pitch, s->rows - 1) / BAND;
        bands[2 * i] = low;
        bands[2 * i + 1] = high + 1;
        for (int32_t b = low; b <= high; b++) band_start[b + 1]++;
    }
}

/* Where each band has these legs, in their own order; cursor says where they begin, and afterwards where they end. */
void legs_of_bands(const int32_t *bands, int64_t first, int64_t stop, int64_t *cursor, int32_t *order) {
    for (int64_t i = first; i < stop; i++)
        for (int32_t b = bands[2 * i]; b < bands[2 * i + 1]; b++) order[cursor[b]++] = (int32_t)i;
}

int add_found(Found *found, int32_t group, int32_t place, double amount) {
    if (found->count == found->room) {
        int64_t room = 2 * found->room + 1024;
        Reached *grown = realloc(found->row, (size_t)room * sizeof(Reached));
        if (!grown) return 0;
        found->row = grown;
        found->room = room;
    }
    found->row[found->count++] = (Reached){group, place, amount};
    return 1;
}

void release_found(Found *found) {
    free(found->row);
    *found = (Found){0};
}

static int grow(Band *b) {
    int64_t room = 2 * b->room + 1024;
    Put *put = realloc(b->put, (size_t)room * sizeof(Put));
    if (put) b->put = put;
    Stretch *sorted = realloc(b->sorted, (size_t)(room + BAND) * sizeof(Stretch));
    if (sorted) b->sorted = sorted;
    if (put && sorted) b->room = room;
    return put && sorted;
}

static int leave_behind(Band *b, int32_t row) {
    if (b->count == b->room && !grow(b)) return 0;
    b->put[b->count++] = (Put){{b->x0[row], b->x1[row]}, row};
    return 1;
}

/* Where the leg covers rows first .. last of a band that begins at row `base`. A disc that slides along the leg reaches
   farthest right where the leg's offset line crosses the row, or else at an end; and so on the left. Rows are taken AT_ONCE,
   the last ones perhaps for nothing. */
WIDE static void stretches_far(const Sheet *s, const Leg *leg, double reach, int32_t base, int32_t first, int32_t last,
                               Band *b) {
    double dx = leg->bx - leg->ax, dy = leg->by - leg->ay, length = sqrt(dx * dx + dy * dy);
    double aside = length > 0 ? reach * dx / length : 0, per_dy = 1 / dy, squared = reach * reach;
    double most = s->width + 1.0, ax = leg->ax, ay = leg->ay, pitch = s->pitch;
    for (int32_t some = first; some <= last; some += AT_ONCE) {
        for (int32_t k = some; k < some + AT_ONCE; k++) {
            double y = (base + k + 0.5) * pitch - ay;
            double right = less(more((y + aside) * per_dy, 0), 1), left = less(more((y - aside) * per_dy, 0), 1);
            double up_right = y - right * dy, up_left = y - left * dy;
            double x0 = ax + left * dx - sqrt(more(squared - up_left * up_left, 0));
            double x1 = ax + right * dx + sqrt(more(squared - up_right * up_right, 0));
            b->from[k] = (int32_t)(less(more(x0, -1), most) + 0.5);
            b->to[k] = (int32_t)(less(more(x1, -1), most) + 0.5);
        }
    }
}

/* The same within NEAR of the leg's lower end, where a float is as good as a hundredth of a unit and twice as many are
   worked out at once. */
WIDE static void stretches_near(const Sheet *s, const Leg *leg, double far, int32_t base, int32_t first, int32_t last,
                                Band *b) {
    double whole = floor(leg->ax), long_dx = leg->bx - leg->ax, long_dy = leg->by - leg->ay;
    double length = sqrt(long_dx * long_dx + long_dy * long_dy);
    float dx = (float)long_dx, dy = (float)long_dy, reach = (float)far, pitch = (float)s->pitch;
    float aside = length > 0 ? (float)(far * long_dx / length) : 0, per_dy = (float)(1 / long_dy);
    float low = (float)((base + first + 0.5) * s->pitch - leg->ay), ax = (float)(leg->ax - whole) + 0.5f;
    int32_t west = (int32_t)whole, most = s->width + 1;
    for (int32_t some = first; some <= last; some += AT_ONCE) {
        for (int32_t k = some; k < some + AT_ONCE; k++) {
            float y = low + (float)(k - first) * pitch;
            float right = share((y + aside) * per_dy), left = share((y - aside) * per_dy);
            float up_right = y - right * dy, up_left = y - left * dy;
            float x0 = ax + left * dx - sqrtf(above((reach - up_left) * (reach + up_left)));
            float x1 = ax + right * dx + sqrtf(above((reach - up_right) * (reach + up_right)));
            int32_t from = (int32_t)x0, to = (int32_t)x1; /* towards nothing: one less where that is above */
            from = west + from - ((float)from > x0);
            to = west + to - ((float)to > x1);
            from = from > 0 ? from : 0;
            to = to > 0 ? to : 0;
            b->from[k] = from < most ? from : most;
            b->to[k] = to < most ? to : most;
        }
    }
}

WIDE static int is_apart(const Band *b, int32_t first, int32_t last) {
    int apart = 0;
    for (int32_t k = first; k <= last; k++) apart |= (b->from[k] > b->x1[k]) | (b->to[k] < b->x0[k]);
    return apart;
}

WIDE static void join(Band *b, int32_t first, int32_t last) {
    for (int32_t k = first; k <= last; k++) {
        b->x0[k] = b->from[k] < b->x0[k] ? b->from[k] : b->x0[k];
        b->x1[k] = b->to[k] > b->x1[k] ? b->to[k] : b->x1[k];
    }
}

static int lay(const Sheet *s, const Legs *legs, int32_t i, int32_t base, Band *b) {
    Leg leg = turned(s, legs->xy + 4 * (int64_t)i);
    double reach = legs->reach * UNITS;
    int32_t end = s->rows - base < BAND ? s->rows - base : BAND;
    /* The first row at or above the lower end, and the last at or below the upper one. */
    double low = (leg.ay - reach) / s->pitch - 0.5 - base, high = (leg.by + reach) / s->pitch - 0.5 - base;
    if (low > end - 1 || high < 0) return 1;
    int32_t first = low > 0 ? (int32_t)ceil(low) : 0, last = (int32_t)less(high, end - 1);
    if (first > last) return 1;
    if (first < b->low) b->low = first;
    if (last > b->high) b->high = last;
    if (more(fabs(leg.bx - leg.ax), leg.by - leg.ay) + reach < NEAR) stretches_near(s, &leg, reach, base, first, last, b);
    else stretches_far(s, &leg, reach, base, first, last, b);
    if (is_apart(b, first, last)) {
        for (int32_t k = first; k <= last; k++) {
            if (b->from[k] <= b->x1[k] && b->to[k] >= b->x0[k]) continue;
            if (b->x0[k] <= b->x1[k] && !leave_behind(b, k)) return 0;
            b->x0[k] = INT_MAX;
            b->x1[k] = INT_MIN;
        }
    }
    join(b, first, last);
    return 1;
}

/* Sort by start: by insertion over gaps that narrow, since rows hold few stretches, and those nearly in order. */
static void sort(Stretch *of, int64_t n) {
    for (int64_t gap = n > SMALL ? n / 2 : 1; gap > 0; gap = gap == 2 ? 1 : (int64_t)((double)gap / 2.2)) {
        for (int64_t i = gap; i < n; i++) {
            Stretch one = of[i];
            int64_t k = i;
            for (; k >= gap && of[k - gap].x0 > one.x0; k -= gap) of[k] = of[k - gap];
            of[k] = one;
        }
    }
}

/* Lay stretches, sorted by their start, over what the row has of the cells. */
static void count_row(const Sheet *s, int32_t row, const Stretch *of, int64_t n, Band *b) {
    int64_t at = s->row_start[row], end = s->row_start[row + 1];
    for (int64_t i = 0; i < n && at < end;) {
        int32_t x0 = of[i].x0, x1 = of[i].x1;
        for (i++; i < n && of[i].x0 <= x1; i++)
            if (of[i].x1 > x1) x1 = of[i].x1;
        int64_t low = at, high = end; /* the first span that reaches beyond x0 */
        while (low < high) {
            int64_t middle = (low + high) / 2;
            if (s->span[middle].reach > x0) high = middle;
            else low = middle + 1;
        }
        at = low;
        for (int64_t k = at; k < end && s->span[k].x0 < x1; k++) {
            const Span *span = s->span + k;
            int32_t from = span->x0 > x0 ? span->x0 : x0, to = span->x1 < x1 ? span->x1 : x1;
            if (from >= to) continue;
            if (!b->covered[span->cell]) b->touched[b->touched_count++] = span->cell;
            b->covered[span->cell] += to - from;
        }
    }
}

/* The group is through with this band: count what it covers and make the band empty again. */
static int finish(const Sheet *s, int32_t group, int32_t base, Band *b, Found *found) {
    memset(b->behind, 0, sizeof b->behind);
    for (int64_t i = 0; i < b->count; i++) b->behind[b->put[i].row + 1]++;
    for (int32_t k = b->low; k <= b->high; k++) b->behind[k + 1] += b->x0[k] <= b->x1[k];
    for (int32_t k = 0; k < BAND; k++) b->behind[k + 1] += b->behind[k];
    int32_t at[BAND];
    memcpy(at, b->behind, sizeof at);
    for (int64_t i = 0; i < b->count; i++) b->sorted[at[b->put[i].row]++] = b->put[i].stretch;
    for (int32_t k = b->low; k <= b->high; k++) {
        if (b->x0[k] <= b->x1[k]) b->sorted[at[k]++] = (Stretch){b->x0[k], b->x1[k]};
        b->x0[k] = INT_MAX;
        b->x1[k] = INT_MIN;
        int64_t n = b->behind[k + 1] - b->behind[k];
        sort(b->sorted + b->behind[k], n);
        count_row(s, base + k, b->sorted + b->behind[k], n, b);
    }
    b->count = 0;
    b->low = BAND;
    b->high = -1;
    int fine = 1;
    for (int32_t i = 0; i < b->touched_count; i++) {
        int32_t cell = b->touched[i];
        fine = fine && add_found(found, group, cell, (double)b->covered[cell]);
        b->covered[cell] = 0;
    }
    b->touched_count = 0;
    return fine;
}

static int cover_band(const Sheet *s, const Legs *legs, int64_t band, const int64_t *start, const int32_t *order,
                      Band *b, Found *found) {
    int32_t base = (int32_t)band * BAND;
    for (int64_t i = start[band]; i < start[band + 1]; i++) {
        if (i > start[band] && legs->group[order[i]] != legs->group[order[i - 1]] &&
            !finish(s, legs->group[order[i - 1]], base, b, found))
            return 0;
        if (!lay(s, legs, order[i], base, b)) return 0;
    }
    return start[band] == start[band + 1] || finish(s, legs->group[order[start[band + 1] - 1]], base, b, found);
}

/* Cover one band after the other, each thread the next one that no other has taken; 0 where memory was short. The
   amounts of a group and cell come in parts, one for each band. */
int64_t cover_bands(const Sheet *s, const Legs *legs, const int64_t *band_start, const int32_t *order, int64_t *next,
                    Found *found) {
    Band *b = calloc(1, sizeof(Band));
    if (!b) return 0;
    b->covered = calloc((size_t)s->cells + 1, sizeof(int64_t));
    b->touched = malloc(((size_t)s->cells + 1) * sizeof(int32_t));
    b->low = BAND;
    b->high = -1;
    for (int32_t k = 0; k < BAND; k++) b->x0[k] = INT_MAX, b->x1[k] = INT_MIN;
    int64_t bands = (s->rows + BAND - 1) / BAND;
    int fine = b->covered && b->touched && grow(b);
    while (fine) {
        int64_t band = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
        if (band >= bands) break;
        fine = cover_band(s, legs, band, band_start, order, b, found);
    }
    free(b->covered);
    free(b->touched);
    free(b->put);
    free(b->sorted);
    free(b);
    return fine;
}
