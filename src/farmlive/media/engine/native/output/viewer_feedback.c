/* What viewers of an output report and request: their links, and what is missing.
 *
 * Always holds: what a viewer reports changes only what it gets itself, and when a keyframe is
 * requested for it. */
#include "output/output.h"
#include "output/rung_select.h"
#include "output/track_select.h"

/* Estimate a viewer's link by a report on its video, and pace the viewer if it is narrow. */
static void estimate(struct output *output, struct viewer *viewer,
                     const struct receiver_report *report, double now)
{
    link_estimate_reported(&viewer->link, report->highest, report->total_lost,
                           viewer_video(viewer).octets, viewer_stream_kbps(viewer), now);
    if (viewer->link.proof.is_wanted) {
        viewer->link.proof.is_wanted = false;
        catch_up_measure(&output->catch_up, viewer);
    }
    const struct forwarder *forwarder = viewer->forwarder;
    if (forwarder != NULL && catch_up_paces(viewer)) {
        output_flush(output);
        catch_up_pace(&output->catch_up, viewer);
    }
    rung_select_decide(&output->catch_up, output->on_air, viewer, now);
}

/* Let the viewer wait for a keyframe; return true if one is needed. */
static bool give_up(struct output *output, struct viewer *viewer, double now)
{
    if (!viewer->has_epoch || output->on_air == NULL)
        return false;
    struct track *track = viewer->target != NULL ? viewer->target : viewer->epoch.track;
    track_hold(track);
    catch_up_step_down(viewer, now);
    catch_up_give_up(&output->catch_up, viewer);
    output_aim(output, viewer, now);
    rung_select_decide(&output->catch_up, output->on_air, viewer, now);
    publisher_want_keyframe_patiently(viewer->target != NULL ? viewer->target : track);
    track_release(track);
    return true;
}

/* Return whether what a viewer misses of its burst tells its link: a layer that is too much is told
 * by its loss, and a lower one comes. */
static bool judges_burst(const struct output *output, const struct viewer *viewer)
{
    if (!output_is_layered(output))
        return true;
    if (viewer->link.state == LINK_NARROW)
        return publisher_is_lowest(output->on_air, viewer->epoch.track);
    return viewer->link.state == LINK_UNKNOWN && viewer->forwarder == NULL;
}

bool output_repair(struct output *output, struct viewer *viewer, const struct nack *nack,
                   double now)
{
    struct link_estimate *link = &viewer->link;
    if (nack->ssrc != output->sending.ssrcs.video)
        return false;
    if (viewer->nacked_left <= 0) {
        output->rtx.unrepaired += nack->count;
        return false;
    }
    viewer->nacked_left -= nack->count;
    bool is_burst = viewer->has_epoch && judges_burst(output, viewer);
    double kbps = 0;
    if (is_burst)
        kbps = link_estimate_pace_kbps(link, viewer->epoch.track->kbps, viewer->gently);
    /* Players go on asking for what was lost before this burst, at another pace. */
    int missing = 0;
    for (int at = 0; is_burst && at < nack->count; at++)
        missing += ahead16(nack->missing[at], viewer->epoch.first) >= 0 &&
                   repair_budget_is_new(&link->repairs, nack->missing[at]);
    if (is_burst && link->state != LINK_WIDE &&
        link_estimate_missed(link, missing, viewer_video(viewer).packets, kbps, now)) {
        rung_select_decide(&output->catch_up, output->on_air, viewer, now);
        /* Of a keyframe alone the rest may be repaired. */
        if (viewer->rung < RUNG_KEYFRAMES)
            return give_up(output, viewer, now);
    }
    if (!rtx_answer_nack(&output->rtx, viewer, nack, now))
        return false;
    if (is_burst)
        link_estimate_beyond(link, kbps, now);
    return give_up(output, viewer, now);
}

bool output_reported(struct output *output, struct viewer *viewer,
                     const struct receiver_report *report, const struct round_trip *round_trip,
                     double now)
{
    if (round_trip != NULL) {
        double took_s = round_trip->took_s, sent_at = round_trip->sent_at;
        packet_train_measured(&viewer->train, queue_meter_queue_of(&viewer->link.queue, took_s),
                              sent_at);
        if (round_trip->is_first)
            link_estimate_measured(&viewer->link, took_s, sent_at);
        else
            link_estimate_measured_again(&viewer->link, took_s);
    }
    if (report->ssrc == output->sending.ssrcs.video)
        estimate(output, viewer, report, now);
    return track_select_record_report(&output->catch_up, output->on_air, viewer, report, now);
}
