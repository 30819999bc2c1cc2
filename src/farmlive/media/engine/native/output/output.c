/* An output: the source on air, its packets and the output's viewers.
 *
 * Always holds: the output listens to the publisher on air, to the one that is to follow and to the
 * publisher of each forwarder, so that it learns when one of them is gone; a viewer's target is one
 * of the tracks of the publisher on air, or NULL. */
#include "output/output.h"

#include <math.h>

#include "base/memory.h"
#include "output/track_select.h"

/* A viewer that waits this long for a new source's layer takes a lower one. */
static const double PATIENCE_S = 0.5;
/* A following source goes on air with audio alone if no video has come for the first time, but
 * audio has within the second. */
static const double UNSEEN_S = 3.0, HEARD_S = 1.0;

/* Let the viewers of these tracks wait, and clear these targets. */
static void leave_all(struct output *output, struct track *const *tracks, int count)
{
    list_each(link, &output->sending.viewers) {
        struct viewer *viewer = list_entry(link, struct viewer, all);
        for (int at = 0; at < count; at++) {
            if (viewer->target == tracks[at]) {
                viewer->target = NULL;
                list_remove(&viewer->moving);
            }
            if (viewer->has_epoch && viewer->epoch.track == tracks[at])
                catch_up_wait(&output->catch_up, viewer, false);
        }
    }
}

/* Events of publishers. */

/* Follow a publisher's track that was restarted: go on at its next keyframe. */
static void renewed(struct publisher_listener *listener, struct track *old, struct track *fresh,
                    double now)
{
    struct output *output = output_listening(listener);
    if (!old->incoming->is_video)
        return;
    output_flush(output);
    leave_all(output, &old, 1);
    if (output->on_air != NULL && publisher_has_layer(output->on_air, fresh)) {
        publisher_want_keyframe(output->on_air, fresh);
        output_aim_all(output, now);
    }
}

static void layers_changed(struct publisher_listener *listener, double now)
{
    output_aim_all(output_listening(listener), now);
}

/* Creation and destruction. */

static bool is_wanted(const struct output *output, const struct publisher *publisher)
{
    if (publisher == output->on_air || publisher == output->following)
        return true;
    list_each(link, &output->sending.forwarders)
        if (list_entry(link, struct forwarder, link)->publisher == publisher)
            return true;
    return false;
}

/* Listen to this publisher while it is on air, followed or still seen by a viewer; it may be
 * NULL. */
static void subscribe(struct output *output, struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    if (is_wanted(output, publisher))
        publisher_add_listener(publisher, &output->listener);
    else
        publisher_remove_listener(publisher, &output->listener);
}

static void left(struct catch_up *catch_up, struct publisher *publisher)
{
    subscribe(list_entry(catch_up, struct output, catch_up), publisher);
}

struct output *output_new(uint64_t number, struct ssrcs ssrcs, uint16_t sound_sequence,
                          uint32_t sound_timestamp)
{
    struct output *output = memory_new(sizeof *output);
    output->listener = (struct publisher_listener){renewed, layers_changed};
    list_init(&output->link);
    output->number = number;
    rtx_init(&output->rtx, ssrcs);
    sending_init(&output->sending, ssrcs, sound_sequence, sound_timestamp);
    catch_up_init(&output->catch_up, &output->sending, left);
    return output;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    struct publisher *on_air = output->on_air, *following = output->following;
    output->on_air = output->following = NULL;
    subscribe(output, on_air);
    subscribe(output, following);
    sending_clear(&output->sending);
    free(output);
}

/* The publisher on air. */

void output_put_on_air(struct output *output, struct publisher *publisher)
{
    struct publisher *before = output->following;
    if (publisher == NULL) {
        output->following = NULL;
        if (output->on_air != NULL)
            output_drop(output, output->on_air);
    } else if (publisher != output->on_air) {
        if (publisher != before)
            output->followed_at = 0;
        output->following = publisher;
        publisher_want_keyframe(publisher, NULL);
    } else {
        output->following = NULL;
    }
    subscribe(output, before);
    subscribe(output, publisher);
}

