/* Track selection.
 *
 * Always holds: `moving` has the viewers that have a track and should get another one; `probing`
 * those whose link is checked or probed, or was until a moment ago. */
#include "output/track_select.h"

#include "output/rung_select.h"

/* A stretch with compressed timestamps is forgotten after this time, before timestamps wrap
 * around. */
enum { SQUEEZED_MOST_S = 60 };

/* A link that lost a larger share of what was sent, and now loses less, is free again. */
static const double MUCH_LOSS = 0.04;
/* A keyframe that can't wait for those that others get is requested for a viewer after this time at
 * the earliest, the second if it loses a larger share of what was sent: all pay for it. */
static const double HURRY_S = 10.0, LOSSY_HURRY_S = 3.0, SOME_LOSS = 0.02;

static bool is_layered(const struct publisher *on_air)
{
    return on_air != NULL && on_air->layer_count > 1;
}

/* Add the link at the end of the list, unless it is in it. */
static void put(struct list *list, struct list *link)
{
    if (list_is_empty(link))
        list_add(list, link);
}

/* Return whether checks should show the queue of the viewer's link. */
static bool is_watched(const struct viewer *viewer)
{
    return viewer->choice.probe >= 0 || viewer->link.state != LINK_WIDE;
}

/* Return the layer for a viewer that gets `current` at present, or NULL. */
static int choose(struct catch_up *catch_up, const struct publisher *publisher,
                  struct viewer *viewer, const struct track *current, double now)
{
    double kbps[LAYERS_MOST];
    for (int layer = 0; layer < publisher->layer_count; layer++)
        kbps[layer] = publisher->layers[layer]->kbps;
    bool is_here = current != NULL && publisher_has_layer(publisher, current);
    bool is_settled = current != NULL && (viewer->forwarder != NULL ||
                                          (viewer->rung == RUNG_FULL && catch_up_paces(viewer)));
    int layer =
        choice_decide(&viewer->choice, publisher->flow.flowing, kbps, publisher->layer_count,
                      is_here ? current->layer : publisher->layer_count, now,
                      is_settled && viewer_repeats(viewer), is_settled);
    if (is_watched(viewer))
        put(&catch_up->probing, &viewer->probing);
    if (current != NULL && layer > current->layer && choice_is_trying(&viewer->choice, now))
        link_estimate_carried(&viewer->link, kbps[layer]);
    if (is_here && viewer->target != publisher->layers[layer] && layer < current->layer)
        link_estimate_stepped_down(&viewer->link, now);
    return layer;
}

/* Return whether the viewer moves to another layer without need: by its choice, or up. */
static bool is_free(const struct viewer *viewer, const struct publisher *publisher, double now)
{
    const struct track *track = viewer->has_epoch ? viewer->epoch.track : NULL;
    return track != NULL && publisher_has_layer(publisher, track) &&
           publisher->flow.flowing[track->layer] && !choice_is_congested(&viewer->choice, now);
}

/* Return whether a keyframe for the viewer can't wait, and count it. It can before the viewer has
 * had any picture. */
static bool may_hurry(struct publisher *publisher, struct viewer *viewer, double now)
{
    if (viewer->viewing.exempt)
        return true;
    double every_s = viewer->choice.loss > SOME_LOSS ? LOSSY_HURRY_S : HURRY_S;
    if (now - viewer->hurried_at < every_s || (!viewer->has_epoch && !viewer->has_last))
        return false;
    if (!publisher_may_hurry(publisher, now))
        return false;
    viewer->hurried_at = now;
    return true;
}

static void want(struct publisher *publisher, struct track *track, bool hurries)
{
    if (hurries)
        publisher_want_keyframe(publisher, track);
    else
        publisher_want_keyframe_patiently(track);
}

