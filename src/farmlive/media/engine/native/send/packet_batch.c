/* Bursts: packets in rooms of one size, written by one thread and then read by several.
 *
 * Always holds: nothing is added once a second holder has it; whoever gives up the last holder, in
 * whichever thread, frees it. Protection and sending are `senders`' part. */
#include "send/packet_batch.h"

#include "base/memory.h"

struct burst *burst_new(int room)
{
    /* One piece of memory has it all: the head, then the sizes, then the rooms, which are left as
     * they are since only what was written is read. */
    size_t sizes = (size_t)room * sizeof(uint16_t);
    struct burst *burst =
        memory_checked(malloc(sizeof *burst + sizes + (size_t)room * PACKET_ROOM));
    atomic_init(&burst->holders, 1);
    burst->count = 0;
    burst->room = room;
    burst->sizes = (uint16_t *)(burst + 1);
    burst->data = (uint8_t *)(burst + 1) + sizes;
    return burst;
}

uint8_t *burst_add(struct burst *burst, size_t size)
{
    if (size > PACKET_MOST || burst->count == burst->room)
        return NULL;
    burst->sizes[burst->count] = (uint16_t)size;
    return burst->data + (size_t)burst->count++ * PACKET_ROOM;
}

void burst_release(struct burst *burst)
{
    if (burst != NULL && atomic_fetch_sub(&burst->holders, 1) == 1)
        free(burst);
}
