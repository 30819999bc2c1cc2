/* The estimate of a viewer's link.
 *
 * Always holds: a link that is narrow has an estimate. */
#include "link/link_estimate.h"

#include <math.h>
#include <stddef.h>

/* Minimum length of a window between two reports. */
static const double WINDOW_S = 0.8;
/* With loss a queue that delays packets this long is one that a limit fills. */
static const double LOSSY_QUEUE_S = 0.050;
/* A sender report that was not answered within this time is lost. */
static const double ANSWERED_WITHIN_S = 0.6;
/* On a link that is narrow already a shorter one shows the limit. */
static const double NARROW_QUEUE_S = 0.080;
/* Loss without a queue is a radio's, up to this; on a link that is narrow already, up to the
 * second. */
static const double LOSS = 0.02, POLICED_LOSS = 0.35, NARROW_LOSS = 0.15;
/* Sent is this share of what arrived after a bad window, and the second if the queue was long. */
static const double LESS = 0.85, MUCH_LESS = 0.7, LONG_QUEUE_S = 0.25;
static const double NARROW_LESS = 0.9;
static const double LEAST_KBPS = 60.0, MOST_KBPS = 100000.0;
/* One fall takes no more than this share, and the queue has a while to drain before the next. */
static const double FALL_MOST = 0.5, SETTLE_S = 1.5;
/* Growth a second while nothing shows a limit. It stops at HELD times the estimate at which the
 * last queue or loss was seen. After a pause, LONGER times as long after each fall, the estimate
 * may go beyond that: by TRIED at once, or by what makes a queue of TRIED_QUEUE_S seconds. From
 * PAST times that estimate on the limit is another one, and growth is FREE_GROWTH. */
static const double GROWTH = 1.3, FREE_GROWTH = 1.5, HELD = 0.96, TRIED = 1.2, PAST = 1.15;
static const double TRIED_QUEUE_S = 0.08;
/* No growth makes a longer queue than this, if the link carries no more. */
static const double GROWN_QUEUE_S = 0.15;
static const double HOLD_S = 3.5, LONGER = 1.25, LONGEST_HOLD_S = 30.0;
/* Nothing shows a limit, either, where little was sent: growth ends at this share of what arrived;
 * at the second share once a queue of this length is felt. */
static const double BEYOND = 1.5, BEYOND_KBPS = 100.0;
static const double FELT = 1.15, FELT_QUEUE_S = 0.025;
/* A window in which the pace was the limit for this long measures the link, not the stream. */
static const double BUSY_S = 0.05;
/* What a link may take at once beyond its rate, in bytes. */
static const double BUCKET_OCTETS = 16000.0;
/* The least share of the estimate that it carries on and on. */
static const double LASTS_LEAST = 0.25;
/* A narrow link is wide again once its estimate exceeds the stream by the first factor, it is sent
 * most of that, and this many seconds were good; each failure doubles them. An unknown one needs a
 * few good seconds. */
static const double ROOMY = 1.25, MOST_OF_IT = 0.9;
static const double UNKNOWN_S = 3.0, TRIAL_S = 4.0, LONGEST_TRIAL_S = 32.0, FORGIVEN_S = 60.0;
/* A viewer that misses more than this share of its burst can't carry it. */
static const double MISSED_SHARE = 0.2;
/* Of the pace of the burst it can carry this share at most. */
static const double MISSED_MOST = 0.3;
enum { MISSED_LEAST = 8 };
/* So many packets tell the share that is lost; more than the second between two reports are of
 * another numbering. */
enum { TELLING = 30, EXPECTED_MOST = 100000 };

void link_estimate_init(struct link_estimate *link, double now, bool controlled)
{
    *link = (struct link_estimate){
        .controlled = controlled,
        .state = controlled ? LINK_UNKNOWN : LINK_WIDE,
        .trial_s = TRIAL_S,
        .hold_s = HOLD_S,
        .fell_at = now - FORGIVEN_S,
        .probed_at = now - FORGIVEN_S,
        .burst_at = now,
    };
    pace_init(&link->pace, now);
    queue_meter_init(&link->queue);
    repair_budget_init(&link->repairs, now);
}

void link_estimate_clear(struct link_estimate *link) { repair_budget_clear(&link->repairs); }

void link_estimate_share(struct link_estimate *link, struct shared_delay *delay)
{
    link->proof.shared_delay = delay;
}

/* What the viewer reports. */

