/* Queues the packets of a track and writes them for each group of viewers.
 *
 * Always holds: the first `whole` queued packets belong to complete frames; each offset has at most
 * one splice. `catch_up` decides which viewers are on a forwarder, `sending` when its packets are
 * sent. */
#include "output/forwarder.h"

#include "base/memory.h"
#include "ingest/rtp_rewrite.h"

enum {
    /* Most packets of a frame differ by a byte or so; padded to one size they leave in one GSO
     * send. */
    PAD_MOST = 24,
    FLUSH_AT = 40,
};

bool rewrite_offset_equal(const struct rewrite_offset *a, const struct rewrite_offset *b)
{
    return a->sequence == b->sequence && a->timestamp == b->timestamp &&
           a->payload_type == b->payload_type && a->pictures.codec == b->pictures.codec &&
           a->pictures.picture == b->pictures.picture && a->pictures.base == b->pictures.base;
}

struct forwarder *forwarder_new(struct publisher *publisher, struct track *track)
{
    struct forwarder *forwarder = memory_new(sizeof *forwarder);
    list_init(&forwarder->link);
    list_init(&forwarder->members);
    forwarder->publisher = publisher;
    forwarder->track = track_hold(track);
    return forwarder;
}

void forwarder_free(struct forwarder *forwarder)
{
    for (int at = 0; at < forwarder->pending_count; at++)
        packet_release(forwarder->pending[at]);
    free(forwarder->pending);
    track_release(forwarder->track);
    free(forwarder);
}

void forwarder_add(struct forwarder *forwarder, struct packet *packet)
{
    if (forwarder->pending_count == forwarder->pending_room) {
        forwarder->pending_room = forwarder->pending_room ? 2 * forwarder->pending_room : FLUSH_AT;
        forwarder->pending = memory_grow(forwarder->pending, (size_t)forwarder->pending_room,
                                         sizeof *forwarder->pending);
    }
    forwarder->pending[forwarder->pending_count++] = packet_hold(packet);
    if (packet->marker || forwarder->pending_count - forwarder->whole >= FLUSH_AT)
        forwarder->whole = forwarder->pending_count;
}

void forwarder_drop(struct forwarder *forwarder, int count)
{
    for (int at = 0; at < count; at++)
        packet_release(forwarder->pending[at]);
    forwarder->pending_count -= count;
    for (int at = 0; at < forwarder->pending_count; at++)
        forwarder->pending[at] = forwarder->pending[at + count];
    forwarder->whole = forwarder->whole > count ? forwarder->whole - count : 0;
}

static int forwarder_find_seam(const struct forwarder *forwarder,
                               const struct rewrite_offset *offset)
{
    for (int at = 0; at < forwarder->splice_count; at++)
        if (rewrite_offset_equal(&forwarder->splices[at].offset, offset))
            return at;
    return -1;
}

/* Return whether the ring spans this splice: once it has gone round, late packets can't fall before
 * it, and sequence numbers wrap around. */
static bool forwarder_spans(const struct forwarder *forwarder, uint16_t start)
{
    int since = ahead16(forwarder->track->ring->highest, start);
    return since >= 0 && since < RING_SIZE;
}

void forwarder_begin(struct forwarder *forwarder, const struct rewrite_offset *offset,
                     uint16_t start)
{
    forwarder_forget_splices(forwarder);
    int at = forwarder_find_seam(forwarder, offset);
    /* Who goes on live after a while begins long ago: the newest splice stays. */
    if (at >= 0 && ahead16(forwarder->splices[at].start, start) > 0)
        start = forwarder->splices[at].start;
    /* If there are too many, the oldest splice is dropped: viewers with its offset then get nothing
     * from before the newest one. */
    if (at < 0 && forwarder->splice_count == SPLICES_MOST) {
        at = 0;
        forwarder->gave_up = true;
    }
    if (at >= 0) {
        forwarder->splice_count--;
        memmove(&forwarder->splices[at], &forwarder->splices[at + 1],
                (size_t)(forwarder->splice_count - at) * sizeof forwarder->splices[0]);
    }
    if (!forwarder_spans(forwarder, forwarder->splice_at) ||
        ahead16(start, forwarder->splice_at) > 0)
        forwarder->splice_at = start;
    forwarder->splices[forwarder->splice_count++] = (struct splice){*offset, start};
}

void forwarder_forget_splices(struct forwarder *forwarder)
{
    int kept = 0;
    for (int at = 0; at < forwarder->splice_count; at++)
        if (forwarder_spans(forwarder, forwarder->splices[at].start))
            forwarder->splices[kept++] = forwarder->splices[at];
    forwarder->splice_count = kept;
    forwarder->gave_up = forwarder->gave_up && forwarder_spans(forwarder, forwarder->splice_at);
}

/* How packets are written: `since`, if not NULL, is the first sequence number to write; `live`, if
 * not NULL, is where live begins. */
struct manner {
    const struct rewrite_offset *offset;
    uint32_t ssrc;
    const uint16_t *since;
    const uint32_t *live;
};

static void forwarder_write_one(struct packet_batch *batch, const struct packet *packet,
                                size_t padding, const struct manner *manner)
{
    const struct rewrite_offset *offset = manner->offset;
    uint8_t *out = packet_batch_add(batch, RTP_HEADER + packet->size + padding);
    if (out == NULL)
        return;
    uint32_t timestamp = packet->timestamp;
    if (manner->live != NULL)
        timestamp = rtp_rewrite_compress(timestamp, *manner->live);
    rtp_head(out, padding > 0, offset->payload_type, packet->marker,
             (uint16_t)(packet->sequence + offset->sequence), timestamp + offset->timestamp,
             manner->ssrc);
    uint8_t *payload = out + RTP_HEADER;
    memcpy(payload, packet->payload, packet->size);
    if (offset->pictures.codec)
        picture_id_move(payload, packet->size, offset->pictures);
    if (padding > 0) {
        memset(payload + packet->size, 0, padding - 1);
        payload[packet->size + padding - 1] = (uint8_t)padding;
    }
}

static void forwarder_write_each(struct packet_batch *batch, struct packet *const *packets,
                                 int count, const struct manner *manner)
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
        forwarder_write_one(batch, packets[at], shorter <= PAD_MOST ? shorter : 0, manner);
    }
}

void forwarder_write(struct packet_batch *batch, struct packet *const *packets, int count,
                     const struct rewrite_offset *offset, uint32_t ssrc, const uint32_t *live)
{
    forwarder_write_each(batch, packets, count, &(struct manner){offset, ssrc, NULL, live});
}

void forwarder_write_gathered(struct packet_batch *batch, const struct forwarder *forwarder,
                              int count, const struct rewrite_offset *offset, uint32_t ssrc)
{
    int splice = forwarder_find_seam(forwarder, offset);
    const uint16_t *since = splice < 0 ? NULL : &forwarder->splices[splice].start;
    if (splice < 0 && forwarder->gave_up)
        since = &forwarder->splice_at;
    forwarder_write_each(batch, forwarder->pending, count,
                         &(struct manner){offset, ssrc, since, NULL});
}
