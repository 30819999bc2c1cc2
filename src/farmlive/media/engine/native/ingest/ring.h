/* The ring: the last 4,096 packets of a stream in plain text. It answers every viewer's NACKs and
 * gives a late joiner the current group of pictures. As `farmlive.media.engine.python.ingest.ring`.
 *
 * Always holds: a packet that `ring_get` returns has the number asked for; the group's start is the
 * number of a keyframe's first packet that the ring still spans, or there is none. */
#ifndef FARMLIVE_RING_H
#define FARMLIVE_RING_H

#include "wire/rtp.h"

enum { RING_SIZE = 4096 };

/* One packet of a stream, without its padding, CSRCs and extensions. `disposable`: no other frame
 * refers to the packet's frame. */
struct packet {
    unsigned holders;
    uint32_t timestamp;
    uint16_t sequence, size;
    bool marker, disposable;
    uint8_t payload[];
};

/* Return a packet with one reference. */
struct packet *packet_new(uint16_t sequence, uint32_t timestamp, bool marker,
                          const uint8_t *payload, size_t size);
static inline struct packet *packet_hold(struct packet *packet)
{
    packet->holders++;
    return packet;
}
void packet_release(struct packet *packet);

struct ring {
    struct packet *slots[RING_SIZE];
    struct packet *newest; /* the packet with the highest sequence number; the ring holds it */
    uint16_t highest;
    bool has_group;
    uint16_t start;
    double group_time;
    uint32_t keyframe_octets; /* of the last keyframe before the current one, or 0 */
};

void ring_init(struct ring *ring);
void ring_clear(struct ring *ring);

/* Keep a packet, unless it is older than what the ring spans. */
void ring_put(struct ring *ring, struct packet *packet);

/* Return the payload octets from this sequence number on; counting ends above `most`. */
uint32_t ring_octets_since(const struct ring *ring, uint16_t start, double most);

/* Return the packet with this sequence number, or NULL once it is gone. */
static inline struct packet *ring_get(const struct ring *ring, uint16_t sequence)
{
    struct packet *packet = ring->slots[sequence & (RING_SIZE - 1)];
    return packet != NULL && packet->sequence == sequence ? packet : NULL;
}

/* Return whether the current group began with an earlier packet of this timestamp's frame. */
bool ring_has_begun(const struct ring *ring, uint16_t sequence, uint32_t timestamp);

/* Return the sequence number of the first packet of this packet's frame, among those that came. */
uint16_t ring_frame_start(const struct ring *ring, uint16_t sequence, uint32_t timestamp);

/* Begin a group at this packet's frame, where a decoder can start; true if it is a new group. */
bool ring_begin_group(struct ring *ring, uint16_t sequence, uint32_t timestamp, double now);

/* Get the sequence number of the current group's first packet; false once the ring has lost it. */
bool ring_group_start(const struct ring *ring, uint16_t *start);

/* Return whether a late joiner gets the current group at once: it is at most a second old or 200
 * packets long, or the source does not answer keyframe requests. */
bool ring_starts_in_group(const struct ring *ring, double now, bool answers_requests);

#endif