void link_estimate_measured(struct link_estimate *link, double round_trip_s, double sent_at)
{
    if (!queue_meter_measured(&link->queue, round_trip_s, sent_at))
        return;
    if (sent_at < link->burst_at)
        link->burst_queue_s = queue_meter_left_s(&link->queue, link->burst_at);
    delay_proof_refute(&link->proof, link->queue.queue_s, sent_at);
}

void link_estimate_measured_again(struct link_estimate *link, double round_trip_s)
{
    const struct queue_meter *queue = &link->queue;
    if (queue_meter_measured_again(&link->queue, round_trip_s))
        delay_proof_refute(&link->proof, queue->queue_s,
                           queue->is_fresh ? queue->sent_at : HUGE_VAL);
}

void link_estimate_measuring(struct link_estimate *link, double now)
{
    queue_meter_measuring(&link->queue, now);
    if (link->is_in_burst) {
        link->is_in_burst = false;
        link->has_burst = true;
        link->burst = (struct burst){.took_s = now - link->burst_at,
                                     .busy_s = link->pace.busy_s,
                                     .front_s = link->burst_queue_s,
                                     .octets = link->pace.octets};
        /* Earlier measurements do not count for this burst. */
        queue_meter_forget(&link->queue);
    }
}

void link_estimate_forget_route(struct link_estimate *link)
{
    queue_meter_forget_route(&link->queue);
    delay_proof_end(&link->proof);
    link->burst_queue_s = 0;
    link->has_burst = false;
}

void link_estimate_probed(struct link_estimate *link, double now) { link->probed_at = now; }

void link_estimate_stepped_down(struct link_estimate *link, double now) { link->probed_at = now; }

void link_estimate_carried(struct link_estimate *link, double kbps)
{
    if (link->state == LINK_NARROW)
        link->kbps = fmin(MOST_KBPS, fmax(link->kbps, kbps));
}

bool link_estimate_wants_report(const struct link_estimate *link, double now)
{
    if (!link->controlled || link->state != LINK_WIDE || delay_proof_is_pending(&link->proof))
        return link->controlled;
    return !link->in_window || now - link->window_at >= WINDOW_S;
}

static void fall(struct link_estimate *link, double came_kbps, double now)
{
    double kbps;
    if (link->state == LINK_NARROW) {
        kbps = fmax(FALL_MOST * link->kbps, fmin(NARROW_LESS * came_kbps, link->kbps));
        link->hold_s = fmin(LONGER * link->hold_s, LONGEST_HOLD_S);
    } else {
        /* Measure the narrow link by what is sent from now on. */
        link->is_in_burst = false;
        pace_open_window(&link->pace);
        kbps = (link->queue.queue_s > LONG_QUEUE_S ? MUCH_LESS : LESS) * came_kbps;
        bool recent = now - link->fell_at < FORGIVEN_S;
        link->trial_s = recent ? fmin(2 * link->trial_s, LONGEST_TRIAL_S) : TRIAL_S;
        link->hold_s = HOLD_S;
        /* That may be what was sent, and not what the link carries. */
        came_kbps *= BEYOND;
    }
    link->kbps = fmin(MOST_KBPS, fmax(LEAST_KBPS, kbps));
    link->state = LINK_NARROW;
    link->is_unhindered = link->holds = false;
    link->good_s = 0;
    delay_proof_end(&link->proof);
    link->steady_kbps = fmin(link->steady_kbps, link->kbps);
    link->fell_at = now;
    link->fell_kbps = fmax(came_kbps, link->kbps);
}

static void grow(struct link_estimate *link, double came_kbps, double span_s, double busy_s,
                 double now)
{
    bool is_past = link->kbps >= PAST * link->fell_kbps;
    double growth = is_past ? FREE_GROWTH : GROWTH;
    double more = fmin((growth - 1.0) * fmin(span_s, 1.5), GROWN_QUEUE_S / fmax(BUSY_S, busy_s));
    double grown = link->kbps * (1.0 + more);
    if (is_past) {
        link->hold_s = HOLD_S;
    } else {
        double most = HELD * link->fell_kbps;
        /* So much more for so long. */
        double tried = fmin(TRIED, 1.0 + TRIED_QUEUE_S / fmax(BUSY_S, busy_s));
        if (now - link->fell_at >= link->hold_s)
            most = fmax(most, tried * link->kbps);
        grown = fmin(grown, most);
    }
    if (link->queue.queue_s > FELT_QUEUE_S)
        grown = fmin(grown, FELT * came_kbps);
    link->kbps = fmax(link->kbps, fmin(grown, BEYOND * came_kbps + BEYOND_KBPS));
}

