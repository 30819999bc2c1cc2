/* Handles a publisher's packets. `track_demux` finds the track of each.
 *
 * Always holds: an accepted packet's track is one of `tracks`, also if the track was restarted. */
#include "ingest/receiver.h"

#include "base/decimal.h"
#include "ingest/track_demux.h"

/* Packets that begin a keyframe closer together than this belong to the same one. */
static const double KEYFRAMES_APART_S = 0.02;

/* Record that a keyframe begins with this packet; true if a group of pictures does. */
static bool keyframe_came(struct publisher *publisher, struct track *track,
                          const struct packet *packet, double now)
{
    if (track->has_keyframe && now - track->keyframe_at > KEYFRAMES_APART_S)
        publisher->health.keyframe_s = decimal_round(now - track->keyframe_at, 2);
    int answered = track_record_keyframe(track, now);
    if (answered >= 0)
        publisher->answered = answered == 1;
    struct picture_size size = codec_picture_size(track->codec, packet->payload, packet->size);
    if (size.width != 0) {
        track->size = size;
        if (track->layer == flow_highest(&publisher->flow))
            publisher->health.size = size;
    }
    if (publisher->health.objection == OBJECTION_NONE)
        publisher->health.objection = codec_objection(track->codec, packet->payload, packet->size);
    track_demux_sort_layers(publisher, now);
    return track_begins_group(track, packet->sequence, packet->timestamp, now);
}

/* Return whether a group of pictures begins with this video packet, or at its arrival. */
static bool begins_group(struct publisher *publisher, struct track *track,
                         const struct packet *packet, double now)
{
    if (codec_begins_keyframe(track->codec, packet->payload, packet->size))
        return keyframe_came(publisher, track, packet, now);
    /* A late or retransmitted packet may be the one that a held keyframe waits for. */
    return track->has_held && ahead16(packet->sequence, track->ring->highest) < 0 &&
           track_begins_group(track, track->held_sequence, track->held_timestamp, now);
}

/* What comes in. */

/* Record the capture time that a packet may carry (abs-capture-time). The long form adds by how
 * much the capturing system's clock is ahead of the sender's. */
static void record_capture(struct track *track, const struct rtp_packet *received, int id)
{
    static const double FRACTION = 4294967296.0;
    size_t size = 0;
    const uint8_t *value = rtp_extension(received, id, &size);
    if (value == NULL || (size != 8 && size != 16))
        return;
    double ahead = size == 16 ? (double)(int64_t)get64(value + 8) / FRACTION : 0;
    track->has_capture = true;
    track->capture = received->timestamp;
    track->captured_at = ntp_seconds(get64(value)) - ahead;
}

/* Restore a packet from RTX: the first two bytes are its sequence number (RFC 4588, section 4). */
static bool restore(struct publisher *publisher, const struct rtp_packet *received, double now,
                    struct taken *taken)
{
    if (received->size < 2)
        return false;
    uint16_t number = get16(received->payload);
    struct track *track = track_demux_restore(publisher, received, number);
    if (track == NULL)
        return false;
    struct packet *packet = track_add_repaired(track, received, now);
    if (packet == NULL)
        return false;
    *taken = (struct taken){track, packet, false};
    if (track->incoming->is_video)
        taken->began = begins_group(publisher, track, packet, now);
    return true;
}

bool receiver_take(struct publisher *publisher, const struct rtp_packet *received, double now,
                   double arrival, struct taken *taken)
{
    if (publisher->publishing->transport_cc >= 0 && received->extension != NULL) {
        size_t size = 0;
        const uint8_t *wide = rtp_extension(received, publisher->publishing->transport_cc, &size);
        if (wide != NULL && size >= 2)
            arrivals_add(&publisher->arrivals, get16(wide), arrival);
    }
    struct track *track = track_demux_known(publisher, received);
    if (track == NULL && track_demux_is_repair(publisher, received))
        return restore(publisher, received, now, taken);
    if (track == NULL)
        track = track_demux_begin(publisher, received, now);
    if (track == NULL)
        return false;
    struct packet *packet = track_add(track, received, now, arrival);
    if (packet == NULL && track->ended) {
        track = track_demux_renew(publisher, track, received, now);
        packet = track_add(track, received, now, arrival);
    }
    if (packet == NULL)
        return false;
    *taken = (struct taken){track, packet, false};
    if (track->incoming->is_video && publisher->publishing->capture_time >= 0)
        record_capture(track, received, publisher->publishing->capture_time);
    if (track->incoming->is_video)
        taken->began = begins_group(publisher, track, packet, now);
    else
        track->wrapped = track_demux_is_red(publisher, received);
    return true;
}
