/* Demultiplexes datagrams. `udp_poller` and `connection` read the sockets, `timers` runs the
 * timers.
 *
 * Always holds: from an unknown address only a check with one of our passwords changes anything
 * except counters; all other datagrams count only from an address that such a check has
 * validated. */
#include "core/demux.h"

#include <math.h>

#include "base/memory.h"
#include "core/engine.h"
#include "core/timers.h"
#include "ingest/feedback.h"
#include "ingest/receiver.h"
#include "output/track_select.h"

/* A publisher's congestion control must not take a busy engine for a congested network: the
 * kernel's stamp is the arrival time. A stamp more than a second old is ignored: someone set the
 * clock. The time may be a little later than `now`, which is when reading began. */
static const double READING_S = 0.1, BELIEVED_S = 1.0;

/* The most DTLS records of one peer that wait for Python: more than a flight of a handshake. */
enum { RECORDS_MOST = 64 };

static double arrival(double stamp, double now, double ahead)
{
    if (stamp < 0)
        return now;
    double when = stamp - ahead;
    return now - BELIEVED_S < when && when < now + READING_S ? when : now;
}

/* Handle the round trip of a check of ours. */
static void took(struct core *core, struct peer *peer, double round_trip_s, double now)
{
    peer->round_trip_s = round_trip_s;
    if (peer->viewer != NULL && output_checked(peer->output, peer->viewer, round_trip_s, now))
        timers_request_keyframes(core, peer->output, now);
}

static bool check(struct core *core, struct port *port, const uint8_t *data, size_t size,
                  double stamp, const struct address *from, double now)
{
    struct checked checked;
    struct peer *peer = ice_check(&core->ice, port, data, size, from, now, &checked);
    if (peer == NULL)
        return false;
    if (checked.first)
        events_push(core->events, EVENT_REACHED, peer->number, 0, OBJECTION_NONE, NULL, 0);
    if (checked.asked_at >= 0)
        /* An answer that waited to be read must not be taken for one that waited on the link. */
        took(core, peer, fmax(0, arrival(stamp, now, core->wall_ahead) - checked.asked_at), now);
    if (checked.moved)
        engine_placed(core, peer, now);
    return true;
}

static void feed(struct core *core, struct peer *peer, const struct taken *taken, double now)
{
    struct publisher *publisher = peer->publisher;
    /* Feeding one listener may change the publisher's listeners. */
    size_t count = (size_t)publisher->listener_count;
    if (count > core->fed_room) {
        core->fed = memory_grow(core->fed, count, sizeof *core->fed);
        core->fed_room = count;
    }
    if (count > 0)
        memcpy(core->fed, publisher->listeners, count * sizeof *core->fed);
    for (size_t at = 0; at < count; at++) {
        struct output *output = output_listening(core->fed[at]);
        if (output_feed(output, publisher, taken->track, taken->packet, taken->began, now))
            events_push(core->events, EVENT_AIRED, peer->number, output->number, OBJECTION_NONE,
                        NULL, 0);
        output->is_fed = true;
        if (!list_is_empty(&output->catch_up.catching))
            timers_schedule_bursts(core, now);
    }
    struct track *track = taken->track;
    if (track->missing_count > 0 || track->overrun)
        timers_schedule_request(core, publisher, now);
}

static bool has_sent_from(const struct peer *peer, uint32_t ssrc)
{
    int at = 0;
    while (at < peer->ssrc_count && peer->ssrcs[at] != ssrc)
        at++;
    return at < peer->ssrc_count;
}

/* Decrypt a peer's packet with one of libsrtp's functions; true if it is authentic. A session keeps
 * each SSRC that it has decrypted and searches them linearly for each packet: packets of SSRCs
 * beyond any legitimate number are not read. */
static bool unprotect(struct peer *peer, int (*read)(srtp_session, void *, int *), uint8_t *data,
                      int *size, uint32_t ssrc)
{
    bool is_known = has_sent_from(peer, ssrc);
    if ((!is_known && peer->ssrc_count == SSRCS_MOST) || read(peer->receive, data, size) != 0)
        return false;
    if (!is_known)
        peer->ssrcs[peer->ssrc_count++] = ssrc;
    return true;
}

static void media(struct core *core, struct peer *peer, uint8_t *data, size_t size, double stamp,
                  double now)
{
    struct publisher *publisher = peer->publisher;
    struct rtp_packet received;
    int length = (int)size;
    if (publisher == NULL || size < RTP_HEADER || size > PACKET_MOST ||
        !unprotect(peer, srtp.unprotect, data, &length, get32(data + 8)) ||
        !rtp_split(data, (size_t)length, &received)) {
        core->counts.datagrams_ignored++;
        return;
    }
    core->counts.packets_received++;
    peer->heard_at = now;
    struct taken taken;
    if (!receiver_take(publisher, &received, now, arrival(stamp, now, core->wall_ahead), &taken))
        return;
    /* Report the objection first: flowing media may be put on air at once. */
    enum objection objection = publisher->health.objection;
    if (objection != OBJECTION_NONE && !peer->objected) {
        peer->objected = true;
        events_push(core->events, EVENT_OBJECTED, peer->number, 0, objection, NULL, 0);
    }
    if (!peer->flowing) {
        peer->flowing = true;
        events_push(core->events, EVENT_FLOWING, peer->number, 0, OBJECTION_NONE, NULL, 0);
    }
    feed(core, peer, &taken, now);
    packet_release(taken.packet);
}

struct hearing_of {
    struct core *core;
    struct peer *peer;
    double now, came; /* when it was read, and when it came */
};