static void rise(struct link_estimate *link, double came_kbps, double sent_kbps, double span_s,
                 double busy_s, double stream_kbps, double now)
{
    link->good_s += span_s;
    if (link->state == LINK_UNKNOWN) {
        if (link->good_s >= UNKNOWN_S)
            link->state = LINK_WIDE;
    } else if (link->state == LINK_NARROW) {
        link->holds = true;
        grow(link, came_kbps, span_s, busy_s, now);
        if (sent_kbps < MOST_OF_IT * stream_kbps)
            link->good_s = 0;
        if (link->kbps >= ROOMY * stream_kbps && link->good_s >= link->trial_s) {
            link->state = LINK_WIDE;
            link->holds = false;
        }
    }
}

static void open_window(struct link_estimate *link, uint32_t highest, int32_t total_lost,
                        uint32_t octets, double now)
{
    link->in_window = true;
    link->window_at = now;
    link->window_highest = highest;
    link->window_lost = total_lost;
    link->window_octets = octets;
    if (!link->is_in_burst)
        pace_open_window(&link->pace);
    queue_meter_open_window(&link->queue);
}

void link_estimate_reported(struct link_estimate *link, uint32_t highest, int32_t total_lost,
                            uint32_t octets, double stream_kbps, double now)
{
    if (!link->controlled)
        return;
    if (!link->in_window) {
        open_window(link, highest, total_lost, octets, now);
        return;
    }
    bool is_narrow = link->state == LINK_NARROW;
    struct queue_meter *queue = &link->queue;
    if (queue_meter_has_checks(queue))
        link->is_in_burst = false;
    if (is_narrow && link->is_in_burst && !(queue->is_whole && link->has_burst)) {
        /* Judge the burst when it is over. Packets lost before it do not count for it. */
        if (!link->has_set_aside) {
            link->window_highest = highest;
            link->window_lost = total_lost;
        }
        link->has_set_aside = true;
        return;
    }
    double span_s = now - link->window_at, busy_s = link->pace.busy_s;
    if (span_s < WINDOW_S)
        return;
    queue_meter_take_checks(queue, link->window_at);
    bool is_fresh = queue->is_fresh, is_whole = queue->is_whole;
    int64_t expected = (int64_t)highest - link->window_highest;
    int64_t lost = (int64_t)total_lost - link->window_lost;
    uint32_t sent = octets - link->window_octets;
    double loss = expected > 0 ? fmin(1.0, fmax(0.0, (double)lost / (double)expected)) : 0;
    /* Our report was lost with others, or two were: the queue overflowed. */
    bool is_lost = 0 < queue->measured_at && queue->measured_at < now - ANSWERED_WITHIN_S;
    bool overflowed = is_narrow && is_lost && (loss > LOSS || queue->unanswered > 0);
    /* Only a new round trip shows whether the pace of a narrow viewer fills its link. */
    bool full = overflowed || (is_fresh && queue->queue_s > NARROW_QUEUE_S) ||
                (loss > NARROW_LOSS && expected >= TELLING);
    if (is_narrow && !(full || is_whole || expected > EXPECTED_MOST))
        return;
    uint32_t busy_octets = link->pace.busy_octets;
    double sending_s = fmin(span_s, busy_s), front_s = 0;
    if (is_whole && link->has_burst) {
        /* Include the bytes that left at once: the link had to carry them, too. */
        sending_s = link->burst.took_s;
        busy_s = link->burst.busy_s;
        busy_octets = link->burst.octets;
        front_s = link->burst.front_s;
    }
    link->has_burst = false;
    link->is_unhindered = is_narrow && is_whole && busy_s < BUSY_S;
    /* A queue from before this window is none of what was sent in it. */
    bool is_earlier = is_fresh && queue->sent_at < link->window_at;
    open_window(link, highest, total_lost, octets, now);
    if (expected <= 0 || expected > EXPECTED_MOST)
        return;
    bool is_busy = is_narrow && busy_s >= BUSY_S && !is_earlier;
    double sent_kbps = (double)sent / 125 / span_s;
    double queue_s = is_fresh ? queue->queue_s : overflowed ? LONG_QUEUE_S : 0;
    /* Subtract the queue in front of a burst; if less is behind it, the queue drains. */
    double grown_s = fmax(0.0, queue_s - front_s);
    bool drains = is_narrow && 0 < queue_s && queue_s <= front_s && loss <= LOSS;
    double waited_s = queue_s > FELT_QUEUE_S ? grown_s : 0;
    double came_kbps = sent_kbps * span_s / (span_s + waited_s);
    if (is_busy)
        came_kbps = fmax(came_kbps, (double)busy_octets / 125 / fmax(BUSY_S, sending_s + waited_s));
    came_kbps *= 1.0 - loss;
    if (is_busy) {
        double share = fmax(0.0, 1.0 - BUCKET_OCTETS / (double)(busy_octets > 1 ? busy_octets : 1));
        /* A keyframe that itself came slowly was hardly held back: it shows no less than before. */
        double least_kbps = queue_s > FELT_QUEUE_S ? 0 : link->steady_kbps;
        link->steady_kbps = fmax(least_kbps, came_kbps * share);
    } else if (is_narrow) {
        link->steady_kbps = fmax(link->steady_kbps, came_kbps);
    }
    /* What a whole burst shows holds at once. */
    if (is_narrow && !(is_busy && is_whole) && now - link->fell_at < SETTLE_S)
        return;
    if (drains || now - link->probed_at < SETTLE_S)
        return;
    bool overflows = loss > LOSS && queue_s > LOSSY_QUEUE_S;
    if (!is_narrow) {
        full = queue_s > DELAY_QUEUE_S;
        overflows |= loss > POLICED_LOSS;
        if (!overflows &&
            delay_proof_doubts(&link->proof, full, is_fresh, loss > LOSS, queue->sent_at, now))
            return;
    }
    if (full || overflows)
        /* While little was sent, the queue is of what was sent before. */
        fall(link, is_busy || !is_narrow ? came_kbps : link->kbps, now);
    else
        rise(link, came_kbps, sent_kbps, span_s, busy_s, stream_kbps, now);
}

