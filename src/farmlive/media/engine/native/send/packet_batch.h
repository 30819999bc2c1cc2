/* A batch: plain packets that a group of viewers gets with the same bytes, written once.
 *
 * Owns its bytes. It never changes after it is passed on; several threads may hold it. */
#ifndef FARMLIVE_PACKET_BATCH_H
#define FARMLIVE_PACKET_BATCH_H

#include <stdatomic.h>

#include "base/bytes.h"

/* The largest plain packet that is relayed, in bytes, and its slot: whole cache lines. */
enum { PACKET_MOST = 1504, PACKET_ROOM = 24 * 64 };

struct packet_batch {
    atomic_uint holders;
    int count, room;
    uint16_t *sizes; /* of each packet; packet `n` begins at n * PACKET_ROOM */
    uint8_t *data;
};

/* Return an empty batch with slots for this number of packets, and one reference. */
struct packet_batch *packet_batch_new(int room);
/* Return where to write the next packet of this size, at most PACKET_MOST; NULL if it is too large
 * or no slot is left. */
uint8_t *packet_batch_add(struct packet_batch *batch, size_t size);
static inline const uint8_t *packet_batch_at(const struct packet_batch *batch, int number)
{
    return batch->data + (size_t)number * PACKET_ROOM;
}
void packet_batch_release(struct packet_batch *batch);

#endif
