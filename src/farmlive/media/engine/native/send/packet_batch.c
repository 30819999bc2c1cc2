/* Batches: packets in slots of one size, written by one thread and then read by several.
 *
 * Always holds: nothing is added once there is a second reference; the last release, in whichever
 * thread, frees it. `senders` protects and sends. */
#include "send/packet_batch.h"

#include "base/memory.h"

struct packet_batch *packet_batch_new(int room)
{
    /* One allocation has the head, then the sizes, then the slots, which stay uninitialized because
     * only written parts are read. */
    size_t sizes = (size_t)room * sizeof(uint16_t);
    struct packet_batch *batch =
        memory_checked(malloc(sizeof *batch + sizes + (size_t)room * PACKET_ROOM));
    atomic_init(&batch->holders, 1);
    batch->count = 0;
    batch->room = room;
    batch->sizes = (uint16_t *)(batch + 1);
    batch->data = (uint8_t *)(batch + 1) + sizes;
    return batch;
}

uint8_t *packet_batch_add(struct packet_batch *batch, size_t size)
{
    if (size > PACKET_MOST || batch->count == batch->room)
        return NULL;
    batch->sizes[batch->count] = (uint16_t)size;
    return batch->data + (size_t)batch->count++ * PACKET_ROOM;
}

void packet_batch_release(struct packet_batch *batch)
{
    if (batch != NULL && atomic_fetch_sub(&batch->holders, 1) == 1)
        free(batch);
}
