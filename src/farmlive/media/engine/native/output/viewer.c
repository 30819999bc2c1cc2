/* One viewer: the stretches of tracks that make up its video, kept for its NACKs.
 *
 * Always holds: the epoch and each past one hold their track. */
#include "output/viewer.h"

#include <math.h>

#include "base/memory.h"

/* A stretch that ended this long ago is not requested any more. */
static const double PAST_S = 5.0;
/* At most this many padding-only packets follow each other. */
enum { PADDING_MOST = 32 };

/* On a link that carries less, a keyframe and the sound are enough. */
static const double MORE_KBPS = 250.0;

struct viewer *viewer_new(uint64_t peer, const struct viewing *viewing, struct leg *leg,
                          struct backpressure backpressure, uint16_t rtx_sequence, double now,
                          bool controlled)
{
    struct viewer *viewer = memory_new(sizeof *viewer);
    list_init(&viewer->all);
    list_init(&viewer->place);
    list_init(&viewer->moving);
    list_init(&viewer->probing);
    list_init(&viewer->measuring);
    viewer->peer = peer;
    viewer->viewing = *viewing;
    viewer->leg = leg;
    viewer->backpressure = backpressure;
    slow_viewer_init(&viewer->slow, viewing->exempt);
    choice_init(&viewer->choice, now, peer);
    link_estimate_init(&viewer->link, now, controlled && !viewing->exempt);
    viewer->adapts = !viewing->exempt;
    quality_ladder_init(&viewer->ladder);
    viewer->began_at = now;
    viewer->hurried_at = -HUGE_VAL;
    packet_train_init(&viewer->train, now);
    viewer->rtx_sequence = rtx_sequence;
    viewer->rtx_left = RTX_PER_S;
    viewer->nacked_left = NACKED_PER_S;
    return viewer;
}

void viewer_free(struct viewer *viewer)
{
    if (viewer->has_epoch)
        epoch_release(&viewer->epoch);
    for (int at = 0; at < viewer->past_count; at++)
        epoch_release(&viewer->past[at]);
    viewer_spend(viewer, false);
    link_estimate_clear(&viewer->link);
    free(viewer);
}

void viewer_moved(struct viewer *viewer, bool by_udp, double now)
{
    struct link_estimate *link = &viewer->link;
    bool controlled = viewer->adapts && by_udp;
    viewer->slow.overflowed = false;
    if (controlled == link->controlled) {
        link_estimate_forget_route(link);
        return;
    }
    struct shared_delay *shared_delay = link->proof.shared_delay;
    link_estimate_clear(link);
    link_estimate_init(link, now, controlled);
    link_estimate_share(link, shared_delay);
    link_estimate_begin_burst(link, viewer_video(viewer).packets, now);
}

size_t viewer_queued_bytes(const struct viewer *viewer)
{
    return viewer->backpressure.held(viewer->backpressure.context);
}

bool viewer_may_resume(const struct viewer *viewer, double now)
{
    return !viewer->slow.is_down ||
           slow_viewer_may_resume(&viewer->slow, viewer_queued_bytes(viewer), now);
}

enum rung viewer_gets(const struct viewer *viewer)
{
    return viewer->slow.is_down ? RUNG_SOUND : viewer->rung;
}

bool viewer_repeats(const struct viewer *viewer)
{
    return viewer->has_epoch && viewer->epoch.terms.retransmission >= 0;
}

bool viewer_can_play(const struct viewer *viewer, const struct track *track)
{
    const struct viewing *viewing = &viewer->viewing;
    return viewing_of(viewing->video, viewing->video_count, track->codec) != NULL;
}

bool viewer_hears(const struct viewer *viewer, uint8_t payload_type)
{
    for (int at = 0; at < viewer->viewing.audio_count; at++) {
        const struct outgoing *each = &viewer->viewing.audio[at];
        if (each->payload_type == payload_type || each->red == payload_type)
            return true;
    }
    return false;
}

/* Return the last packet with a payload, at most a few back: others carry no picture id. */
static const struct packet *last_picture(const struct ring *ring)
{
    for (int back = 0; back < PADDING_MOST; back++) {
        const struct packet *packet = ring_get(ring, (uint16_t)(ring->highest - back));
        if (packet != NULL && packet->size > 0)
            return packet;
    }
    return ring->newest;
}

/* Note the last timestamp that it was sent, after the source's number `sent`. */
static void note_latest(struct viewer *viewer, uint16_t sent)
{
    const struct epoch *epoch = &viewer->epoch;
    bool is_empty = ahead16((uint16_t)(sent + epoch->offset.sequence), epoch->first) < 0;
    if (is_empty && viewer->has_last)
        return;
    const struct packet *packet = ring_get(epoch->track->ring, sent);
    if (packet == NULL)
        packet = epoch->track->ring->newest;
    viewer->last_latest = epoch_timestamp(epoch, packet->timestamp) + epoch->offset.timestamp;
}

/* Record where the epoch ends in the viewer's numbers, if it sent anything. */
static void note_last(struct viewer *viewer, uint16_t sent)
{
    const struct epoch *epoch = &viewer->epoch;
    const struct packet *newest = epoch->track->ring->newest;
    if (newest == NULL)
        return;
    const struct packet *picture = last_picture(epoch->track->ring);
    uint8_t payload[PACKET_MOST];
    size_t size = picture->size < PACKET_MOST ? picture->size : PACKET_MOST;
    memcpy(payload, picture->payload, size);
    picture_id_move(payload, size, epoch->offset.pictures);
    note_latest(viewer, sent);
    viewer->has_last = true;
    viewer->last_sequence = (uint16_t)(sent + epoch->offset.sequence);
    viewer->last_timestamp = newest->timestamp + epoch->offset.timestamp - epoch->lead;
    viewer->last_pictures = picture_id_read(epoch->track->codec, payload, size);
    viewer->last_at = epoch->track->last_at;
}

