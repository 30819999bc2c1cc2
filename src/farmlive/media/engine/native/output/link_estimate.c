/* The estimate of a viewer's link.
 *
 * Always holds: a link that is narrow has an estimate. */
#include "output/link_estimate.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* A link that nobody knows is sent twice the stream's rate, but never less than this. */
static const double JOIN_FACTOR = 2.0, JOIN_LEAST_KBPS = 1000.0;
/* The rate of a stream that has not been measured yet. */
static const double TYPICAL_KBPS = 1250.0;
/* A joiner gets the group that the ring holds if it leaves within this time, in seconds. */
static const double SMALL_S = 0.25;
/* If no keyframe can be requested for longer than this, a joiner gets what there is meanwhile,
 * hardly faster than it comes: a link that carries the stream carries that. */
static const double PATIENCE_S = 0.3, GENTLE_FACTOR = 1.12;
/* What may leave at once, in bytes: at the join and later. */
static const double JOIN_OCTETS = 16000.0, OCTETS = 5000.0;

/* Minimum length of a window between two reports. */
static const double WINDOW_S = 0.8;
/* A queue that delays packets this long is one that a limit fills; the second with loss. */
static const double QUEUE_S = 0.150, LOSSY_QUEUE_S = 0.050;
/* Loss without a queue is a radio's, up to this; on a link that is narrow already, up to the
 * second. */
static const double LOSS = 0.02, POLICED_LOSS = 0.35, NARROW_LOSS = 0.15;
/* Sent is this share of what arrived after a bad window, and the second if the queue was long. */
static const double LESS = 0.85, MUCH_LESS = 0.7, LONG_QUEUE_S = 0.25;
static const double LEAST_KBPS = 60.0, MOST_KBPS = 100000.0;
/* One fall takes no more than this share, and the queue has a while to drain before the next. */
static const double FALL_MOST = 0.5, SETTLE_S = 1.5;
/* Growth a second while nothing shows a limit: slow between these shares of what last was too
 * much. */
static const double GROWTH = 1.3, SLOW_GROWTH = 1.06, NEAR = 0.85, PAST = 1.15;
/* Nothing shows a limit, either, where little was sent: growth ends at this share of what
 * arrived. */
static const double BEYOND = 1.5, BEYOND_KBPS = 100.0;
/* A window in which the pace was the limit for this long measures the link, not the stream. */
static const double BUSY_S = 0.2;
/* A narrow link is wide again once its estimate exceeds the stream by this factor and this many
 * seconds were good; each failure doubles them. An unknown one needs a few good seconds. */
static const double ROOMY = 1.25;
static const double UNKNOWN_S = 3.0, TRIAL_S = 4.0, LONGEST_TRIAL_S = 32.0, FORGIVEN_S = 60.0;
/* So many checks in a window say more about the queue than one report does: the shortest queue that
 * they saw is the one that stands. */
enum { CHECKS = 3 };
/* A viewer that misses more than this share of its burst can't carry it. */
static const double MISSED_SHARE = 0.2;
enum { MISSED_LEAST = 8, EXPECTED_MOST = 100000 };
static const double HIGHEST_RTT_S = 5.0;

/* Repairs: the share of the link, which counts as this much at least while nothing shows a limit;
 * the depth of their bucket in seconds, and the wait for the same packet without a known round
 * trip. */
static const double REPAIR_LEAST_KBPS = 500.0;
static const double REPAIR_SHARE = 0.2, REPAIR_DEPTH_S = 1.0, REPAIR_AGAIN_S = 0.05;

enum join link_estimate_join(uint32_t octets, double kbps, bool answers, double wait_s)
{
    if (!answers || octets <= kbps * 125 * SMALL_S)
        return JOIN_GROUP;
    return wait_s > PATIENCE_S ? JOIN_GENTLY : JOIN_WAIT;
}

void link_estimate_init(struct link_estimate *link, double now, bool controlled)
{
    *link = (struct link_estimate){
        .controlled = controlled,
        .state = controlled ? LINK_UNKNOWN : LINK_WIDE,
        .round_trip_s = -1,
        .trial_s = TRIAL_S,
        .fell_at = now - FORGIVEN_S,
        .probed_at = now - FORGIVEN_S,
        .tokens = JOIN_OCTETS,
        .at = now,
        .repair_at = now - REPAIR_DEPTH_S,
    };
}

