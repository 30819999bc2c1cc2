/* How a viewer gets onto a track of video.
 *
 * Always holds: a viewer's `place` is in the list that `is` names; a lane has a viewer, and the
 * output listens to the lane's publisher; only a viewer with an epoch catches up or is live. While
 * one viewer changes its place, no other does. */
#include "output/catch_up.h"

#include "base/memory.h"
#include "output/splice.h"

/* A burst leaves in parts of so many packets. */
enum { BURST = 24 };

/* Of a burst no more is sent to a viewer on a stream while it holds so many bytes: what it may hold
 * is less than a long group. */
enum { HELD_WHILE_CATCHING = 64 * 1024 };

void joining_init(struct joining *joining, struct sending *sending,
                  void (*left)(struct joining *joining, struct publisher *publisher))
{
    joining->sending = sending;
    joining->left = left;
    list_init(&joining->waiting);
    list_init(&joining->catching);
    list_init(&joining->moving);
    list_init(&joining->probing);
}

static void leave_lane(struct joining *joining, struct lane *lane)
{
    if (!list_is_empty(&lane->members))
        return;
    struct publisher *publisher = lane->publisher;
    list_remove(&lane->link);
    lane_free(lane);
    joining->left(joining, publisher);
}

void joining_wait(struct joining *joining, struct viewer *viewer, bool muted)
{
    struct lane *lane = viewer->lane;
    list_remove(&viewer->probing);
    list_remove(&viewer->moving);
    if (viewer->has_epoch) {
        uint16_t highest = viewer->epoch.track->ring->highest;
        uint16_t sent = viewer->is == VIEWER_CATCHING ? (uint16_t)(viewer->cursor - 1) : highest;
        viewer_end_epoch(viewer, sent, muted);
        joining->sending->stale = true;
    }
    if (viewer->is != VIEWER_WAITING) {
        list_remove(&viewer->place);
        list_add(&joining->waiting, &viewer->place);
        viewer->is = VIEWER_WAITING;
    }
    if (lane != NULL)
        leave_lane(joining, lane);
}

void joining_forget(struct joining *joining, struct viewer *viewer)
{
    joining_wait(joining, viewer, false);
    list_remove(&viewer->place);
}

/* Give the viewer its numbers on this track from the packet `start` on, and its burst. */
static bool enter(struct joining *joining, struct viewer *viewer, struct track *track,
                  uint16_t start, double now)
{
    if (!viewer_can_play(viewer, track) || ring_get(track->ring, start) == NULL)
        return false;
    /* What was lost of a layer that the link did not carry would only fill it again. */
    joining_wait(joining, viewer, choice_is_congested(&viewer->choice, now));
    const struct lane *lane = sending_lane(joining->sending, track);
    const struct shift *common = lane != NULL && lane->has_common ? &lane->common : NULL;
    if (!seams_begin_epoch(viewer, track, start, common, now, &viewer->epoch))
        return false;
    viewer->has_epoch = true;
    viewer->cursor = start;
    stall_go_on(&viewer->stall, now);
    choice_begin_stream(&viewer->choice);
    list_remove(&viewer->place);
    list_add(&joining->catching, &viewer->place);
    viewer->is = VIEWER_CATCHING;
    return true;
}

static void go_live(struct joining *joining, struct viewer *viewer, struct publisher *publisher)
{
    const struct epoch *epoch = &viewer->epoch;
    struct lane *lane = sending_lane(joining->sending, epoch->track);
    if (lane == NULL) {
        lane = lane_new(publisher, epoch->track);
        list_add(&joining->sending->lanes, &lane->link);
    }
    lane_begin(lane, &epoch->shift, (uint16_t)(epoch->first - epoch->shift.sequence));
    list_remove(&viewer->place);
    list_add(&lane->members, &viewer->place);
    viewer_go_live(viewer, lane);
    joining->sending->stale = true;
}

/* Where a group begins on a track: which one, and for whom. */
struct beginning {
    const struct publisher *publisher;
    const struct track *track;
    bool impatient;
    double now;
};

static bool is_due(const struct beginning *beginning, const struct viewer *viewer)
{
    const struct track *target = viewer->target, *track = beginning->track;
    if (target == NULL || !viewer_may_go_on(viewer, beginning->now))
        return false;
    if (target == track)
        return true;
    return beginning->impatient && track->layer < target->layer &&
           (!viewer->has_epoch || !publisher_has_layer(beginning->publisher, viewer->epoch.track));
}

/* Those who may come now, of those who wait and who get another track meanwhile. */
static int gather_due(const struct joining *joining, const struct beginning *beginning,
                      struct viewer ***due)
{
    int count = 0, room = 0;
    *due = NULL;
    for (int moving = 0; moving < 2; moving++) {
        list_each(link, moving ? &joining->moving : &joining->waiting) {
            struct viewer *viewer = moving ? list_entry(link, struct viewer, moving)
                                           : list_entry(link, struct viewer, place);
            if (!is_due(beginning, viewer))
                continue;
            if (count == room) {
                room = room ? 2 * room : 16;
                *due = memory_grow(*due, (size_t)room, sizeof **due);
            }
            (*due)[count++] = viewer;
        }
    }
    return count;
}

void joining_let_in(struct joining *joining, struct publisher *publisher, struct track *track,
                    uint16_t start, bool impatient, double now)
{
    struct beginning beginning = {publisher, track, impatient, now};
    struct viewer **viewers;
    int count = gather_due(joining, &beginning, &viewers), joined = 0;
    if (count > 0)
        sending_send(joining->sending, true);
    for (int at = 0; at < count; at++)
        if (enter(joining, viewers[at], track, start, now))
            viewers[joined++] = viewers[at];
    int length = ahead16(track->ring->highest, start) + 1;
    if (joined > 0 && length <= BURST) {
        struct packet *packets[BURST];
        int packet_count = 0;
        for (int at = 0; at < length; at++) {
            struct packet *packet = ring_get(track->ring, (uint16_t)(start + at));
            if (packet != NULL)
                packets[packet_count++] = packet;
        }
        for (int at = 0; at < joined; at++)
            go_live(joining, viewers[at], publisher);
        sending_send_to(joining->sending, viewers, joined, packets, packet_count);
    }
    free(viewers);
}

bool joining_start(struct joining *joining, struct viewer *viewer, const struct publisher *on_air,
                   double now)
{
    struct track *track = viewer->target;
    if (on_air == NULL || track == NULL)
        return false;
    uint16_t start;
    return ring_starts_in_group(track->ring, now, publisher_answers_requests(on_air)) &&
           ring_group_start(track->ring, &start) && enter(joining, viewer, track, start, now);
}

void joining_catch_up(struct joining *joining, struct viewer *viewer, struct publisher *on_air)
{
    if (on_air == NULL) {
        joining_wait(joining, viewer, false);
        return;
    }
    const struct ring *ring = viewer->epoch.track->ring;
    if (ahead16(ring->highest, viewer->cursor) >= RING_SIZE) {
        /* It took so long that its next packet is not there any more. */
        joining_wait(joining, viewer, false);
        return;
    }
    if (viewer_held(viewer) > HELD_WHILE_CATCHING)
        return;
    struct packet *burst[BURST];
    int count = 0;
    while (count < BURST && ahead16(ring->highest, viewer->cursor) >= 0) {
        struct packet *packet = ring_get(ring, viewer->cursor++);
        if (packet != NULL)
            burst[count++] = packet;
    }
    if (count > 0)
        sending_send_to(joining->sending, &viewer, 1, burst, count);
    if (ahead16(ring->highest, viewer->cursor) < 0)
        go_live(joining, viewer, on_air);
}
