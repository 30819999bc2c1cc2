/* Layer selection. The caller acts on a decision: it requests a keyframe or changes the forwarder.
 *
 * Always holds: `flowing` has `count` layers, at most LAYERS_MOST; the limit of a `choice` that has
 * decided is one of the layers. */
#include "link/layer_select.h"

#include <math.h>
#include <string.h>

/* A layer has stopped when a lower one has had this many frames since its last packet, or, if it is
 * the only one, when it was quiet for this long. Then it counts as flowing again only after it has
 * come for a while. */
enum { FRAMES_BEHIND = 6 };
static const double QUIET_S = 1.5, STEADY_S = 1.0;

/* Minimum length of a window over which loss is measured; a larger jump of sequence numbers is a
 * restart of the sender. */
static const double WINDOW_S = 0.8;
enum { EXPECTED_MOST = 100000 };

/* A viewer steps down after one window with the first loss share, or two in a row with the
 * second. */
static const double LOSS_AT_ONCE = 0.30, LOSS_LASTING = 0.15, LOSS_GOOD = 0.04;
/* More than the loss that stays: by these factors and shares, for one bad window of several, one at
 * once, and a good one. Loss of which this share is left after a step down stays. */
static const double BAD = 1.5, BAD_MORE = 0.03, AT_ONCE_MORE = 0.1, GOOD = 1.2, GOOD_MORE = 0.02;
static const double STAYS = 0.6;
/* An estimate that is below this share of the one before falls. */
static const double FALLS = 0.97;

/* A viewer steps down if its estimate is below the first share of what is sent and keeps falling
 * for this long; with loss at the same time, as soon as it is below the second share. */
static const double ESTIMATE_SHARE = 0.5, ESTIMATE_LOSSY = 0.85;
static const double LOW_S = 4.0, FELL_S = 3.0;
static const double ESTIMATE_VALID_S = 5.0, REPORT_VALID_S = 5.0;

/* The first step up comes soon, sooner where checks watch the link's queue; later ones after a
 * pause that doubles after each failed step or probe. After a step down the link's queue needs a
 * while to drain. */
static const double FIRST_UP_S = 2.0, FIRST_CHECKED_UP_S = 0.3, UP_S = 3.0, DOWN_S = 1.5,
                    CONGESTED_S = 4.0;
static const double TRIAL_S = 10.0, PROBE_MOST_S = 5.0;
static const double BACK_OFF_S = 8.0, LONGEST_BACK_OFF_S = 64.0, FORGIVEN_S = 60.0;
/* A probe that checks watch costs nobody anything: the pause after it is this share. */
static const double CHECKED_SHARE = 0.1875;
/* A probe that was too much shows that its link carries a layer that needs so much less. */
static const double ROOMY = 1.25;
/* Viewers of one link that probe it together would all fail, time and again: each has a place of
 * its own, up to this share later. */
static const double APART = 0.7, GOLDEN = 0.6180339887498949;

/* Before any relevant time. */
static const double LONG_AGO_S = 60.0;

static double larger(double a, double b) { return b > a ? b : a; }

void flow_init(struct flow *flow, int count)
{
    *flow = (struct flow){.count = count};
    flow->flowing[0] = count == 1;
}

int flow_highest(const struct flow *flow)
{
    for (int layer = flow->count - 1; layer > 0; layer--)
        if (flow->flowing[layer])
            return layer;
    return 0;
}

bool flow_may_ask(const struct flow *flow, int layer) { return flow->flowing[layer]; }

static void flow_came(struct flow *flow, int layer, double now)
{
    if (!flow->coming[layer]) {
        flow->coming[layer] = true;
        flow->coming_since[layer] = now;
    }
    if (!flow->had[layer] || now - flow->coming_since[layer] >= STEADY_S)
        flow->flowing[layer] = flow->had[layer] = true;
}

static bool flow_has_stopped(const struct flow *flow, int layer, const long frames[])
{
    for (int other = 0; other < flow->count; other++) {
        if (other == layer || !flow->flowing[other])
            continue;
        if (other < layer && frames[other] - flow->frames[layer][other] >= FRAMES_BEHIND)
            return true;
        if (flow->moved_at[other] - flow->moved_at[layer] > QUIET_S)
            return true;
    }
    return false;
}