void output_drop(struct output *output, struct publisher *publisher)
{
    if (output->following == publisher)
        output->following = NULL;
    output_flush(output);
    if (output->on_air == publisher)
        output->on_air = NULL;
    leave_all(output, publisher->tracks, publisher->track_count);
    subscribe(output, publisher);
}

/* Switch to the publisher; `blind`: it sends no picture. */
static void switch_to(struct output *output, struct publisher *publisher, bool blind, double now)
{
    struct publisher *before = output->on_air;
    output->on_air = publisher;
    output->following = NULL;
    output->switched_at = now;
    output->sending.sound.left = true;
    list_each(link, &output->catch_up.catching)
        catch_up_wait(&output->catch_up, list_entry(link, struct viewer, place), false);
    if (blind) {
        /* Audio alone: viewers stop seeing the old publisher. */
        list_each(link, &output->sending.viewers) {
            struct viewer *viewer = list_entry(link, struct viewer, all);
            if (viewer->is == VIEWER_LIVE)
                catch_up_wait(&output->catch_up, viewer, false);
        }
    }
    publisher_look(publisher, now);
    output_aim_all(output, now);
    subscribe(output, before);
}

bool output_switch_at_once(struct output *output, double now)
{
    struct publisher *publisher = output->following;
    if (output->on_air != NULL || publisher == NULL)
        return false;
    bool answers = publisher_answers_requests(publisher), worth_it = false;
    for (int at = 0; at < publisher->layer_count; at++)
        worth_it |= ring_starts_in_group(publisher->layers[at]->ring, now, answers);
    if (!worth_it)
        return false;
    switch_to(output, publisher, false, now);
    list_each(link, &output->catch_up.waiting)
        catch_up_start(&output->catch_up, list_entry(link, struct viewer, place), publisher, now);
    return true;
}

bool output_switch_to_audio_only(struct output *output, double now)
{
    struct publisher *publisher = output->following;
    if (publisher == NULL)
        return false;
    if (output->followed_at <= 0)
        output->followed_at = now;
    double heard_at = 0, seen_at = output->followed_at;
    for (int at = 0; at < publisher->track_count; at++) {
        const struct track *track = publisher->tracks[at];
        double *last_at = track->incoming->is_video ? &seen_at : &heard_at;
        *last_at = fmax(*last_at, track->last_at);
    }
    if (now - seen_at < UNSEEN_S || now - heard_at > HEARD_S)
        return false;
    output_flush(output);
    switch_to(output, publisher, true, now);
    return true;
}

/* Incoming packets. */

/* Start all viewers that wait for this track, where a group begins. */
static void let_in(struct output *output, struct publisher *publisher, struct track *track,
                   double now)
{
    uint16_t start;
    if (publisher != output->on_air || !ring_group_start(track->ring, &start))
        return;
    bool impatient = now - output->switched_at > PATIENCE_S;
    catch_up_start_group(&output->catch_up, publisher, track, start, impatient, now);
}

bool output_feed(struct output *output, struct publisher *publisher, struct track *track,
                 struct packet *packet, bool began, double now)
{
    bool switched = false, is_video = track->incoming->is_video;
    if (publisher != output->on_air) {
        if (publisher == output->following && (began || publisher->layer_count == 0)) {
            output_flush(output);
            switch_to(output, publisher, publisher->layer_count == 0, now);
            switched = true;
        } else if (!is_video) {
            return false;
        }
    }
    if (!is_video) {
        if (output->sending.sound.codec != track->codec) {
            output_flush(output);
            output->sending.stale = true;
        }
        sound_add(&output->sending.sound, track, packet, now);
        return switched;
    }
    struct forwarder *forwarder = sending_forwarder(&output->sending, track);
    if (forwarder != NULL)
        forwarder_add(forwarder, packet);
    if (began && !catch_up_is_idle(&output->catch_up))
        let_in(output, publisher, track, now);
    return switched;
}

