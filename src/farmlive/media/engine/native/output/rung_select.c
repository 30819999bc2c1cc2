/* Rung selection: `quality_ladder` decides, and `catch_up` sends accordingly.
 *
 * Always holds: a viewer on a forwarder gets every frame. */
#include "output/rung_select.h"

#include <math.h>

/* All frames are tried where keyframes leave at once, and show nothing, if the link carries this
 * share of their bitrate by its estimate. */
static const double WORTH_A_TRY = 0.6;

/* Give the viewer less at once if it is to get less; more begins with the next group, but for
 * frames that were left out. */
static void apply(struct catch_up *catch_up, struct viewer *viewer)
{
    enum rung rung = quality_ladder_rung(&viewer->ladder);
    if (rung <= viewer->rung) {
        if (viewer->rung == RUNG_FEWER_FRAMES && rung == RUNG_FULL)
            viewer->rung = rung;
        return;
    }
    viewer->rung = rung;
    if (!viewer->has_epoch)
        return;
    if (rung == RUNG_SOUND) {
        sending_send(catch_up->sending, true);
        catch_up_give_up(catch_up, viewer);
    } else if (rung == RUNG_KEYFRAMES) {
        if (viewer_is_in_keyframe(viewer))
            return;
        sending_send(catch_up->sending, true);
        catch_up_end_keyframe(catch_up, viewer);
    } else if (viewer->forwarder != NULL) {
        sending_send(catch_up->sending, true);
        catch_up_pace(catch_up, viewer);
    }
}

void rung_select_limit(struct catch_up *catch_up, struct viewer *viewer, enum rung most)
{
    if (viewer->viewing.exempt)
        return;
    viewer->ladder.most = most;
    apply(catch_up, viewer);
}

void rung_select_decide(struct catch_up *catch_up, const struct publisher *on_air,
                        struct viewer *viewer, double now)
{
    const struct track *track = viewer->has_epoch ? viewer->epoch.track : viewer->target;
    if (track == NULL || on_air == NULL)
        return;
    bool narrow = viewer->link.state == LINK_NARROW && publisher_is_lowest(on_air, track);
    /* Of a TCP connection nothing tells what it carries but that its queue overflows. */
    double kbps = narrow ? viewer->link.kbps : INFINITY;
    double steady_kbps = narrow ? viewer->link.steady_kbps : INFINITY;
    bool is_worth_a_try = narrow && viewer->ladder.carried == RUNG_KEYFRAMES &&
                          viewer->link.is_unhindered &&
                          viewer->link.kbps >= WORTH_A_TRY * track->kbps;
    if (is_worth_a_try)
        /* Keyframes so small do not fill the link: only trying tells. */
        kbps = INFINITY;
    bool limited = narrow || viewer->slow.overflowed;
    quality_ladder_decide(&viewer->ladder, limited, kbps, steady_kbps, track->kbps,
                          track->disposable_kbps, now);
    if (is_worth_a_try && viewer->ladder.tries)
        link_estimate_carried(&viewer->link, track->kbps);
    apply(catch_up, viewer);
    if (narrow && on_air->layer_count < 2 && viewer_is_tried(viewer) &&
        list_is_empty(&viewer->probing))
        list_add(&catch_up->probing, &viewer->probing);
}