void viewer_count_sent(struct viewer *viewer, uint32_t packets, uint32_t octets)
{
    viewer->video.packets += packets;
    viewer->video.octets += octets;
}

void viewer_go_live(struct viewer *viewer, struct forwarder *forwarder)
{
    viewer->is = VIEWER_LIVE;
    viewer->forwarder = forwarder;
    viewer_count_sent(viewer, -(uint32_t)forwarder->track->packets,
                      -(uint32_t)forwarder->track->octets);
}

void viewer_note_group(struct viewer *viewer)
{
    uint16_t start;
    if (viewer->has_epoch && ring_group_start(viewer->epoch.track->ring, &start) &&
        (viewer->is != VIEWER_CATCHING || ahead16(viewer->cursor, start) > 0))
        viewer->entered = start;
}

bool viewer_is_tried(const struct viewer *viewer)
{
    return viewer->link.state == LINK_NARROW && viewer->rung < RUNG_KEYFRAMES;
}

bool viewer_gets_more(const struct viewer *viewer)
{
    return viewer->link.state == LINK_NARROW && viewer->link.kbps >= MORE_KBPS &&
           viewer->rung == RUNG_KEYFRAMES && viewer->ladder.most < RUNG_KEYFRAMES;
}

bool viewer_is_of_keyframe(const struct viewer *viewer, const struct epoch *epoch,
                           const struct packet *packet)
{
    const struct packet *first = ring_get(epoch->track->ring, viewer->entered);
    return first != NULL && first->timestamp == packet->timestamp;
}

bool viewer_is_in_keyframe(const struct viewer *viewer)
{
    if (!viewer->has_epoch || viewer->is != VIEWER_CATCHING)
        return false;
    const struct ring *ring = viewer->epoch.track->ring;
    const struct packet *first = ring_get(ring, viewer->entered);
    const struct packet *last = ring_get(ring, (uint16_t)(viewer->cursor - 1));
    if (viewer->cursor == viewer->entered || first == NULL)
        return first != NULL;
    return last != NULL && last->timestamp == first->timestamp && !last->marker;
}

bool viewer_is_after_keyframe(const struct viewer *viewer)
{
    return viewer_gets_more(viewer) && viewer->is == VIEWER_CATCHING &&
           !viewer_is_in_keyframe(viewer);
}

void viewer_leave_live(struct viewer *viewer)
{
    viewer->video = viewer_video(viewer);
    viewer->forwarder = NULL;
    viewer->is = VIEWER_CATCHING;
    viewer->cursor = (uint16_t)(viewer->epoch.track->ring->highest + 1);
}

void viewer_spend(struct viewer *viewer, bool spent)
{
    if (viewer->spent != NULL)
        track_release(viewer->spent);
    viewer->spent = spent ? track_hold(viewer->epoch.track) : NULL;
    viewer->spent_start = viewer->entered;
}

double viewer_stream_kbps(const struct viewer *viewer)
{
    const struct track *track = viewer->has_epoch ? viewer->epoch.track : viewer->target;
    return track == NULL ? 0 : track->kbps;
}

struct sent viewer_video(const struct viewer *viewer)
{
    struct sent sent = viewer->video;
    if (viewer->forwarder != NULL) {
        sent.packets += (uint32_t)viewer->forwarder->track->packets;
        sent.octets += (uint32_t)viewer->forwarder->track->octets;
    }
    return sent;
}

void viewer_end_epoch(struct viewer *viewer, uint16_t sent, bool muted)
{
    if (!viewer->has_epoch)
        return;
    note_last(viewer, sent);
    viewer->epoch.has_ended = true;
    viewer->epoch.until = viewer->epoch.track->last_at;
    viewer->epoch.muted = muted;
    if (viewer->past_count == EPOCHS_MOST) {
        epoch_release(&viewer->past[0]);
        viewer->past_count--;
        memmove(viewer->past, viewer->past + 1,
                (size_t)viewer->past_count * sizeof viewer->past[0]);
    }
    viewer->past[viewer->past_count++] = viewer->epoch;
    viewer->has_epoch = false;
    viewer->video = viewer_video(viewer);
    viewer->forwarder = NULL;
}

struct epoch *viewer_epoch_of(struct viewer *viewer, uint16_t sequence)
{
    if (viewer->has_epoch && ahead16(sequence, viewer->epoch.first) >= 0)
        return &viewer->epoch;
    for (int at = viewer->past_count - 1; at >= 0; at--)
        if (ahead16(sequence, viewer->past[at].first) >= 0)
            return &viewer->past[at];
    return NULL;
}

void viewer_forget_past(struct viewer *viewer, double now)
{
    if (viewer->has_epoch)
        epoch_forget_first(&viewer->epoch);
    int kept = 0;
    for (int at = 0; at < viewer->past_count; at++) {
        struct epoch *epoch = &viewer->past[at];
        if (epoch->has_ended && now - epoch->until >= PAST_S)
            epoch_release(epoch);
        else
            viewer->past[kept++] = *epoch;
    }
    viewer->past_count = kept;
}
