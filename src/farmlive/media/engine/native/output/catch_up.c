/* How viewers join a video track.
 *
 * Always holds: a viewer's `place` is in the list that `is` names; a forwarder has a viewer, and
 * the output listens to the forwarder's publisher; only a viewer with an epoch catches up or is
 * live. While one viewer changes its place, no other does. */
#include "output/catch_up.h"

#include <math.h>

#include "base/memory.h"
#include "output/splice.h"

/* Packets of a part of a batch. */
enum { BATCH = 24 };

/* While a TCP viewer holds this many bytes it gets no more of a batch: its send queue is shorter
 * than a long group. */
enum { HELD_WHILE_CATCHING = 64 * 1024 };

/* A viewer of keyframes alone gets none that is older than this, unless no newer one can be
 * requested. */
static const double OLD_S = 2.5;
/* What follows a keyframe leaves at this share of the link to a viewer of keyframes alone, so that
 * the queue is empty for the next one; at the second until the link was seen to carry its estimate.
 * None leaves that is later than this, in its clock. */
static const double AFTER_SHARE = 0.5, AFTER_DOUBTFUL = 0.25, AFTER_LATE = 2.5 * VIDEO_CLOCK_RATE;
/* The time between two parts of a batch: for each viewer that has one, at least and at most. */
static const double INTERVAL_EACH_S = 0.00005, LEAST_INTERVAL_S = 0.004, MOST_INTERVAL_S = 0.016;

/* A narrow viewer's picture may be this late, in its clock, before it waits for a keyframe. */
static const double LATE = 0.6 * VIDEO_CLOCK_RATE;

void catch_up_init(struct catch_up *catch_up, struct sending *sending,
                   void (*left)(struct catch_up *catch_up, struct publisher *publisher))
{
    catch_up->sending = sending;
    catch_up->left = left;
    list_init(&catch_up->waiting);
    list_init(&catch_up->catching);
    list_init(&catch_up->moving);
    list_init(&catch_up->probing);
    list_init(&catch_up->measuring);
}

static void leave_forwarder(struct catch_up *catch_up, struct forwarder *forwarder)
{
    if (!list_is_empty(&forwarder->members))
        return;
    struct publisher *publisher = forwarder->publisher;
    list_remove(&forwarder->link);
    forwarder_free(forwarder);
    catch_up->left(catch_up, publisher);
}

void catch_up_wait(struct catch_up *catch_up, struct viewer *viewer, bool muted)
{
    struct forwarder *forwarder = viewer->forwarder;
    list_remove(&viewer->moving);
    if (viewer->has_epoch) {
        uint16_t highest = viewer->epoch.track->ring->highest;
        uint16_t sent = viewer->is == VIEWER_CATCHING ? (uint16_t)(viewer->cursor - 1) : highest;
        viewer_end_epoch(viewer, sent, muted);
        catch_up->sending->stale = true;
    }
    if (viewer->is != VIEWER_WAITING) {
        list_remove(&viewer->place);
        list_add(&catch_up->waiting, &viewer->place);
        viewer->is = VIEWER_WAITING;
    }
    if (forwarder != NULL)
        leave_forwarder(catch_up, forwarder);
}

void catch_up_give_up(struct catch_up *catch_up, struct viewer *viewer)
{
    viewer_note_group(viewer);
    if (viewer->has_epoch)
        viewer_spend(viewer, true);
    catch_up_wait(catch_up, viewer, true);
}

void catch_up_end_keyframe(struct catch_up *catch_up, struct viewer *viewer)
{
    viewer_note_group(viewer);
    if (viewer->has_epoch)
        viewer_spend(viewer, true);
    catch_up_wait(catch_up, viewer, false);
}

