/* Pairs of cases near in space, and how many of them are near in time too, in eight shuffled orders of the times at once:
   what belongs to one case lies side by side, so that one instruction compares all of them. */
#include "kernel.h"

/* Times begin wherever an array of whole numbers may. */
typedef int32_t Eight __attribute__((vector_size(32), aligned(4)));

#ifdef __x86_64__
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

void close_in_time(const int32_t *pair, int64_t pairs, const Eight *at, const int32_t *limit, Eight *found);

/* Adds to found[k], order by order, the pairs that are at most limit[k] apart, for four limits; at[case] has its time in
   each order. Processors that take eight numbers at a time do; any other takes them in turns. */
FOR_EACH_PROCESSOR
void close_in_time(const int32_t *pair, int64_t pairs, const Eight *at, const int32_t *limit, Eight *found) {
    Eight none = {0};
    Eight limit_0 = none + limit[0], limit_1 = none + limit[1], limit_2 = none + limit[2], limit_3 = none + limit[3];
    Eight found_0 = found[0], found_1 = found[1], found_2 = found[2], found_3 = found[3];
    for (int64_t i = 0; i < pairs; i++) {
        Eight later = at[pair[2 * i]] - at[pair[2 * i + 1]], sign = later >> 31, apart = (later ^ sign) - sign;
        /* What is true is -1. */
        found_0 -= apart <= limit_0;
        found_1 -= apart <= limit_1;
        found_2 -= apart <= limit_2;
        found_3 -= apart <= limit_3;
    }
    found[0] = found_0;
    found[1] = found_1;
    found[2] = found_2;
    found[3] = found_3;
}
