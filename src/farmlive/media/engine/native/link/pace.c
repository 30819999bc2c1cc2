/* The pace of one viewer.
 *
 * Always holds: what may leave at once is bounded, however long nothing left. */
#include "link/pace.h"

#include <math.h>

/* A link that nobody knows is sent twice the stream's rate, but never less than this. */
static const double JOIN_FACTOR = 2.0, JOIN_LEAST_KBPS = 1000.0;
/* The rate of a stream that has not been measured yet. */
static const double TYPICAL_KBPS = 1250.0;
/* A joiner gets the group that the ring holds if it leaves within this time, in seconds. */
static const double SMALL_S = 0.25;
/* If no keyframe can be requested for longer than this, a joiner gets what there is meanwhile,
 * hardly faster than it comes: a link that carries the stream carries that. */
static const double PATIENCE_S = 0.1, GENTLE_FACTOR = 1.12;
/* What may leave at once, in bytes: at the join and later. */
static const double JOIN_OCTETS = 16000.0, OCTETS = 5000.0;

enum join pace_join_plan(uint32_t octets, double kbps, bool answers, double wait_s)
{
    if (!answers || octets <= kbps * 125 * SMALL_S)
        return JOIN_GROUP;
    return wait_s > PATIENCE_S ? JOIN_GENTLY : JOIN_WAIT;
}

double pace_stream_kbps(double stream_kbps) { return stream_kbps > 0 ? stream_kbps : TYPICAL_KBPS; }

double pace_unhindered_kbps(double stream_kbps, bool gently)
{
    double factor = gently ? GENTLE_FACTOR : JOIN_FACTOR;
    return fmax(JOIN_LEAST_KBPS, factor * pace_stream_kbps(stream_kbps));
}

void pace_init(struct pace *pace, double now)
{
    *pace = (struct pace){.tokens = JOIN_OCTETS, .at = now};
}

void pace_open_window(struct pace *pace)
{
    pace->busy_s = 0;
    pace->busy_octets = pace->octets = 0;
}

double pace_may_send(struct pace *pace, double kbps, double now, bool measures)
{
    /* Whoever could send much more before does not send all of it now. */
    double depth = fmax(OCTETS, pace->tokens), since_s = fmax(0.0, now - pace->at);
    pace->tokens += since_s * kbps * 125;
    pace->is_limited = measures && pace->tokens < depth;
    if (pace->is_limited)
        pace->busy_s += since_s;
    pace->tokens = fmin(pace->tokens, depth);
    pace->at = now;
    return pace->tokens;
}

void pace_spent(struct pace *pace, uint32_t octets)
{
    pace->tokens -= octets;
    pace->octets += octets;
    if (pace->is_limited)
        pace->busy_octets += octets;
}

void pace_take(struct pace *pace, uint32_t octets) { pace->tokens -= octets; }