bool track_select_viewer(struct catch_up *catch_up, struct publisher *publisher,
                         struct viewer *viewer, double now)
{
    const struct track *before = viewer->target;
    if (publisher == NULL || publisher->layer_count == 0) {
        viewer->target = NULL;
        list_remove(&viewer->moving);
        return false;
    }
    const struct track *current = viewer->has_epoch ? viewer->epoch.track : NULL;
    bool is_full = choice_is_full(&viewer->choice, now);
    int layer = 0;
    if (publisher->layer_count > 1)
        layer = viewer->viewing.exempt ? flow_highest(&publisher->flow)
                                       : choose(catch_up, publisher, viewer, current, now);
    struct track *target = viewer->target = publisher->layers[layer];
    if (current != NULL && !publisher_has_layer(publisher, current) &&
        !viewer_can_play(viewer, target)) {
        /* The viewer no longer sees what is on air, and can't play it. */
        catch_up_wait(catch_up, viewer, false);
        return false;
    }
    if (is_full && current != NULL && layer < current->layer && viewer_can_play(viewer, target) &&
        publisher_answers_requests(publisher)) {
        /* What waits in the link's queue is seen until the lower layer's keyframe comes, and makes
         * room for it. */
        catch_up_wait(catch_up, viewer, true);
        want(publisher, target, may_hurry(publisher, viewer, now));
        return true;
    }
    if (current == NULL || current == target) {
        list_remove(&viewer->moving);
        return false;
    }
    put(&catch_up->moving, &viewer->moving);
    if (target == before)
        return false;
    want(publisher, target,
         !is_free(viewer, publisher, now) &&
             (!publisher_has_layer(publisher, current) || may_hurry(publisher, viewer, now)));
    return true;
}

void track_select_want_keyframe(struct publisher *publisher, struct track *track,
                                struct viewer *viewer, double now)
{
    bool hurries =
        viewer->link.state == LINK_WIDE && quality_ladder_rung(&viewer->ladder) < RUNG_KEYFRAMES;
    want(publisher, track, hurries && may_hurry(publisher, viewer, now));
}

static void want_for(struct publisher *publisher, struct viewer *viewer, double now)
{
    struct track *target = viewer->target;
    if (target == NULL || quality_ladder_rung(&viewer->ladder) == RUNG_SOUND ||
        !viewer_can_play(viewer, target) || !viewer_may_resume(viewer, now))
        return;
    if (is_free(viewer, publisher, now))
        publisher_want_keyframe_patiently(target);
    else
        track_select_want_keyframe(publisher, target, viewer, now);
}

void track_select_request_keyframes(struct catch_up *catch_up, struct publisher *publisher,
                                    double now)
{
    if (publisher == NULL)
        return;
    list_each(link, &catch_up->waiting) {
        struct viewer *viewer = list_entry(link, struct viewer, place);
        if (!viewer->slow.is_down)
            catch_up_start(catch_up, viewer, publisher, now);
    }
    list_each(link, &catch_up->waiting)
        want_for(publisher, list_entry(link, struct viewer, place), now);
    list_each(link, &catch_up->moving)
        want_for(publisher, list_entry(link, struct viewer, moving), now);
    /* Who gets keyframes alone needs the next one as soon as it has had this one. */
    list_each(link, &catch_up->catching) {
        const struct viewer *viewer = list_entry(link, struct viewer, place);
        if (viewer->rung == RUNG_KEYFRAMES)
            publisher_want_keyframe_patiently(viewer->epoch.track);
    }
}

struct publisher *track_select_keyframe_requested(struct viewer *viewer, struct publisher *on_air,
                                                  double now)
{
    struct publisher *publisher = on_air;
    if (viewer->forwarder != NULL)
        publisher = viewer->forwarder->publisher;
    else if (viewer->link.state != LINK_NARROW)
        return NULL;
    if (!viewer->has_epoch || publisher == NULL)
        return NULL;
    track_select_want_keyframe(publisher, viewer->epoch.track, viewer, now);
    return publisher;
}