void catch_up_pace(struct catch_up *catch_up, struct viewer *viewer)
{
    struct forwarder *forwarder = viewer->forwarder;
    if (forwarder == NULL)
        return;
    viewer_leave_live(viewer);
    list_remove(&viewer->place);
    list_add(&catch_up->catching, &viewer->place);
    catch_up->sending->stale = true;
    leave_forwarder(catch_up, forwarder);
}

bool catch_up_paces(const struct viewer *viewer) { return viewer->link.state == LINK_NARROW; }

void catch_up_step_down(struct viewer *viewer, double now)
{
    if (viewer->has_epoch && viewer->epoch.track->incoming->layers > 0)
        choice_stalled(&viewer->choice, viewer->epoch.track->layer, now);
}

bool catch_up_wants_sender_report(struct viewer *viewer, bool usual, double now)
{
    if (viewer->link.state != LINK_NARROW || viewer->rung == RUNG_SOUND)
        return usual;
    if (!viewer->has_epoch || viewer_gets_more(viewer))
        return usual && viewer->rung != RUNG_KEYFRAMES;
    if (viewer->rung != RUNG_KEYFRAMES)
        link_estimate_measuring(&viewer->link, now);
    return true;
}

/* Return whether the viewer gets the keyframe of a track that begins at a pace. A layer may be more
 * than its link carries until the viewer has had it for a while. */
static bool limits(const struct viewer *viewer, const struct publisher *publisher, double now)
{
    if (catch_up_paces(viewer))
        return true;
    bool is_new = viewer->link.state == LINK_UNKNOWN || choice_is_trying(&viewer->choice, now);
    return viewer->link.controlled && is_new && publisher->layer_count > 1;
}

bool catch_up_goes_alone(const struct viewer *viewer)
{
    return viewer->rung != RUNG_FULL || catch_up_paces(viewer);
}

bool catch_up_is_idle(const struct catch_up *catch_up)
{
    return list_is_empty(&catch_up->waiting) && list_is_empty(&catch_up->moving) &&
           list_is_empty(&catch_up->catching);
}

void catch_up_measure(struct catch_up *catch_up, struct viewer *viewer)
{
    if (list_is_empty(&viewer->measuring))
        list_add(&catch_up->measuring, &viewer->measuring);
}

double catch_up_interval_s(int count)
{
    return fmin(fmax(LEAST_INTERVAL_S, count * INTERVAL_EACH_S), MOST_INTERVAL_S);
}

void catch_up_forget(struct catch_up *catch_up, struct viewer *viewer)
{
    catch_up_wait(catch_up, viewer, false);
    list_remove(&viewer->probing);
    list_remove(&viewer->place);
    list_remove(&viewer->measuring);
}

/* Return by how much the timestamps of this track are to be later for a viewer of keyframes alone:
 * about the time in which the keyframe leaves. Then it is shown when it came; by the time of its
 * capture a player would take it for late, and delay the frames that follow. */
static double lead_s(const struct viewer *viewer, const struct track *track)
{
    if (quality_ladder_rung(&viewer->ladder) != RUNG_KEYFRAMES || !catch_up_paces(viewer))
        return 0;
    return fmin(KEYFRAME_MOST_S, (double)track->ring->keyframe_octets / 125 / viewer->link.kbps);
}

