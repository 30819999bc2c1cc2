/* Audiences without owners, to whom everything is sent at once. */
#include "plain_senders.h"

#include <inttypes.h>

#include "base/memory.h"
#include "driver.h"

struct audience {
    int count;
    struct leg *legs[];
};

struct audience *audience_new(struct leg *const *legs, int count)
{
    struct audience *audience = memory_new(sizeof *audience + (size_t)count * sizeof *legs);
    audience->count = count;
    memcpy(audience->legs, legs, (size_t)count * sizeof *legs);
    return audience;
}

int audience_count(const struct audience *audience) { return audience->count; }

void audience_release(struct audience *audience) { free(audience); }

void senders_send_one(struct leg *leg, struct burst *burst)
{
    for (int at = 0; at < burst->count; at++) {
        printf("> %" PRIu64 " ", leg->peer);
        print_bytes(burst_at(burst, at), burst->sizes[at]);
    }
}

void senders_send(struct audience *audience, struct burst *burst)
{
    for (int at = 0; at < audience->count; at++)
        senders_send_one(audience->legs[at], burst);
}