bool track_select_record_report(struct catch_up *catch_up, struct publisher *on_air,
                                struct viewer *viewer, const struct receiver_report *report,
                                double now)
{
    if (report->ssrc != catch_up->sending->ssrcs.video)
        return false;
    struct choice *choice = &viewer->choice;
    double before = choice->loss;
    bool full = choice_reported(choice, report->highest, report->total_lost, now);
    if (!full || !is_layered(on_air))
        return false;
    if (viewer->forwarder != NULL && before > MUCH_LOSS && MUCH_LOSS > choice->loss &&
        choice_is_congested(choice, now))
        /* The keyframe of the last step may have been lost in part. */
        want(viewer->forwarder->publisher, viewer->forwarder->track,
             may_hurry(viewer->forwarder->publisher, viewer, now));
    return track_select_viewer(catch_up, on_air, viewer, now) || choice_is_congested(choice, now);
}

/* Return whether the queue that checks show is of the frames that a narrow viewer gets; probes of
 * higher layers make one, too. */
static bool judges_checks(const struct publisher *on_air, const struct viewer *viewer)
{
    if (!is_layered(on_air))
        return true;
    return viewer->ladder.tries && viewer->has_epoch &&
           publisher_is_lowest(on_air, viewer->epoch.track);
}

bool track_select_checked(struct catch_up *catch_up, struct publisher *on_air,
                          struct viewer *viewer, double round_trip_s, double now)
{
    double queue_s = queue_meter_checked(&viewer->link.queue, round_trip_s);
    choice_checked(&viewer->choice, queue_s, now);
    if (viewer_is_tried(viewer) && judges_checks(on_air, viewer)) {
        quality_ladder_checked(&viewer->ladder, queue_s, now);
        rung_select_decide(catch_up, on_air, viewer, now);
    }
    return is_layered(on_air) && track_select_viewer(catch_up, on_air, viewer, now);
}

/* Send what is due of a viewer's probe; return whether it has one. */
static bool probe(const struct publisher *on_air, const struct rtx *rtx, struct viewer *viewer,
                  double now)
{
    int layer = viewer->choice.probe;
    if (layer < 0 || layer >= on_air->layer_count || !viewer->has_epoch ||
        !publisher_has_layer(on_air, viewer->epoch.track))
        return false;
    double more = on_air->layers[layer]->kbps - viewer->epoch.track->kbps;
    double octets = link_probe_owed(&viewer->choice.watch, more, now);
    if (octets > 0) {
        link_estimate_probed(&viewer->link, now);
        link_probe_spent(&viewer->choice.watch, rtx_send_probe(rtx, viewer, octets));
    }
    return true;
}

bool track_select_probe(struct catch_up *catch_up, const struct publisher *on_air,
                        const struct rtx *rtx, double now)
{
    bool is_probed = false;
    list_each(link, &catch_up->probing) {
        struct viewer *viewer = list_entry(link, struct viewer, probing);
        if (!(is_layered(on_air) ? is_watched(viewer) : viewer_is_tried(viewer)))
            list_remove(link);
        else if (is_layered(on_air))
            is_probed |= probe(on_air, rtx, viewer, now);
    }
    return is_probed;
}

bool track_select_each_second(struct catch_up *catch_up, struct publisher *on_air,
                              struct viewer *viewer, double now)
{
    viewer->rtx_left = RTX_PER_S;
    viewer->nacked_left = NACKED_PER_S;
    viewer_forget_past(viewer, now);
    rung_select_decide(catch_up, on_air, viewer, now);
    if (viewer->has_epoch && viewer->epoch.has_squeezed) {
        const struct packet *newest = viewer->epoch.track->ring->newest;
        if (newest != NULL &&
            ahead32(newest->timestamp, viewer->epoch.squeezed) > VIDEO_CLOCK_RATE * SQUEEZED_MOST_S)
            epoch_forget_squeezed(&viewer->epoch);
    }
    return is_layered(on_air) && track_select_viewer(catch_up, on_air, viewer, now);
}