/* Give the viewer its sequence numbers on this track from the packet `start` on, and its batch. */
static bool enter(struct catch_up *catch_up, struct viewer *viewer, struct track *track,
                  uint16_t start, double now)
{
    if (!viewer_can_play(viewer, track) || ring_get(track->ring, start) == NULL)
        return false;
    /* Resending what a congested link lost of a layer would only fill it again. */
    catch_up_wait(catch_up, viewer, choice_is_congested(&viewer->choice, now));
    const struct forwarder *forwarder = sending_forwarder(catch_up->sending, track);
    const struct rewrite_offset *common =
        forwarder != NULL && forwarder->has_common ? &forwarder->common : NULL;
    if (!splice_begin_epoch(viewer, track, start, common, now, lead_s(viewer, track),
                            &viewer->epoch))
        return false;
    viewer->has_epoch = true;
    viewer->epoch.moves =
        viewer->link.state != LINK_WIDE && quality_ladder_rung(&viewer->ladder) < RUNG_KEYFRAMES;
    viewer->cursor = viewer->entered = start;
    viewer->began_at = now;
    viewer_spend(viewer, false);
    viewer->gently = false;
    link_estimate_begin_burst(&viewer->link, viewer_video(viewer).packets, now);
    viewer->rung = quality_ladder_rung(&viewer->ladder);
    slow_viewer_resume(&viewer->slow, now);
    choice_begin_stream(&viewer->choice);
    list_remove(&viewer->place);
    list_add(&catch_up->catching, &viewer->place);
    viewer->is = VIEWER_CATCHING;
    return true;
}

static void go_live(struct catch_up *catch_up, struct viewer *viewer, struct publisher *publisher)
{
    const struct epoch *epoch = &viewer->epoch;
    struct forwarder *forwarder = sending_forwarder(catch_up->sending, epoch->track);
    if (forwarder == NULL) {
        forwarder = forwarder_new(publisher, epoch->track);
        list_add(&catch_up->sending->forwarders, &forwarder->link);
    }
    forwarder_begin(forwarder, &epoch->offset, epoch->since);
    list_remove(&viewer->place);
    list_add(&forwarder->members, &viewer->place);
    viewer_go_live(viewer, forwarder);
    catch_up->sending->stale = true;
}

/* The start of a group on a track, and the viewers that it is for. */
struct beginning {
    const struct publisher *publisher;
    const struct track *track;
    bool impatient;
    double now;
};

static bool is_due(const struct beginning *beginning, const struct viewer *viewer)
{
    const struct track *target = viewer->target, *track = beginning->track;
    if (target == NULL || quality_ladder_rung(&viewer->ladder) == RUNG_SOUND ||
        !viewer_may_resume(viewer, beginning->now))
        return false;
    if (target == track)
        return true;
    return beginning->impatient && track->layer < target->layer &&
           (!viewer->has_epoch || !publisher_has_layer(beginning->publisher, viewer->epoch.track));
}

/* Collect the viewers to switch to this track now, from those that wait, those that get another
 * track meanwhile and those that get what follows a keyframe. */
