/* Send groups without owners, to whom everything is sent at once. */
#include "plain_senders.h"

#include <inttypes.h>

#include "base/memory.h"
#include "driver.h"

struct send_group {
    int count;
    struct leg *legs[];
};

struct send_group *send_group_new(struct leg *const *legs, int count)
{
    struct send_group *send_group = memory_new(sizeof *send_group + (size_t)count * sizeof *legs);
    send_group->count = count;
    memcpy(send_group->legs, legs, (size_t)count * sizeof *legs);
    return send_group;
}

int send_group_count(const struct send_group *send_group) { return send_group->count; }

void send_group_release(struct send_group *send_group) { free(send_group); }

void senders_send_one(struct leg *leg, struct packet_batch *batch)
{
    for (int at = 0; at < batch->count; at++) {
        printf("> %" PRIu64 " ", leg->peer);
        print_bytes(packet_batch_at(batch, at), batch->sizes[at]);
    }
}

void senders_send(struct send_group *send_group, struct packet_batch *batch)
{
    for (int at = 0; at < send_group->count; at++)
        senders_send_one(send_group->legs[at], batch);
}