void link_estimate_clear(struct link_estimate *link) { free(link->repaired); }

/* What the viewer reports. */

void link_estimate_measured(struct link_estimate *link, double round_trip_s)
{
    if (!(0 <= round_trip_s && round_trip_s <= HIGHEST_RTT_S))
        return;
    if (link->round_trip_s < 0 || round_trip_s < link->least_s)
        link->least_s = round_trip_s;
    else
        /* Slowly forget: the route may have changed. */
        link->least_s += (round_trip_s - link->least_s) / 64;
    link->round_trip_s = round_trip_s;
    link->queue_s = round_trip_s - link->least_s;
}

double link_estimate_checked(struct link_estimate *link, double round_trip_s)
{
    if (link->round_trip_s < 0 || round_trip_s < link->least_s)
        link->least_s = round_trip_s;
    link->round_trip_s = round_trip_s;
    double queue_s = round_trip_s - link->least_s;
    link->standing_s = link->checks > 0 ? fmin(link->standing_s, queue_s) : queue_s;
    link->checks++;
    return queue_s;
}

void link_estimate_forget_route(struct link_estimate *link)
{
    link->round_trip_s = -1;
    link->least_s = link->queue_s = link->standing_s = 0;
    link->checks = 0;
}

void link_estimate_probed(struct link_estimate *link, double now) { link->probed_at = now; }

void link_estimate_carried(struct link_estimate *link, double kbps)
{
    if (link->state == LINK_NARROW)
        link->kbps = fmin(MOST_KBPS, fmax(link->kbps, kbps));
}

bool link_estimate_wants_report(const struct link_estimate *link, double now)
{
    if (link->state != LINK_WIDE || !link->controlled)
        return link->controlled;
    return !link->in_window || now - link->window_at >= WINDOW_S;
}

static void fall(struct link_estimate *link, double came_kbps, double now)
{
    double kbps = (link->queue_s > LONG_QUEUE_S ? MUCH_LESS : LESS) * came_kbps;
    if (link->state == LINK_NARROW)
        kbps = fmax(FALL_MOST * link->kbps, fmin(kbps, link->kbps));
    else if (now - link->fell_at < FORGIVEN_S)
        link->trial_s = fmin(2 * link->trial_s, LONGEST_TRIAL_S);
    else
        link->trial_s = TRIAL_S;
    link->kbps = fmin(MOST_KBPS, fmax(LEAST_KBPS, kbps));
    link->state = LINK_NARROW;
    link->good_s = 0;
    link->fell_at = now;
    link->fell_kbps = came_kbps;
}

static void rise(struct link_estimate *link, double came_kbps, double span_s, double stream_kbps)
{
    link->good_s += span_s;
    if (link->state == LINK_UNKNOWN) {
        if (link->good_s >= UNKNOWN_S)
            link->state = LINK_WIDE;
    } else if (link->state == LINK_NARROW) {
        bool is_near = NEAR * link->fell_kbps < link->kbps && link->kbps < PAST * link->fell_kbps;
        double growth = is_near ? SLOW_GROWTH : GROWTH;
        double grown = link->kbps * (1.0 + (growth - 1.0) * fmin(span_s, 2.0));
        link->kbps = fmax(link->kbps, fmin(grown, BEYOND * came_kbps + BEYOND_KBPS));
        if (link->kbps >= ROOMY * stream_kbps && link->good_s >= link->trial_s)
            link->state = LINK_WIDE;
    }
}

