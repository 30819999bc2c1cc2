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
/* The share of the link, which counts as this much at least while nothing shows a limit; the depth
 * of their bucket in seconds, and the wait for the same packet without a known round trip. */
static const double LEAST_KBPS = 500.0;
static const double SHARE = 0.2, DEPTH_S = 1.0, AGAIN_S = 0.05;

void repair_budget_init(struct repair_budget *budget, double now)
{
    *budget = (struct repair_budget){.at = now - DEPTH_S};
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
    double again_s = round_trip_s < 0 ? AGAIN_S : round_trip_s;
    return !repair_budget_is_new(budget, number) && budget->sent != NULL &&
           now - budget->sent[number % REMEMBERED].at < again_s;
}

bool repair_budget_take(struct repair_budget *budget, uint32_t octets, double kbps, double now,
                        bool alone)
{
    double rate = 125 * kbps * (alone ? 1.0 : SHARE);
    double depth = 125 * kbps * SHARE * DEPTH_S;
    budget->octets = fmin(depth, budget->octets + fmax(0.0, now - budget->at) * rate);
    budget->at = now;
    if (budget->octets < octets)
        return false;
    budget->octets -= octets;
    return true;
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