/* A round trip of less than nothing, by up to 10 ms, is a short one by clocks that are read
 * coarsely (in 1/65,536 s, modulo 2^32). */
static const uint32_t COARSE = UINT32_MAX - 655;

/* Find the round trip by a report block on a sender report of ours (RFC 3550, section 6.4.1). Only
 * the first one on each tells something new of the way there. */
static bool has_round_trip(const struct core *core, struct peer *peer,
                           const struct receiver_report *report, double came,
                           struct round_trip *round_trip)
{
    struct viewer *viewer = peer->viewer;
    if (report->last_report == 0)
        return false;
    bool is_first = report->last_report != viewer->answered;
    viewer->answered = report->last_report;
    uint32_t since = timers_ntp_middle(core, came) - report->last_report;
    uint32_t took = since - report->delay - senders_report_waited(peer->leg, report->last_report);
    if (took >= COARSE)
        took = 0;
    *round_trip = (struct round_trip){(double)took / NTP_SHORT_SECOND,
                                      came - (double)since / NTP_SHORT_SECOND, is_first};
    return true;
}

static void viewer_reported(struct core *core, struct peer *peer, const struct rtcp_report *report,
                            double now, double came)
{
    struct output *output = peer->output;
    struct viewer *viewer = peer->viewer;
    switch (report->kind) {
    case RTCP_NACK:
        core->counts.nacks_received++;
        if (output_repair(output, viewer, &report->of.nack, now))
            timers_request_keyframes(core, output, now);
        break;
    case RTCP_KEYFRAME_REQUEST: {
        core->counts.keyframe_requests_received++;
        struct publisher *asked = track_select_keyframe_requested(viewer, output->on_air, now);
        if (asked != NULL)
            timers_schedule_request(core, asked, now);
        break;
    }
    case RTCP_RECEIVER_REPORT: {
        struct round_trip round_trip;
        bool has = has_round_trip(core, peer, &report->of.receiver, came, &round_trip);
        if (output_reported(output, viewer, &report->of.receiver, has ? &round_trip : NULL, now))
            timers_request_keyframes(core, output, now);
        timers_measure_links(core, output, now);
        break;
    }
    case RTCP_REFERENCE_TIME:
        viewer->has_reference = true;
        viewer->reference = report->of.time;
        viewer->reference_at = now;
        break;
    case RTCP_ESTIMATE:
        choice_estimated(&viewer->choice, (double)report->of.bitrate / 1000, now);
        break;
    default:
        break;
    }
}

static void reported(void *context, const struct rtcp_report *report)
{
    struct hearing_of *hearing = context;
    struct core *core = hearing->core;
    struct peer *peer = hearing->peer;
    if (peer->publisher != NULL) {
        if (report->kind == RTCP_SENDER_REPORT)
            feedback_take_report(peer->publisher, &report->of.sender, hearing->now);
        else if (report->kind == RTCP_REFERENCE_REPLY)
            feedback_take_reply(peer->publisher, &report->of.reply,
                                timers_ntp_middle(core, hearing->now));
    } else if (peer->viewer != NULL) {
        viewer_reported(core, peer, report, hearing->now, hearing->came);
    }
}

static void control(struct core *core, struct peer *peer, uint8_t *data, size_t size, double stamp,
                    double now)
{
    /* Most RTCP of viewers is receiver reports: those on a wide link tell something once in a
     * while. Of the reference times that many add, one for each of our reports is enough. */
    const struct viewer *viewer = peer->viewer;
    if (viewer != NULL && !output_is_layered(peer->output) &&
        !link_estimate_wants_report(&viewer->link, now) &&
        rtcp_is_receiver_report_alone(data, size, SRTCP_INDEX + peer->tag, viewer->has_reference))
        return;
    int length = (int)size;
    /* A report that waited to be read must not be taken for one that waited on the link. */
    struct hearing_of hearing = {core, peer, now, arrival(stamp, now, core->wall_ahead)};
    if (size < 8 || !unprotect(peer, srtp.unprotect_rtcp, data, &length, get32(data + 4)) ||
        !rtcp_parse(data, (size_t)length, reported, &hearing))
        core->counts.datagrams_ignored++;
}

/* Return whether one more DTLS record of this peer may be passed to Python. A flood would occupy
 * Python and grow its queue without limit. */
static bool may_tell_record(const struct core *core, struct peer *peer)
{
    unsigned long takings = atomic_load_explicit(&core->events->takings, memory_order_relaxed);
    if (peer->records_since != takings) {
        peer->records_since = takings;
        peer->records = 0;
    }
    if (peer->records == RECORDS_MOST)
        return false;
    peer->records++;
    return true;
}

void demux_handle(struct core *core, struct port *port, uint8_t *data, size_t size, double stamp,
                  const struct address *from, double now)
{
    core->counts.datagrams_received++;
    unsigned first = size > 0 ? data[0] : 255;
    if (128 <= first && first < 192) { /* RTP and RTCP */
        struct peer *peer = port_peer(port, from);
        if (peer != NULL && peer->receive != NULL) {
            if (rtp_is_rtcp(data, size))
                control(core, peer, data, size, stamp, now);
            else
                media(core, peer, data, size, stamp, now);
            return;
        }
    } else if (20 <= first && first < 64) { /* DTLS */
        struct peer *peer = port_peer(port, from);
        if (peer != NULL && may_tell_record(core, peer)) {
            ice_record_came(peer, port, from, data, size);
            events_push(core->events, EVENT_DTLS, peer->number, 0, OBJECTION_NONE, data, size);
            return;
        }
    } else if (first < 4 && check(core, port, data, size, stamp, from, now)) { /* STUN */
        return;
    }
    core->counts.datagrams_ignored++;
}