bool flow_look(struct flow *flow, const long packets[], const long frames[], double now)
{
    if (flow->count < 2)
        return false;
    bool before[LAYERS_MOST];
    memcpy(before, flow->flowing, sizeof before);
    for (int layer = 0; layer < flow->count; layer++) {
        if (packets[layer] == flow->seen[layer])
            continue;
        flow->seen[layer] = packets[layer];
        memcpy(flow->frames[layer], frames, (size_t)flow->count * sizeof *frames);
        flow->moved_at[layer] = now;
        flow_came(flow, layer, now);
    }
    for (int layer = 0; layer < flow->count; layer++)
        if (flow->flowing[layer] && flow_has_stopped(flow, layer, frames))
            flow->flowing[layer] = flow->coming[layer] = false;
    return memcmp(before, flow->flowing, sizeof before) != 0;
}

void choice_init(struct choice *choice, double now, uint64_t place)
{
    *choice = (struct choice){
        .most = -1,
        .probe = -1,
        .probe_since = now,
        .estimate_kbps = -1,
        .reported_at = now - LONG_AGO_S,
        .estimate_at = now - LONG_AGO_S,
        .down_at = now - LONG_AGO_S,
        .fell_at = now - LONG_AGO_S,
        .up_at = now + FIRST_UP_S,
        .back_off = BACK_OFF_S,
        .joined_at = now,
        .later = 1.0 + APART * fmod((double)place * GOLDEN, 1.0),
        .is_new = true,
    };
    link_probe_init(&choice->watch, now);
}

void choice_begin_stream(struct choice *choice) { choice->in_window = false; }

bool choice_is_congested(const struct choice *choice, double now)
{
    return now - choice->down_at < CONGESTED_S;
}

bool choice_is_trying(const struct choice *choice, double now)
{
    return choice->raised && now - choice->raised_at < TRIAL_S;
}

bool choice_is_full(const struct choice *choice, double now)
{
    return link_probe_is_full(&choice->watch, choice->is_new && !choice->raised, now);
}

/* End the probe; `is_layers`: the queue is the layer's, not its own. */
static void end_probe(struct choice *choice, bool is_layers)
{
    choice->probe = -1;
    link_probe_end(&choice->watch, is_layers);
}

/* Record a failed step up or probe; reset the pause if the last success has lasted. */
static void choice_fail(struct choice *choice, double now)
{
    if (choice_is_trying(choice, now) || choice->probe >= 0) {
        choice->back_off *= 2;
        if (choice->back_off > LONGEST_BACK_OFF_S)
            choice->back_off = LONGEST_BACK_OFF_S;
    }
    bool is_cheap = choice->probe >= 0 && choice->watch.answers;
    choice->up_at = now + choice->back_off * choice->later * (is_cheap ? CHECKED_SHARE : 1.0);
    choice->raised = choice->is_new = false;
    end_probe(choice, false);
}

void choice_stalled(struct choice *choice, int current, double now)
{
    int lower = current - 1;
    if (choice->limit < lower)
        lower = choice->limit;
    choice->limit = lower > 0 ? lower : 0;
    choice_fail(choice, now);
    choice->down_at = now;
}

double choice_carries_kbps(const struct choice *choice, double now)
{
    return now - choice->estimate_at <= ESTIMATE_VALID_S ? choice->estimate_kbps : -1;
}

double choice_recent_loss(const struct choice *choice, double now)
{
    return now - choice->reported_at <= REPORT_VALID_S ? choice->loss : 0;
}

bool choice_reported(struct choice *choice, uint32_t highest, int32_t total_lost, double now)
{
    if (choice->in_window && now - choice->window_since < WINDOW_S)
        return false;
    int64_t expected = (int64_t)highest - choice->window_highest;
    int64_t lost = total_lost - choice->window_lost;
    bool full = choice->in_window && expected > 0 && expected <= EXPECTED_MOST;
    choice->in_window = true;
    choice->window_since = now;
    choice->window_highest = highest;
    choice->window_lost = total_lost;
    if (!full)
        return false;
    double loss = larger(0.0, (double)lost / (double)expected);
    choice->loss = loss < 1.0 ? loss : 1.0;
    choice->reported_at = now;
    choice->is_news = true;
    return true;
}

void choice_estimated(struct choice *choice, double kbps, double now)
{
    if (choice->estimate_kbps >= 0 && kbps < FALLS * choice->estimate_kbps)
        choice->fell_at = now;
    choice->estimate_kbps = kbps;
    choice->estimate_at = now;
}

void choice_checked(struct choice *choice, double queue_s, double now)
{
    if (!choice->watch.answers && choice->is_new)
        choice->up_at = fmin(choice->up_at, choice->joined_at + FIRST_CHECKED_UP_S * choice->later);
    link_probe_answered(&choice->watch, queue_s, now);
}

