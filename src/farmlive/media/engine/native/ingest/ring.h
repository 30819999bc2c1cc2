/* The ring: the last 4,096 packets of a stream in plain text. It answers every viewer's NACKs and
 * gives a late joiner the current group of pictures. As `farmlive.media.engine.python.ring`.
 *
 * Always holds: a packet that `ring_get` returns has the number asked for; the group's start is the
 * number of a keyframe's first packet that the ring still spans, or there is none. */
#ifndef FARMLIVE_RING_H
#define FARMLIVE_RING_H

#include "wire/rtp.h"

enum { RING_SIZE = 4096 };

/* One packet of a stream, without its padding, CSRCs and extensions. */
struct packet {
    unsigned holders;
    uint32_t timestamp;
    uint16_t sequence, size;
    bool marker;
    uint8_t payload[];
};

/* A packet with one holder. */
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
    struct packet *newest; /* the packet with the highest number; the ring holds it */
    uint16_t highest;
    bool has_group;
    uint16_t start;
    double group_time;
};

void ring_init(struct ring *ring);
void ring_clear(struct ring *ring);

/* Keep a packet; one that is older than what the ring spans is left out. */
void ring_put(struct ring *ring, struct packet *packet);

/* The packet with this number, or NULL where it is not here any more. */
static inline struct packet *ring_get(const struct ring *ring, uint16_t sequence)
{
    struct packet *packet = ring->slots[sequence & (RING_SIZE - 1)];
    return packet != NULL && packet->sequence == sequence ? packet : NULL;
}

/* Whether the current group began with the frame of this timestamp, before this packet. */
bool ring_has_begun(const struct ring *ring, uint16_t sequence, uint32_t timestamp);

/* Number of the first packet of the frame with this packet, as far as it came. */
uint16_t ring_frame_start(const struct ring *ring, uint16_t sequence, uint32_t timestamp);

/* A decoder can start with this packet's frame; true where a new group begins with it. */
bool ring_begin_group(struct ring *ring, uint16_t sequence, uint32_t timestamp, double now);

/* Number of the first packet of the current group; false when it is gone. */
bool ring_group_start(const struct ring *ring, uint16_t *start);

/* Whether a late joiner gets the current group at once: it is at most a second old or 200 packets
 * long, or the source does not answer requests for a keyframe. */
bool ring_starts_in_group(const struct ring *ring, double now, bool answers_requests);

#endif
