/* The repairs of one viewer.
 *
 * Always holds: repairs take no more than their share of the link, whatever is asked for. */
#include "link/repair_budget.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "link/pace.h"

/* The packets that are remembered. */
enum { REMEMBERED = 256 };
/* The share of the link, which counts as this much at least while nothing shows a limit, and of
 * what a wide link's stream takes another one; the depth of the buckets in seconds. A wide link's
 * bucket holds what an interruption of most of a second lost. */
static const double LEAST_KBPS = 500.0;
static const double SHARE = 0.2, DEPTH_S = 1.0, WIDE_SHARE = 0.35, WIDE_DEPTH_S = 2.5;
/* The wait for the same packet without a known round trip, and with one at least. */
static const double AGAIN_S = 0.05, AGAIN_LEAST_S = 0.02;

void repair_budget_init(struct repair_budget *budget, double now)
{
    *budget = (struct repair_budget){.at = now - WIDE_DEPTH_S};
}

void repair_budget_clear(struct repair_budget *budget) { free(budget->sent); }

double repair_budget_kbps(double stream_kbps)
{
    return fmax(LEAST_KBPS, pace_stream_kbps(stream_kbps));
}

bool repair_budget_is_new(const struct repair_budget *budget, uint16_t number)
{
    return budget->sent == NULL || budget->sent[number % REMEMBERED].number != number;
}

bool repair_budget_was_sent(const struct repair_budget *budget, uint16_t number,
                            double round_trip_s, double now)
{
    double again_s = round_trip_s < 0 ? AGAIN_S : fmax(round_trip_s, AGAIN_LEAST_S);
    return !repair_budget_is_new(budget, number) && budget->sent != NULL &&
           now - budget->sent[number % REMEMBERED].at < again_s;
}

static bool take(struct repair_budget *budget, uint32_t octets, double rate, double depth,
                 double now)
{
    budget->octets = fmin(depth, budget->octets + fmax(0.0, now - budget->at) * rate);
    budget->at = now;
    if (budget->octets < octets)
        return false;
    budget->octets -= octets;
    return true;
}

bool repair_budget_take(struct repair_budget *budget, uint32_t octets, double kbps, double now,
                        bool alone)
{
    return take(budget, octets, 125 * kbps * (alone ? 1.0 : SHARE), 125 * kbps * SHARE * DEPTH_S,
                now);
}

bool repair_budget_take_wide(struct repair_budget *budget, uint32_t octets, double kbps, double now)
{
    double rate = 125 * kbps * WIDE_SHARE;
    return take(budget, octets, rate, rate * WIDE_DEPTH_S, now);
}

void repair_budget_remember(struct repair_budget *budget, uint16_t number, double now)
{
    if (budget->sent == NULL) {
        budget->sent = memory_new(REMEMBERED * sizeof *budget->sent);
        for (int at = 0; at < REMEMBERED; at++)
            budget->sent[at].number = -1;
    }
    budget->sent[number % REMEMBERED] = (struct repaired){number, now};
}
