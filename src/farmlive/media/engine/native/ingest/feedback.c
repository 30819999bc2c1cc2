/* A publisher's RTCP. `receiver` takes its packets.
 *
 * Always holds: a keyframe is requested only for a layer that arrives. */
#include "ingest/feedback.h"

/* A reply to a reference time that took longer is ignored. */
enum { ROUND_TRIP_MOST = 10 * NTP_SHORT_SECOND, REPORTS_MOST = 31 };

void feedback_take_report(struct publisher *publisher, const struct sender_report *report,
                          double now)
{
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *track = publisher->tracks[at];
        if (track->ssrc == report->ssrc) {
            double ours = source_clock_report(&publisher->clock, ntp_seconds(report->ntp), now);
            track_record_sender_report(track, report, ours, now);
            return;
        }
    }
}

void feedback_take_reply(struct publisher *publisher, const struct reference_reply *reply,
                         uint32_t middle_now)
{
    /* RFC 3611, section 4.5. */
    if (reply->ssrc != publisher->own_ssrc || reply->last == 0)
        return;
    uint32_t took = middle_now - reply->last - reply->delay;
    if (took < ROUND_TRIP_MOST)
        publisher->round_trip_s = took / (double)NTP_SHORT_SECOND;
}

/* Write NACKs for what is missing by now, and a keyframe request if one is wanted. */
static void ask(struct publisher *publisher, double now, struct rtcp_buffer *out)
{
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *track = publisher->tracks[at];
        uint16_t due[TRACK_MISSING_MOST];
        int count = track_take_due_nacks(track, now, publisher->round_trip_s, due);
        if (count > 0)
            rtcp_nack(out, publisher->own_ssrc, track->ssrc, due, count);
    }
    for (int layer = 0; layer < publisher->layer_count; layer++) {
        struct track *track = publisher->layers[layer];
        if (track_unanswered(track, now))
            publisher->answered = false;
        if (track->ssrc == 0 || !track->incoming->pli ||
            !flow_may_ask(&publisher->flow, track->layer))
            continue;
        if (track_request_due(track, now))
            rtcp_picture_loss(out, publisher->own_ssrc, track->ssrc);
    }
}

void feedback_request(struct publisher *publisher, double now, struct rtcp_buffer *out)
{
    size_t before = out->size;
    rtcp_receiver_report(out, publisher->own_ssrc, NULL, 0);
    size_t head = out->size;
    ask(publisher, now, out);
    if (out->size == head)
        out->size = before;
}

void feedback_write(struct publisher *publisher, double now, bool report, uint64_t wall_ntp,
                    struct rtcp_buffer *out)
{
    size_t before = out->size;
    struct receiver_report reports[REPORTS_MOST] = {0};
    int count = 0;
    for (int at = 0; report && at < publisher->track_count && count < REPORTS_MOST; at++)
        if (track_receiver_report(publisher->tracks[at], now, &reports[count]))
            count++;
    rtcp_receiver_report(out, publisher->own_ssrc, reports, count);
    if (report && wall_ntp != 0)
        rtcp_reference_time(out, publisher->own_ssrc, wall_ntp);
    size_t head = out->size;
    ask(publisher, now, out);
    if (publisher->publishing->transport_cc >= 0 && publisher->track_count > 0) {
        const struct track *media =
            publisher->layer_count > 0 ? publisher->layers[0] : publisher->tracks[0];
        arrivals_feedback(&publisher->arrivals, out, publisher->own_ssrc, media->ssrc);
    }
    if (!report && out->size == head)
        out->size = before;
}
