/* A burst: plain packets that a group of viewers gets with the same bytes, written once.
 *
 * Owns its bytes. Never changed after it was handed over; several threads may hold it. */
#ifndef FARMLIVE_PACKET_BATCH_H
#define FARMLIVE_PACKET_BATCH_H

#include <stdatomic.h>

#include "base/bytes.h"

/* The largest plain packet that is relayed, in bytes, and its room: whole lines of the cache. */
enum { PACKET_MOST = 1504, PACKET_ROOM = 24 * 64 };

struct burst {
    atomic_uint holders;
    int count, room;
    uint16_t *sizes; /* of each packet; packet `n` begins at n * PACKET_ROOM */
    uint8_t *data;
};

/* An empty one with room for this number of packets, and one holder. */
struct burst *burst_new(int room);
/* Where the next packet of this size, at most PACKET_MOST, is written; NULL where it is too large
 * or no room is left. */
uint8_t *burst_add(struct burst *burst, size_t size);
static inline const uint8_t *burst_at(const struct burst *burst, int number)
{
    return burst->data + (size_t)number * PACKET_ROOM;
}
void burst_release(struct burst *burst);

#endif