/* Tell congestion loss from loss that stays when less is sent. */
static void choice_learn(struct choice *choice, double sent, double now)
{
    if (!choice->is_news)
        return;
    choice->is_news = false;
    if (choice->lowered && now - choice->down_at >= 2 * WINDOW_S) {
        double full = sent != 0 ? larger(0.0, 1 - choice->received_before / sent) : 0.0;
        choice->lowered = false;
        if (choice->loss >= STAYS * choice->loss_before && choice->loss > full + LOSS_LASTING / 2) {
            choice->base_loss = choice->loss;
            choice->back_off = BACK_OFF_S;
            choice->up_at = now + DOWN_S;
        } else {
            choice->base_loss = 0.0;
        }
    } else if (choice->loss < choice->base_loss) {
        choice->base_loss += (choice->loss - choice->base_loss) / 4;
    }
    if (choice->loss > larger(LOSS_LASTING, BAD * choice->base_loss + BAD_MORE))
        choice->bad_windows++;
    else
        choice->bad_windows = 0;
}

static bool choice_is_bad(struct choice *choice, double sent, bool is_full, double now)
{
    double estimate = choice_carries_kbps(choice, now);
    double share = estimate >= 0 && sent != 0 ? estimate / sent : 1.0;
    if (share >= ESTIMATE_SHARE || now - choice->fell_at > FELL_S) {
        choice->is_low = false;
    } else if (!choice->is_low) {
        choice->is_low = true;
        choice->low_since = now;
    }
    if (now - choice->down_at < DOWN_S)
        return false;
    if (is_full)
        return true;
    if (choice->is_low && now - choice->low_since >= LOW_S)
        return true;
    if (share < ESTIMATE_LOSSY && choice->bad_windows > 0 && now - choice->fell_at < FELL_S)
        return true;
    bool at_once = choice->loss > larger(LOSS_AT_ONCE, BAD * choice->base_loss + AT_ONCE_MORE);
    return choice->bad_windows >= 2 || (choice->bad_windows == 1 && at_once);
}

static bool choice_is_good(const struct choice *choice, double now)
{
    /* Where checks show the queue, neither a report nor the viewer's own estimate need do so. */
    if (choice->watch.answers) {
        if (choice->watch.is_long)
            return false;
    } else if (now - choice->reported_at > REPORT_VALID_S || now - choice->fell_at < FELL_S) {
        return false;
    }
    if (choice->limit == 0 && choice->watch.answers)
        /* The lowest layer leaves no queue: its losses are those of a radio link. */
        return choice->probe < 0 || choice->loss <= LOSS_AT_ONCE;
    if (choice->limit == 0 && choice->is_new)
        return choice->loss <= LOSS_LASTING;
    return choice->loss <= larger(LOSS_GOOD, GOOD * choice->base_loss + GOOD_MORE);
}

/* Return the highest flowing layer below this one, or -1. */
static int highest_below(int layer, const bool flowing[], int count)
{
    if (layer > count)
        layer = count;
    while (--layer >= 0 && !flowing[layer])
        continue;
    return layer < 0 ? -1 : layer;
}

/* Return the lowest flowing layer from this one on, or -1. */
static int lowest_from(int layer, const bool flowing[], int count)
{
    while (layer < count && !flowing[layer])
        layer++;
    return layer < count ? layer : -1;
}

static void choice_lower(struct choice *choice, int current, double sent, const bool flowing[],
                         int count, double now)
{
    /* A viewer may wait, or still see a higher layer than it is to get. */
    int most = choice->limit < current ? choice->limit + 1 : current;
    int lower = highest_below(most, flowing, count);
    if (lower < 0)
        return;
    choice->limit = lower;
    choice_fail(choice, now);
    choice->down_at = now;
    choice->lowered = choice->bad_windows > 0;
    choice->loss_before = choice->loss;
    choice->received_before = sent * (1 - choice->loss);
    choice->bad_windows = 0;
    choice->is_low = false;
}

static void choice_step_to(struct choice *choice, int layer, double now)
{
    choice->limit = layer;
    choice->raised = true;
    choice->raised_at = now;
    choice->up_at = fmax(choice->up_at, now + UP_S);
}

/* Return the highest flowing layer below this one, and above `lowest`, whose bitrate has been
 * measured: what has not can't be tried. The highest one if none has. */