static bool has_pending(const struct output *output)
{
    list_each(link, &output->sending.forwarders)
        if (list_entry(link, struct forwarder, link)->pending_count > 0)
            return true;
    return false;
}

bool output_send_whole(struct output *output)
{
    sending_send(&output->sending, false);
    return has_pending(output);
}

void output_flush(struct output *output) { sending_send(&output->sending, true); }

void output_send_bursts(struct output *output, double now)
{
    /* Who goes live must have had all that came; who is paced leaves the others alone. */
    bool flushes = false;
    list_each(link, &output->catch_up.catching)
        flushes |=
            output->on_air == NULL || !catch_up_goes_alone(list_entry(link, struct viewer, place));
    if (flushes)
        output_flush(output);
    list_each(link, &output->catch_up.catching) {
        struct viewer *viewer = list_entry(link, struct viewer, place);
        catch_up_send_part(&output->catch_up, viewer, output->on_air, now);
        if (viewer->is == VIEWER_WAITING && !viewer->slow.is_down)
            /* Its link does not carry the layer. */
            output_aim(output, viewer, now);
    }
}

/* Viewers join, leave and fall behind. */

void output_add(struct output *output, struct viewer *viewer, double now)
{
    output_flush(output);
    viewer->is = VIEWER_WAITING;
    viewer->rung = quality_ladder_rung(&viewer->ladder);
    link_estimate_share(&viewer->link, &output->delay);
    list_add(&output->sending.viewers, &viewer->all);
    list_add(&output->catch_up.waiting, &viewer->place);
    output->sending.stale = true;
    output_aim(output, viewer, now);
    bool started = catch_up_start(&output->catch_up, viewer, output->on_air, now);
    struct publisher *on_air = output->on_air;
    /* Also ask a publisher that did not answer the last request: it may answer now. */
    if (on_air != NULL && viewer->target != NULL && viewer->rung != RUNG_SOUND &&
        viewer_can_play(viewer, viewer->target) && !(started && publisher_answers_requests(on_air)))
        track_select_want_keyframe(on_air, viewer->target, viewer, now);
}

void output_remove(struct output *output, struct viewer *viewer)
{
    catch_up_forget(&output->catch_up, viewer);
    list_remove(&viewer->all);
    output->dropped += viewer->slow.dropped;
    output->sending.stale = true;
}

void output_stop_video(struct output *output, struct viewer *viewer)
{
    const struct slow_viewer *slow = &viewer->slow;
    if (viewer->has_epoch) {
        double since = slow->is_down ? slow->since : 0.0;
        int layer = viewer->epoch.track->layer;
        choice_stalled(&viewer->choice, layer, since);
        if (slow->overflowed && viewer->adapts && layer == 0)
            quality_ladder_failed(&viewer->ladder, since);
    }
    catch_up_wait(&output->catch_up, viewer, true);
}

/* Track selection. */

bool output_is_layered(const struct output *output)
{
    return output->on_air != NULL && output->on_air->layer_count > 1;
}

bool output_aim(struct output *output, struct viewer *viewer, double now)
{
    return track_select_viewer(&output->catch_up, output->on_air, viewer, now);
}

bool output_aim_all(struct output *output, double now)
{
    bool moved = false;
    list_each(link, &output->sending.viewers)
        moved |= output_aim(output, list_entry(link, struct viewer, all), now);
    return moved;
}

void output_want_keyframes(struct output *output, double now)
{
    /* A keyframe that lost a packet has begun no group: request another. */
    if (output->following != NULL)
        publisher_want_keyframe(output->following, NULL);
    track_select_request_keyframes(&output->catch_up, output->on_air, now);
}

bool output_checked(struct output *output, struct viewer *viewer, double round_trip_s, double now)
{
    return track_select_checked(&output->catch_up, output->on_air, viewer, round_trip_s, now);
}

bool output_probe(struct output *output, double now)
{
    return track_select_probe(&output->catch_up, output->on_air, &output->rtx, now);
}

bool output_each_second(struct output *output, struct viewer *viewer, double now)
{
    return track_select_each_second(&output->catch_up, output->on_air, viewer, now);
}