static int gather_due(const struct catch_up *catch_up, const struct beginning *beginning,
                      struct viewer ***due)
{
    int count = 0, room = 0;
    *due = NULL;
    const struct list *lists[] = {&catch_up->waiting, &catch_up->moving, &catch_up->catching};
    for (int at = 0; at < 3; at++) {
        list_each(link, lists[at]) {
            struct viewer *viewer = at == 1 ? list_entry(link, struct viewer, moving)
                                            : list_entry(link, struct viewer, place);
            bool is_here =
                at < 2 || (viewer_is_after_keyframe(viewer) && list_is_empty(&viewer->moving));
            if (!is_here || !is_due(beginning, viewer))
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

void catch_up_start_group(struct catch_up *catch_up, struct publisher *publisher,
                          struct track *track, uint16_t start, bool impatient, double now)
{
    struct beginning beginning = {publisher, track, impatient, now};
    struct viewer **viewers;
    int count = gather_due(catch_up, &beginning, &viewers), joined = 0;
    if (count > 0)
        sending_send(catch_up->sending, true);
    for (int at = 0; at < count; at++)
        if (enter(catch_up, viewers[at], track, start, now))
            viewers[joined++] = viewers[at];
    int length = ahead16(track->ring->highest, start) + 1;
    if (joined > 0 && length <= BATCH) {
        struct packet *packets[BATCH];
        int packet_count = 0;
        for (int at = 0; at < length; at++) {
            struct packet *packet = ring_get(track->ring, (uint16_t)(start + at));
            if (packet != NULL)
                packets[packet_count++] = packet;
        }
        int live = 0;
        for (int at = 0; at < joined; at++)
            if (!catch_up_goes_alone(viewers[at]) && !limits(viewers[at], publisher, now))
                viewers[live++] = viewers[at];
        for (int at = 0; at < live; at++)
            go_live(catch_up, viewers[at], publisher);
        sending_send_to(catch_up->sending, viewers, live, packets, packet_count);
    }
    free(viewers);
}

bool catch_up_start(struct catch_up *catch_up, struct viewer *viewer,
                    const struct publisher *on_air, double now)
{
    struct track *track = viewer->target;
    enum rung rung = quality_ladder_rung(&viewer->ladder);
    if (on_air == NULL || track == NULL || rung == RUNG_SOUND)
        return false;
    uint16_t start;
    bool answers = publisher_answers_requests(on_air);
    if (!ring_group_start(track->ring, &start) ||
        (viewer->spent == track && viewer->spent_start == start) || !viewer_can_play(viewer, track))
        return false;
    if (rung == RUNG_KEYFRAMES) {
        bool is_old = answers && now - track->ring->group_time > OLD_S;
        return !is_old && enter(catch_up, viewer, track, start, now);
    }
    if (viewer->link.state == LINK_WIDE)
        return ring_starts_in_group(track->ring, now, answers) &&
               enter(catch_up, viewer, track, start, now);
    double kbps = link_estimate_pace_kbps(&viewer->link, track->kbps, false);
    uint32_t octets = answers ? ring_octets_since(track->ring, start, kbps * 125 / 4) : 0;
    enum join join = pace_join_plan(octets, kbps, answers, track_keyframe_within_s(track, now));
    if (join == JOIN_WAIT || !enter(catch_up, viewer, track, start, now))
        return false;
    viewer->gently = join == JOIN_GENTLY;
    return true;
}

/* Return whether the link of a paced viewer carries this packet later than that. A keyframe always
 * goes out: it is a picture. */
static bool is_late(const struct ring *ring, const struct packet *packet, double most)
{
    return ahead32(ring->newest->timestamp, packet->timestamp) > most;
}

/* Return whether a packet is of what follows a viewer's keyframe, and none is newer. */
static bool follows(const struct viewer *viewer, const struct ring *ring,
                    const struct packet *packet)
{
    uint16_t start;
    return viewer_gets_more(viewer) && ring_group_start(ring, &start) && start == viewer->entered &&
           !is_late(ring, packet, AFTER_LATE);
}

/* The next part of what a viewer gets of its track, and what happens after it. */
struct part {
    struct packet *packets[BATCH];
    int count;
    uint32_t octets;
    bool gives_up; /* the link does not carry more of this group in time */
    bool is_shown; /* the keyframe of a viewer of keyframes alone is complete */
    bool is_over;  /* it gets nothing more of this group */
};

/* Take the next part of at most `room` octets, from the cursor on. */
static struct part take_part(struct viewer *viewer, const struct ring *ring, double room,
                             bool paced)
{
    struct part part = {0};
    bool still = viewer->rung == RUNG_KEYFRAMES;
    while (part.count < BATCH && part.octets < room && !part.is_shown &&
           ahead16(ring->highest, viewer->cursor) >= 0) {
        struct packet *packet = ring_get(ring, viewer->cursor);
        if (packet != NULL) {
            bool of_keyframe = viewer_is_of_keyframe(viewer, &viewer->epoch, packet);
            bool fewer = still || viewer->rung == RUNG_FEWER_FRAMES;
            part.is_over = still && !of_keyframe && !follows(viewer, ring, packet);
            if (part.is_over)
                break;
            if (!of_keyframe && epoch_leaves_out(&viewer->epoch, packet, fewer)) {
                /* What follows has other numbers. */
                if (part.count > 0)
                    break;
                epoch_leave_out(&viewer->epoch, packet);
                viewer->cursor++;
                continue;
            }
            part.gives_up = !still && paced && !of_keyframe && is_late(ring, packet, LATE);
            if (part.gives_up)
                break;
            if (part.count > 0 &&
                epoch_begins_anew(&viewer->epoch, part.packets[part.count - 1], packet))
                break;
            part.packets[part.count++] = packet;
            part.octets += packet->size;
            part.is_shown = still && of_keyframe && packet->marker;
        }
        viewer->cursor++;
    }
    return part;
}

void catch_up_send_part(struct catch_up *catch_up, struct viewer *viewer, struct publisher *on_air,
                        double now)
{
    if (on_air == NULL) {
        catch_up_wait(catch_up, viewer, false);
        return;
    }
    const struct ring *ring = viewer->epoch.track->ring;
    if (ahead16(ring->highest, viewer->cursor) >= RING_SIZE) {
        /* Catching up took so long that the ring has lost its next packet. */
        catch_up_wait(catch_up, viewer, false);
        return;
    }
    if (viewer->rung == RUNG_KEYFRAMES && now - viewer->began_at > KEYFRAME_MOST_S &&
        viewer_is_in_keyframe(viewer)) {
        quality_ladder_failed(&viewer->ladder, now);
        catch_up_give_up(catch_up, viewer);
        return;
    }
    /* Sound does not wait behind a keyframe alone. */
    if (viewer_queued_bytes(viewer) > (viewer->rung == RUNG_KEYFRAMES ? 0 : HELD_WHILE_CATCHING))
        return;
    viewer_note_group(viewer);
    struct link_estimate *link = &viewer->link;
    bool paced = catch_up_paces(viewer), more = viewer_gets_more(viewer);
    double room = INFINITY;
    bool limited = limits(viewer, on_air, now) || viewer->gently || link->state == LINK_UNKNOWN;
    bool trains = viewer->gently && link->state != LINK_NARROW && on_air->layer_count < 2;
    if (limited) {
        double kbps = link_estimate_pace_kbps(link, viewer->epoch.track->kbps, viewer->gently);
        bool is_after = viewer_is_after_keyframe(viewer);
        if (is_after) {
            kbps = link_estimate_lasting_kbps(link);
            kbps *= link->holds ? AFTER_SHARE : AFTER_DOUBTFUL;
        }
        if (trains)
            kbps = packet_train_pace_kbps(&viewer->train, kbps);
        room = pace_may_send(&link->pace, kbps, now, !is_after);
    }
    if (trains)
        room = fmax(room, packet_train_room(&viewer->train, now));
    struct part part = take_part(viewer, ring, room, paced);
    for (int at = 0; at < part.count; at++)
        epoch_leave(&viewer->epoch, part.packets[at]->timestamp);
    if (limited)
        pace_spent(&link->pace, part.octets);
    if (trains && packet_train_spent(&viewer->train, part.octets))
        catch_up_measure(catch_up, viewer);
    if (part.count > 0)
        sending_send_to(catch_up->sending, &viewer, 1, part.packets, part.count);
    if (part.gives_up) {
        if (publisher_is_lowest(on_air, viewer->epoch.track))
            quality_ladder_failed(&viewer->ladder, now);
        catch_up_step_down(viewer, now);
        catch_up_give_up(catch_up, viewer);
    } else if (part.is_shown || part.is_over) {
        if (link->state != LINK_WIDE && (part.is_shown || link->is_in_burst)) {
            link_estimate_measuring(link, now);
            catch_up_measure(catch_up, viewer);
        }
        if (part.is_over || !more)
            catch_up_end_keyframe(catch_up, viewer);
    } else if (!catch_up_goes_alone(viewer) && ahead16(ring->highest, viewer->cursor) < 0 &&
               !epoch_is_leaving_out(&viewer->epoch)) {
        go_live(catch_up, viewer, on_air);
    }
}
