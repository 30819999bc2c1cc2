/* When a stream's next frame or sound comes, by when the last ones came. What is done with that
 * time its callers decide.
 *
 * Always holds: the next beat is expected only where the distance of beats is known. */
#include "rhythm.h"

#include <math.h>

/* Frames that were sent at once, and pauses, say nothing of the rhythm. */
static const double SHORTEST_S = 0.002, LONGEST_S = 0.1;

/* How late a beat often is. */
static const double LATE_S = 0.001;

void rhythm_init(struct rhythm *rhythm, double lasts_s)
{
    *rhythm = (struct rhythm){.lasts_s = lasts_s};
}

void rhythm_beat(struct rhythm *rhythm, double when)
{
    double distance = when - rhythm->last;
    rhythm->last = when;
    if (SHORTEST_S < distance && distance < LONGEST_S)
        rhythm->every =
            rhythm->every > 0 ? rhythm->every + (distance - rhythm->every) * 0.1 : distance;
    else if (distance >= LONGEST_S)
        rhythm->every = 0;
    rhythm->has_next = rhythm->every > 0;
    rhythm->next = when + rhythm->every;
}

double rhythm_rest(const struct rhythm *const rhythms[], int count, double now, double together_s)
{
    double first = INFINITY;
    for (int each = 0; each < count; each++) {
        if (!rhythms[each]->has_next || rhythms[each]->next < now)
            return 0;
        if (rhythms[each]->next < first)
            first = rhythms[each]->next;
    }
    double whole = first;
    for (int each = 0; each < count; each++) {
        double end = rhythms[each]->next + rhythms[each]->lasts_s;
        if (whole < end && end <= first + together_s)
            whole = end;
    }
    /* A single packet of sound wakes us by itself. */
    return whole > first ? whole + LATE_S - now : 0;
}