void link_estimate_reported(struct link_estimate *link, uint32_t highest, int32_t total_lost,
                            uint32_t octets, double stream_kbps, double now)
{
    if (!link->controlled)
        return;
    bool was_in_window = link->in_window;
    double span_s = now - link->window_at;
    if (was_in_window && span_s < WINDOW_S)
        return;
    int64_t expected = (int64_t)highest - link->window_highest;
    int64_t lost = (int64_t)total_lost - link->window_lost;
    uint32_t sent = octets - link->window_octets;
    link->in_window = true;
    link->window_at = now;
    link->window_highest = highest;
    link->window_lost = total_lost;
    link->window_octets = octets;
    double busy_s = link->busy_s;
    link->busy_s = 0;
    if (link->checks >= CHECKS)
        link->queue_s = link->standing_s;
    link->checks = 0;
    if (!was_in_window || expected <= 0 || expected > EXPECTED_MOST)
        return;
    double loss = fmin(1.0, fmax(0.0, (double)lost / (double)expected));
    bool is_busy = link->state == LINK_NARROW && busy_s >= BUSY_S;
    double sending_s = is_busy ? fmin(span_s, busy_s) : span_s;
    double came_kbps = (double)sent / 125 / sending_s * (1.0 - loss);
    if (link->queue_s > LOSSY_QUEUE_S)
        came_kbps *= sending_s / (sending_s + link->queue_s);
    bool full = link->queue_s > QUEUE_S || (loss > LOSS && link->queue_s > LOSSY_QUEUE_S);
    bool was_narrow = link->state == LINK_NARROW;
    if (was_narrow && now - link->fell_at < SETTLE_S)
        return;
    if (now - link->probed_at < SETTLE_S)
        return;
    if (full || loss > (was_narrow ? NARROW_LOSS : POLICED_LOSS))
        /* While little was sent, the queue is of what was sent before. */
        fall(link, is_busy || !was_narrow ? came_kbps : link->kbps, now);
    else
        rise(link, came_kbps, span_s, stream_kbps);
}

bool link_estimate_missed(struct link_estimate *link, int missing, int sent, double kbps,
                          double now)
{
    if (missing < MISSED_LEAST || missing <= MISSED_SHARE * sent)
        return false;
    double got = fmax(0.0, 1.0 - (double)missing / (sent > 0 ? sent : 1));
    fall(link, kbps * fmin(FALL_MOST, got), now);
    return true;
}

/* What it may be sent. */

double link_estimate_pace_kbps(const struct link_estimate *link, double stream_kbps, bool gently)
{
    if (link->state == LINK_NARROW)
        return link->kbps;
    double factor = gently ? GENTLE_FACTOR : JOIN_FACTOR;
    return fmax(JOIN_LEAST_KBPS, factor * (stream_kbps > 0 ? stream_kbps : TYPICAL_KBPS));
}

double link_estimate_may_send(struct link_estimate *link, double kbps, double now)
{
    /* Whoever could send much more before does not send all of it now. */
    double depth = fmax(OCTETS, link->tokens), since_s = fmax(0.0, now - link->at);
    link->tokens += since_s * kbps * 125;
    if (link->tokens < depth)
        link->busy_s += since_s;
    else
        link->tokens = depth;
    link->at = now;
    return link->tokens;
}

void link_estimate_spent(struct link_estimate *link, uint32_t octets) { link->tokens -= octets; }

enum repair link_estimate_repair(struct link_estimate *link, uint16_t number, uint32_t octets,
                                 double stream_kbps, double now)
{
    if (!link->controlled)
        return REPAIR_SEND;
    if (link->repaired == NULL) {
        link->repaired = memory_new(REPAIRS_REMEMBERED * sizeof *link->repaired);
        for (int at = 0; at < REPAIRS_REMEMBERED; at++)
            link->repaired[at].number = -1;
    }
    double again_s = link->round_trip_s < 0 ? REPAIR_AGAIN_S : link->round_trip_s;
    struct repaired *before = &link->repaired[number % REPAIRS_REMEMBERED];
    if (before->number == number && now - before->at < again_s)
        return REPAIR_SKIP;
    if (link->state != LINK_WIDE) {
        double kbps = fmax(REPAIR_LEAST_KBPS, stream_kbps > 0 ? stream_kbps : TYPICAL_KBPS);
        if (link->state == LINK_NARROW)
            kbps = link->kbps;
        double rate = 125 * REPAIR_SHARE * kbps;
        double depth = rate * REPAIR_DEPTH_S;
        link->repair_octets =
            fmin(depth, link->repair_octets + fmax(0.0, now - link->repair_at) * rate);
        link->repair_at = now;
        if (link->repair_octets < octets)
            return REPAIR_BEYOND;
        link->repair_octets -= octets;
    }
    *before = (struct repaired){number, now};
    return REPAIR_SEND;
}