static int highest_known(int layer, const bool flowing[], const double kbps[], int lowest)
{
    for (int at = layer - 1; at >= lowest; at--)
        if (flowing[at] && kbps[at] > 0)
            return at;
    return highest_below(layer, flowing, layer);
}

static void choice_raise(struct choice *choice, const bool flowing[], const double kbps[],
                         int count, double now, bool can_probe)
{
    int most = choice->most >= 0 && choice->most < count ? choice->most + 1 : count;
    int higher = lowest_from(choice->limit + 1, flowing, most);
    if (higher < 0)
        return;
    if (can_probe) {
        /* Probe the highest layer if checks can measure how much of it the link carries. */
        bool finds = choice->is_new || choice->watch.answers;
        choice->probe = finds ? highest_known(most, flowing, kbps, higher) : higher;
        choice->probe_since = now;
        link_probe_begin(&choice->watch, !choice->is_new, now);
        /* Only a window that begins with the probe measures it. */
        choice->in_window = false;
    } else {
        choice_step_to(choice, higher, now);
    }
}

/* Step up to the highest layer below the probed one that the link carried of the probe. */
static void choice_step_to_fitting(struct choice *choice, const bool flowing[], const double kbps[],
                                   int below, double carried_kbps, double now)
{
    for (int layer = below - 1; layer > choice->limit; layer--)
        if (flowing[layer] && 0 < kbps[layer] && ROOMY * kbps[layer] <= carried_kbps) {
            choice_step_to(choice, layer, now);
            return;
        }
}

/* Step up if the checks or, without any, the first report on the probe show no harm. */
static void choice_judge(struct choice *choice, const bool flowing[], const double kbps[],
                         int count, double sent, double now)
{
    const struct link_probe *watch = &choice->watch;
    int layer = choice->probe;
    bool is_reported = choice->reported_at > choice->probe_since;
    if (layer >= count || !flowing[layer] || (choice->most >= 0 && layer > choice->most)) {
        end_probe(choice, false);
    } else if (watch->is_spoiled || (is_reported && !choice_is_good(choice, now))) {
        /* The probe may have been too much; what the viewer gets without it is not, nor what the
         * link carried of the probe. */
        double carried_kbps = link_probe_carried_kbps(watch, sent);
        bool was_new = choice->is_new;
        choice_fail(choice, now);
        if (was_new && !watch->answers)
            /* No check measured the link: try the next layer soon. */
            choice->up_at = now + UP_S;
        choice_step_to_fitting(choice, flowing, kbps, layer, carried_kbps, now);
        choice->bad_windows = 0;
        choice->in_window = false;
    } else if (link_probe_is_shown(watch, now) || (is_reported && !watch->answers)) {
        end_probe(choice, false);
        choice_step_to(choice, layer, now);
    } else if (now - choice->probe_since > PROBE_MOST_S) {
        choice_fail(choice, now);
    }
}

int choice_decide(struct choice *choice, const bool flowing[], const double kbps[], int count,
                  int current, double now, bool can_probe, bool is_settled)
{
    if (count < 2) {
        choice->had_layers = false;
        return 0;
    }
    if (!choice->had_layers) {
        /* Spread the probes of viewers whose source begins to send layers. */
        choice->had_layers = true;
        choice->up_at = fmax(choice->up_at, now + FIRST_CHECKED_UP_S * choice->later);
    }
    if (choice->limit > count - 1)
        choice->limit = count - 1;
    double sent = current < count ? kbps[current] : 0.0;
    choice_learn(choice, sent, now);
    bool is_full = choice_is_full(choice, now);
    if (choice->probe >= 0 && is_full && !choice->watch.is_spoiled)
        /* It has not begun to send, and what the viewer gets is too much. */
        end_probe(choice, true);
    if (choice->probe >= 0)
        choice_judge(choice, flowing, kbps, count, sent, now);
    else if (choice_is_bad(choice, sent, is_full, now))
        choice_lower(choice, current, sent, flowing, count, now);
    else if (is_settled && now >= choice->up_at && choice->limit <= current &&
             choice_is_good(choice, now))
        choice_raise(choice, flowing, kbps, count, now, can_probe);
    if (choice->raised && choice->back_off > BACK_OFF_S && now - choice->raised_at > FORGIVEN_S)
        choice->back_off = BACK_OFF_S;
    int wanted = choice->limit;
    if (choice->most >= 0 && choice->most < wanted)
        wanted = choice->most;
    int layer = highest_below(wanted + 1, flowing, count);
    if (layer < 0)
        layer = lowest_from(0, flowing, count);
    return layer < 0 ? 0 : layer;
}
