/* An output: who is on air, what comes from it, and which viewers there are.
 *
 * Which track each viewer gets is in aiming.c. Always holds: the output listens to the publisher on
 * air, to the one that it follows and to each that a lane is of, so that it hears when one of them
 * is gone; a viewer's target is one of the tracks of the publisher on air, or NULL. */
#include <math.h>

#include "joining.h"
#include "memory.h"

/* Whoever waits this long for a new source's layer takes a lower one. */
static const double PATIENCE_S = 0.5;
/* Who follows goes on air without a picture where none has come for so long, and sound just now. */
static const double UNSEEN_S = 3.0, HEARD_S = 1.0;

/* Those who see one of these tracks wait, and nobody is to get one. */
static void leave_all(struct output *output, struct track *const *tracks, int count)
{
    list_each(link, &output->viewers) {
        struct viewer *viewer = list_entry(link, struct viewer, all);
        for (int at = 0; at < count; at++) {
            if (viewer->target == tracks[at]) {
                viewer->target = NULL;
                list_remove(&viewer->moving);
            }
            if (viewer->has_epoch && viewer->epoch.track == tracks[at])
                joining_wait(output, viewer, false);
        }
    }
}

/* What publishers tell. */

/* A track began anew: go on at its next keyframe. */
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

/* Beginning and end. */

struct output *output_new(uint64_t number, struct ssrcs ssrcs, uint16_t sound_sequence,
                          uint32_t sound_timestamp)
{
    struct output *output = memory_new(sizeof *output);
    output->listener = (struct publisher_listener){renewed, layers_changed};
    list_init(&output->link);
    list_init(&output->viewers);
    list_init(&output->waiting);
    list_init(&output->catching);
    list_init(&output->moving);
    list_init(&output->probing);
    list_init(&output->lanes);
    output->number = number;
    output->ssrcs = ssrcs;
    sound_init(&output->sound, ssrcs.audio, sound_sequence, sound_timestamp);
    sending_init(&output->sending);
    return output;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    struct publisher *on_air = output->on_air, *following = output->following;
    output->on_air = output->following = NULL;
    joining_subscribe(output, on_air);
    joining_subscribe(output, following);
    list_each(link, &output->lanes)
        lane_free(list_entry(link, struct lane, link));
    sending_clear(&output->sending);
    sound_clear(&output->sound);
    free(output);
}

/* Who is on air. */

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
    joining_subscribe(output, before);
    joining_subscribe(output, publisher);
}

void output_drop(struct output *output, struct publisher *publisher)
{
    if (output->following == publisher)
        output->following = NULL;
    output_flush(output);
    if (output->on_air == publisher)
        output->on_air = NULL;
    leave_all(output, publisher->tracks, publisher->track_count);
    joining_subscribe(output, publisher);
}

/* `blind`: no picture comes of it. */
static void switch_to(struct output *output, struct publisher *publisher, bool blind, double now)
{
    struct publisher *before = output->on_air;
    output->on_air = publisher;
    output->following = NULL;
    output->switched_at = now;
    output->sound.left = true;
    list_each(link, &output->catching)
        joining_wait(output, list_entry(link, struct viewer, place), false);
    if (blind) {
        /* Sound alone: nobody sees the one before any longer. */
        list_each(link, &output->viewers) {
            struct viewer *viewer = list_entry(link, struct viewer, all);
            if (viewer->is == VIEWER_LIVE)
                joining_wait(output, viewer, false);
        }
    }
    publisher_look(publisher, now);
    output_aim_all(output, now);
    joining_subscribe(output, before);
}

bool output_begin_at_once(struct output *output, double now)
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
    list_each(link, &output->waiting)
        joining_start(output, list_entry(link, struct viewer, place), now);
    return true;
}

bool output_begin_with_sound(struct output *output, double now)
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

/* What comes. */

/* A group begins on this track: those come who wait for it, all at once. */
static void let_in(struct output *output, struct publisher *publisher, struct track *track,
                   double now)
{
    uint16_t start;
    if (publisher != output->on_air || !ring_group_start(track->ring, &start))
        return;
    bool impatient = now - output->switched_at > PATIENCE_S;
    joining_let_in(output, publisher, track, start, impatient, now);
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
        if (output->sound.codec != track->codec) {
            output_flush(output);
            output->sending.stale = true;
        }
        sound_add(&output->sound, track, packet, now);
        return switched;
    }
    struct lane *lane = joining_lane(output, track);
    if (lane != NULL)
        lane_add(lane, packet);
    if (began && !(list_is_empty(&output->waiting) && list_is_empty(&output->moving)))
        let_in(output, publisher, track, now);
    return switched;
}

static bool has_pending(const struct output *output)
{
    list_each(link, &output->lanes)
        if (list_entry(link, struct lane, link)->pending_count > 0)
            return true;
    return false;
}

bool output_send_whole(struct output *output)
{
    sending_send(output, false);
    return has_pending(output);
}

void output_flush(struct output *output) { sending_send(output, true); }

void output_pump(struct output *output)
{
    if (list_is_empty(&output->catching))
        return;
    output_flush(output);
    list_each(link, &output->catching)
        joining_catch_up(output, list_entry(link, struct viewer, place));
}

/* Viewers come, go and fall behind. */

void output_add(struct output *output, struct viewer *viewer, double now)
{
    output_flush(output);
    viewer->output = output;
    viewer->is = VIEWER_WAITING;
    list_add(&output->viewers, &viewer->all);
    list_add(&output->waiting, &viewer->place);
    output->sending.stale = true;
    output_aim(output, viewer, now);
    bool started = joining_start(output, viewer, now);
    struct publisher *on_air = output->on_air;
    /* Who did not answer the last request is asked all the same: it may have learned to. */
    if (on_air != NULL && viewer->target != NULL && viewer_can_play(viewer, viewer->target) &&
        !(started && publisher_answers_requests(on_air)))
        publisher_want_keyframe(on_air, viewer->target);
}

void output_remove(struct output *output, struct viewer *viewer)
{
    joining_forget(output, viewer);
    list_remove(&viewer->all);
    output->dropped += viewer->stall.dropped;
    output->sending.stale = true;
    viewer->output = NULL;
}

void output_fall(struct output *output, struct viewer *viewer)
{
    const struct stall *stall = &viewer->stall;
    if (viewer->has_epoch)
        choice_stalled(&viewer->choice, viewer->epoch.track->layer,
                       stall->is_down ? stall->since : 0.0);
    joining_wait(output, viewer, true);
}
