/* Points dealt out to the cells of a raster: what `gis.density` smooths. */
#include "kernel.h"

#define AT_ONCE 64

void bin_points(const double *x, const double *y, const double *weight, int64_t count, const double *place,
                int64_t columns, int64_t rows, double *cells);

/* How much of a point each of three cells in a row gets; it lies in the middle one, `off` cells from its middle.
   Whatever `off` is, the parts lie about the point with a variance of a quarter of a cell squared, so that a narrower
   kernel makes up for it. */
static inline void parts_of(double off, double weight, double *part) {
    part[0] = weight * 0.5 * (0.5 - off) * (0.5 - off);
    part[1] = weight * (0.75 - off * off);
    part[2] = weight * 0.5 * (0.5 + off) * (0.5 + off);
}

typedef struct {
    double *cell, across[3], up[3];
} Deal;

/* place: west and south edge and the size of a cell, in metres. Without weights every point weighs 1; points in the
   outermost cells or beyond are left out. The cells of some points at a time are fetched before any of these is dealt
   out, for they lie anywhere. */
void bin_points(const double *x, const double *y, const double *weight, int64_t count, const double *place,
                int64_t columns, int64_t rows, double *cells) {
    Deal deal[AT_ONCE];
    for (int64_t first = 0; first < count; first += AT_ONCE) {
        int deals = 0;
        for (int64_t i = first; i < count && i < first + AT_ONCE; i++) {
            double u = (x[i] - place[0]) / place[2], v = (y[i] - place[1]) / place[2];
            if (!(u >= 1 && u < columns - 1 && v >= 1 && v < rows - 1)) continue;
            int64_t column = (int64_t)u, row = (int64_t)v;
            Deal *d = deal + deals++;
            d->cell = cells + (row - 1) * columns + column - 1;
            for (int k = 0; k < 3; k++) __builtin_prefetch(d->cell + k * columns, 1);
            parts_of(u - column - 0.5, 1, d->across);
            parts_of(v - row - 0.5, weight ? weight[i] : 1, d->up);
        }
        for (Deal *d = deal; d < deal + deals; d++)
            for (int k = 0; k < 3; k++)
                for (int j = 0; j < 3; j++) d->cell[k * columns + j] += d->up[k] * d->across[j];
    }
}
