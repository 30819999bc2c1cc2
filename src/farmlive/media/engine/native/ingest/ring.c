/* The ring: stores packets in their slots, and the start of the current group of pictures.
 *
 * Always holds: each slot and `newest` hold their packet; a packet with sequence number n is in the
 * slot n modulo the size. `track` finds keyframes. */
#include "ingest/ring.h"

#include "base/memory.h"

/* The most age, or packets, of a group that a late joiner gets. */
static const double YOUNG_S = 1.0;
enum { SHORT = 200 };

/* How many packets of a keyframe's frame are looked at. */
enum { LOOKED_BACK = 512 };

struct packet *packet_new(uint16_t sequence, uint32_t timestamp, bool marker,
                          const uint8_t *payload, size_t size)
{
    struct packet *packet = memory_checked(malloc(sizeof *packet + size));
    packet->holders = 1;
    packet->timestamp = timestamp;
    packet->sequence = sequence;
    packet->size = (uint16_t)size;
    packet->marker = marker;
    packet->disposable = false;
    if (size > 0)
        memcpy(packet->payload, payload, size);
    return packet;
}

void packet_release(struct packet *packet)
{
    if (packet != NULL && --packet->holders == 0)
        free(packet);
}

void ring_init(struct ring *ring) { *ring = (struct ring){0}; }

void ring_clear(struct ring *ring)
{
    for (int at = 0; at < RING_SIZE; at++)
        packet_release(ring->slots[at]);
    packet_release(ring->newest);
    ring_init(ring);
}

void ring_put(struct ring *ring, struct packet *packet)
{
    int distance = ahead16(packet->sequence, ring->highest);
    if (distance > 0 || ring->newest == NULL) {
        packet_release(ring->newest);
        ring->newest = packet_hold(packet);
        ring->highest = packet->sequence;
        /* Check now, while the distance is unambiguous: sequence numbers wrap around. */
        if (ahead16(ring->highest, ring->start) >= RING_SIZE)
            ring->has_group = false;
    } else if (distance <= -RING_SIZE) {
        return;
    }
    struct packet **slot = &ring->slots[packet->sequence & (RING_SIZE - 1)];
    packet_hold(packet);
    packet_release(*slot);
    *slot = packet;
}

bool ring_has_begun(const struct ring *ring, uint16_t sequence, uint32_t timestamp)
{
    const struct packet *first = ring->has_group ? ring_get(ring, ring->start) : NULL;
    return first != NULL && first->timestamp == timestamp && ahead16(sequence, first->sequence) > 0;
}

uint16_t ring_frame_start(const struct ring *ring, uint16_t sequence, uint32_t timestamp)
{
    for (int steps = 0; steps < LOOKED_BACK; steps++) {
        const struct packet *before = ring_get(ring, (uint16_t)(sequence - 1));
        if (before == NULL || before->timestamp != timestamp)
            break;
        sequence = before->sequence;
    }
    return sequence;
}

/* Return the payload octets of the frame that begins there, as far as it came. */
static uint32_t frame_octets(const struct ring *ring, uint16_t start)
{
    const struct packet *first = ring_get(ring, start);
    uint32_t octets = 0;
    for (int at = 0; at < LOOKED_BACK; at++) {
        const struct packet *packet = ring_get(ring, (uint16_t)(start + at));
        if (packet == NULL || first == NULL || packet->timestamp != first->timestamp)
            break;
        octets += packet->size;
    }
    return octets;
}

bool ring_begin_group(struct ring *ring, uint16_t sequence, uint32_t timestamp, double now)
{
    /* Earlier packets of that frame, such as parameter sets and delimiters, belong to the group.
     * The packet may be late: newer packets then follow it. */
    uint16_t start = ring_frame_start(ring, sequence, timestamp);
    if (ahead16(ring->highest, start) >= RING_SIZE ||
        (ring->has_group && ahead16(start, ring->start) <= 0))
        return false;
    if (ring->has_group)
        ring->keyframe_octets = frame_octets(ring, ring->start);
    ring->has_group = true;
    ring->start = start;
    ring->group_time = now;
    return true;
}

bool ring_group_start(const struct ring *ring, uint16_t *start)
{
    *start = ring->start;
    return ring->has_group;
}

bool ring_starts_in_group(const struct ring *ring, double now, bool answers_requests)
{
    uint16_t start;
    if (!ring_group_start(ring, &start))
        return false;
    if (!answers_requests)
        return true;
    return now - ring->group_time <= YOUNG_S || ahead16(ring->highest, start) < SHORT;
}

uint32_t ring_octets_since(const struct ring *ring, uint16_t start, double most)
{
    uint32_t octets = 0;
    int count = ahead16(ring->highest, start) + 1;
    for (int at = 0; at < count && octets <= most; at++) {
        const struct packet *packet = ring_get(ring, (uint16_t)(start + at));
        octets += packet != NULL ? packet->size : 0;
    }
    return octets;
}