void link_estimate_begin_burst(struct link_estimate *link, uint32_t packets, double now)
{
    link->burst_after = packets;
    link->burst_at = now;
    link->missing = 0;
    link->is_in_burst = true;
    link->burst_queue_s = queue_meter_left_s(&link->queue, now);
    link->has_set_aside = false;
    pace_open_window(&link->pace);
}

bool link_estimate_missed(struct link_estimate *link, int missing, uint32_t packets, double kbps,
                          double now)
{
    link->missing += missing;
    if (link->missing > EXPECTED_MOST)
        link->missing = EXPECTED_MOST;
    bool is_narrow = link->state == LINK_NARROW;
    int64_t sent = (int64_t)packets - link->burst_after;
    double share = (double)link->missing / (double)(sent > 1 ? sent : 1);
    if (link->missing < MISSED_LEAST || share <= (is_narrow ? NARROW_LOSS : MISSED_SHARE))
        return false;
    if (is_narrow && now - link->fell_at < SETTLE_S)
        return false;
    double got = fmax(0.0, 1.0 - share);
    if (is_narrow) {
        double took_s = now - link->burst_at;
        fall(link, kbps * got * took_s / (took_s + LONG_QUEUE_S), now);
    } else {
        fall(link, kbps * fmin(MISSED_MOST, got), now);
    }
    /* What was lost by now is judged. */
    link->missing = 0;
    link->in_window = false;
    return true;
}

void link_estimate_beyond(struct link_estimate *link, double kbps, double now)
{
    if (link->state != LINK_UNKNOWN)
        return;
    fall(link, MISSED_MOST * kbps, now);
    link->in_window = false;
}

/* What it may be sent. */

double link_estimate_pace_kbps(const struct link_estimate *link, double stream_kbps, bool gently)
{
    return link->state == LINK_NARROW ? link->kbps : pace_unhindered_kbps(stream_kbps, gently);
}

double link_estimate_lasting_kbps(const struct link_estimate *link)
{
    if (link->steady_kbps <= 0)
        return link->kbps;
    /* A keyframe hardly larger than that burst measures little. */
    return fmin(link->kbps, fmax(link->steady_kbps, LASTS_LEAST * link->kbps));
}

enum repair link_estimate_repair(struct link_estimate *link, uint16_t number, uint32_t octets,
                                 double stream_kbps, double now, bool alone)
{
    if (!link->controlled)
        return REPAIR_SEND;
    if (repair_budget_was_sent(&link->repairs, number, link->queue.round_trip_s, now))
        return REPAIR_SKIP;
    if (link->state != LINK_WIDE) {
        double kbps = link->state == LINK_NARROW ? link->kbps : repair_budget_kbps(stream_kbps);
        if (!repair_budget_take(&link->repairs, octets, kbps, now, alone))
            return REPAIR_BEYOND;
        /* What a narrow link carries is for both. */
        pace_take(&link->pace, octets);
    } else if (!repair_budget_take_wide(&link->repairs, octets, repair_budget_kbps(stream_kbps),
                                        now)) {
        return REPAIR_REFUSE;
    }
    repair_budget_remember(&link->repairs, number, now);
    return REPAIR_SEND;
}
