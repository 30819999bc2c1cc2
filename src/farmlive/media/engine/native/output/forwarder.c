/* Gathers the packets of a track and writes them for each group of viewers.
 *
 * Always holds: the first `whole` gathered packets are of frames that may leave; each shift has at
 * most one seam. `catch_up` decides who is on a lane, `sending` when its packets leave. */
#include "output/forwarder.h"

#include "base/memory.h"
#include "ingest/rtp_rewrite.h"

enum {
    /* Packets of a frame differ by a byte or so; padded to one size they leave in one send. */
    PAD_MOST = 24,
    FLUSH_AT = 40,
};

bool shift_equal(const struct shift *a, const struct shift *b)
{
    return a->sequence == b->sequence && a->timestamp == b->timestamp &&
           a->payload_type == b->payload_type && a->pictures.codec == b->pictures.codec &&
           a->pictures.picture == b->pictures.picture && a->pictures.base == b->pictures.base;
}

struct lane *lane_new(struct publisher *publisher, struct track *track)
{
    struct lane *lane = memory_new(sizeof *lane);
    list_init(&lane->link);
    list_init(&lane->members);
    lane->publisher = publisher;
    lane->track = track_hold(track);
    return lane;
}

void lane_free(struct lane *lane)
{
    for (int at = 0; at < lane->pending_count; at++)
        packet_release(lane->pending[at]);
    free(lane->pending);
    track_release(lane->track);
    free(lane);
}

void lane_add(struct lane *lane, struct packet *packet)
{
    if (lane->pending_count == lane->pending_room) {
        lane->pending_room = lane->pending_room ? 2 * lane->pending_room : FLUSH_AT;
        lane->pending =
            memory_grow(lane->pending, (size_t)lane->pending_room, sizeof *lane->pending);
    }
    lane->pending[lane->pending_count++] = packet_hold(packet);
    if (packet->marker || lane->pending_count - lane->whole >= FLUSH_AT)
        lane->whole = lane->pending_count;
}

void lane_drop(struct lane *lane, int count)
{
    for (int at = 0; at < count; at++)
        packet_release(lane->pending[at]);
    lane->pending_count -= count;
    for (int at = 0; at < lane->pending_count; at++)
        lane->pending[at] = lane->pending[at + count];
    lane->whole = lane->whole > count ? lane->whole - count : 0;
}

static int lane_find_seam(const struct lane *lane, const struct shift *shift)
{
    for (int at = 0; at < lane->seam_count; at++)
        if (shift_equal(&lane->seams[at].shift, shift))
            return at;
    return -1;
}

void lane_begin(struct lane *lane, const struct shift *shift, uint16_t start)
{
    int at = lane_find_seam(lane, shift);
    /* Where there are too many, the oldest is given up: who has it, gets nothing any more from
     * before the newest one. */
    if (at < 0 && lane->seam_count == SEAMS_MOST) {
        at = 0;
        lane->gave_up = true;
    }
    if (at >= 0) {
        lane->seam_count--;
        memmove(&lane->seams[at], &lane->seams[at + 1],
                (size_t)(lane->seam_count - at) * sizeof lane->seams[0]);
    }
    lane->seams[lane->seam_count++] = (struct seam){*shift, start};
    lane->seam_at = start;
}

void lane_forget_seams(struct lane *lane)
{
    /* A seam is safe from what comes late once the ring has gone round. */
    int since = ahead16(lane->track->ring->highest, lane->seam_at);
    if (since < 0 || since >= RING_SIZE) {
        lane->seam_count = 0;
        lane->gave_up = false;
    }
}

/* How packets are written: `since`, where it is not NULL, is the first number of those that are;
 * `live`, where it is not NULL, is where live begins. */
struct manner {
    const struct shift *shift;
    uint32_t ssrc;
    const uint16_t *since;
    const uint32_t *live;
};

static void lane_write_one(struct burst *burst, const struct packet *packet, size_t padding,
                           const struct manner *manner)
{
    const struct shift *shift = manner->shift;
    uint8_t *out = burst_add(burst, RTP_HEADER + packet->size + padding);
    if (out == NULL)
        return;
    uint32_t timestamp = packet->timestamp;
    if (manner->live != NULL)
        timestamp = rewrite_squeeze(timestamp, *manner->live);
    rtp_head(out, padding > 0, shift->payload_type, packet->marker,
             (uint16_t)(packet->sequence + shift->sequence), timestamp + shift->timestamp,
             manner->ssrc);
    uint8_t *payload = out + RTP_HEADER;
    memcpy(payload, packet->payload, packet->size);
    if (shift->pictures.codec)
        pictures_move(payload, packet->size, shift->pictures);
    if (padding > 0) {
        memset(payload + packet->size, 0, padding - 1);
        payload[packet->size + padding - 1] = (uint8_t)padding;
    }
}

static void lane_write_each(struct burst *burst, struct packet *const *packets, int count,
                            const struct manner *manner)
{
    const uint16_t *since = manner->since;
    size_t longest = 0;
    for (int at = 0; at < count; at++)
        if (since == NULL || ahead16(packets[at]->sequence, *since) >= 0)
            longest = packets[at]->size > longest ? packets[at]->size : longest;
    for (int at = 0; at < count; at++) {
        if (since != NULL && ahead16(packets[at]->sequence, *since) < 0)
            continue;
        size_t shorter = longest - packets[at]->size;
        lane_write_one(burst, packets[at], shorter <= PAD_MOST ? shorter : 0, manner);
    }
}

void lane_write(struct burst *burst, struct packet *const *packets, int count,
                const struct shift *shift, uint32_t ssrc, const uint32_t *live)
{
    lane_write_each(burst, packets, count, &(struct manner){shift, ssrc, NULL, live});
}

void lane_write_gathered(struct burst *burst, const struct lane *lane, int count,
                         const struct shift *shift, uint32_t ssrc)
{
    int seam = lane_find_seam(lane, shift);
    const uint16_t *since = seam < 0 ? NULL : &lane->seams[seam].start;
    if (seam < 0 && lane->gave_up)
        since = &lane->seam_at;
    lane_write_each(burst, lane->pending, count, &(struct manner){shift, ssrc, since, NULL});
}
