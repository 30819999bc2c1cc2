/* How often a delay came: in steps of 5 µs up to two seconds, later ones in the last step. */
#ifndef DELAYS_H
#define DELAYS_H

#include <stdint.h>

enum { DELAY_STEP_NS = 5000, DELAY_STEPS = 400000 };

struct delays {
    uint64_t count;
    uint32_t steps[DELAY_STEPS];
};

static inline void delays_add(struct delays *delays, int64_t ns)
{
    int64_t step = ns < 0 ? 0 : ns / DELAY_STEP_NS;
    delays->count++;
    delays->steps[step < DELAY_STEPS ? step : DELAY_STEPS - 1]++;
}

/* The delay below which this share of them lies; 0 where there is none. */
static inline int64_t delays_share(const struct delays *delays, double share)
{
    uint64_t rank = (uint64_t)((double)delays->count * share), seen = 0;
    for (int64_t step = 0; step < DELAY_STEPS; step++) {
        seen += delays->steps[step];
        if (seen > rank)
            return step * DELAY_STEP_NS + DELAY_STEP_NS / 2;
    }
    return 0;
}

#endif
