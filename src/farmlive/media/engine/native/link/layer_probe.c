/* A probe of a link, and its checks. */
#include "link/layer_probe.h"

#include <math.h>

/* The time between two checks: while the link is not known to be wide, and during a probe (RFC
 * 8445, section 14.2). */
static const double CHECK_S = 0.1, PROBE_CHECK_S = 0.05;
/* An unanswered check is lost after this time. Two in a row are a full queue's; a viewer that never
 * answered so many of them is checked no more. */
static const double LOST_S = 0.5;
enum { LOST_FULL = 2, LOST_SILENT = 5 };
/* A probe begins once so many checks in a row showed a queue of at most this, which may be the
 * radio's noise; it ends once the queue is longer than that noise by the second; the first one by
 * the third, since how fast the queue grows shows what the link carries. */
enum { QUIET_CHECKS = 3 };
static const double NOISE_S = 0.05, LONGER_S = 0.03, MUCH_LONGER_S = 0.06;
/* How soon it reaches the layer's bitrate, and how long it stays there: the first time, and later,
 * when it is in no hurry and goes a little further. */
static const double RAMP_S = 0.6, HOLD_S = 0.4, BEYOND = 1.0;
static const double SLOW_RAMP_S = 2.5, LONG_HOLD_S = 0.8, FURTHER = 1.05;
/* A pause since the last part of a probe that is not made up for, and the smallest part and the
 * largest, in bytes. */
static const double PAUSE_S = 0.1, PART_OCTETS = 600.0, MOST_OCTETS = 20000.0;
/* A queue that is longer than the first for the second is one that the layer fills; after the join
 * for the third. */
static const double FULL_QUEUE_S = 0.15, FULL_FOR_S = 0.4, FULL_SOON_S = 0.15;

void link_probe_init(struct link_probe *probe, double now)
{
    *probe = (struct link_probe){.due_at = now, .checked_at = now, .sent_at = now};
}

static void take(struct link_probe *probe, double queue_s, double now)
{
    if (queue_s <= FULL_QUEUE_S) {
        probe->is_long = false;
    } else if (!probe->is_long) {
        probe->is_long = true;
        probe->long_since = now;
    }
    if (!probe->is_on)
        return;
    if (probe->is_armed) {
        double longer_s = probe->gently ? LONGER_S : MUCH_LONGER_S;
        probe->is_spoiled = probe->is_spoiled || queue_s > probe->noise_s + longer_s;
    } else if (queue_s > NOISE_S) {
        probe->quiet = 0;
        probe->noise_s = 0;
    } else {
        probe->quiet++;
        probe->noise_s = fmax(probe->noise_s, queue_s);
        if (probe->quiet >= QUIET_CHECKS) {
            probe->is_armed = true;
            probe->armed_at = probe->sent_at = now;
        }
    }
}

bool link_probe_wants_check(struct link_probe *probe, double now)
{
    if (probe->has_asked) {
        if (now - probe->asked_at < LOST_S)
            return false;
        probe->has_asked = false;
        probe->lost++;
        if (probe->answers && probe->lost >= LOST_FULL)
            take(probe, LOST_S, now);
    }
    return now >= probe->due_at && (probe->answers || probe->lost < LOST_SILENT);
}

void link_probe_asked(struct link_probe *probe, double now)
{
    probe->has_asked = true;
    probe->asked_at = now;
    probe->asked_octets = probe->octets;
    probe->due_at = now + (probe->is_on ? PROBE_CHECK_S : CHECK_S);
}

void link_probe_answered(struct link_probe *probe, double queue_s, double now)
{
    bool had_asked = probe->has_asked, was_spoiled = probe->is_spoiled;
    bool was_armed = probe->is_armed;
    probe->has_asked = false;
    probe->lost = 0;
    probe->answers = true;
    probe->checked_at = now;
    take(probe, queue_s, now);
    if (!had_asked || !was_armed || was_spoiled)
        return;
    struct link_probe_seen seen = {probe->asked_octets,
                                   fmax(0.0, probe->asked_at - probe->armed_at), queue_s};
    if (probe->is_spoiled) {
        probe->has_found = true;
        probe->found = seen;
    } else {
        probe->before = seen;
    }
}

bool link_probe_is_full(const struct link_probe *probe, bool soon, double now)
{
    return probe->is_long && now - probe->long_since >= (soon ? FULL_SOON_S : FULL_FOR_S);
}

void link_probe_begin(struct link_probe *probe, bool gently, double now)
{
    probe->is_on = true;
    probe->is_spoiled = false;
    probe->gently = gently;
    probe->quiet = 0;
    probe->noise_s = probe->owed = 0;
    probe->octets = 0;
    probe->has_found = false;
    probe->before = (struct link_probe_seen){0};
    /* Who answers no checks is judged by its reports alone. */
    probe->is_armed = !probe->answers;
    probe->armed_at = probe->sent_at = probe->due_at = now;
}

void link_probe_end(struct link_probe *probe, bool is_layers)
{
    probe->is_on = probe->is_spoiled = probe->is_armed = false;
    if (!is_layers)
        probe->is_long = false;
}

bool link_probe_is_shown(const struct link_probe *probe, double now)
{
    if (!probe->answers || !probe->is_armed || probe->is_spoiled)
        return false;
    double hold_s = probe->gently ? LONG_HOLD_S : HOLD_S;
    double there_s = probe->armed_at + (probe->gently ? SLOW_RAMP_S : RAMP_S);
    return now >= there_s + hold_s && probe->checked_at >= there_s + hold_s / 2;
}

double link_probe_owed(struct link_probe *probe, double more_kbps, double now)
{
    if (!probe->is_armed || probe->is_spoiled)
        return 0;
    double ramp_s = probe->gently ? SLOW_RAMP_S : RAMP_S;
    double share = (probe->gently ? FURTHER : BEYOND) * fmin(1.0, (now - probe->armed_at) / ramp_s);
    double due = more_kbps * 125 * share * fmin(now - probe->sent_at, PAUSE_S);
    probe->owed = fmin(probe->owed + due, MOST_OCTETS);
    probe->sent_at = now;
    return probe->owed >= PART_OCTETS ? probe->owed : 0;
}

void link_probe_spent(struct link_probe *probe, long octets)
{
    probe->owed -= (double)octets;
    probe->octets += octets;
}

/* Return what a link carried of a probe and of a stream between two checks. */
static double carried_kbps(const struct link_probe_seen *since, const struct link_probe_seen *until,
                           double stream_kbps)
{
    double sent_s = until->sent_s - since->sent_s;
    double took_s = sent_s + until->queue_s - since->queue_s;
    double kbits = (double)(until->octets - since->octets) / 125 + stream_kbps * sent_s;
    return took_s > 0 ? kbits / took_s : HUGE_VAL;
}

double link_probe_carried_kbps(const struct link_probe *probe, double stream_kbps)
{
    static const struct link_probe_seen nothing = {0};
    if (!probe->has_found || probe->found.queue_s > FULL_QUEUE_S)
        /* Such a long queue may have dropped packets of the probe. */
        return 0;
    return fmin(carried_kbps(&nothing, &probe->found, stream_kbps),
                carried_kbps(&probe->before, &probe->found, stream_kbps));
}
