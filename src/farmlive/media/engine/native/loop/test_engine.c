/* The test engine.
 *
 * Always holds: what it would send is kept in order until it is collected; nothing happens except
 * in a call, at the time given last. */
#include "loop/test_engine.h"

#include "base/memory.h"
#include "core/demux.h"
#include "core/engine.h"
#include "core/send_results.h"
#include "core/timers.h"
#include "net/port.h"

struct hand {
    struct core core;
    struct port *port;
    double now;
    struct parcel *first, **end;
};

static struct parcel *put(struct hand *hand, const uint8_t *data, size_t size)
{
    struct parcel *parcel = memory_new(sizeof *parcel + size);
    parcel->size = size;
    memcpy(parcel->data, data, size);
    *hand->end = parcel;
    hand->end = &parcel->next;
    return parcel;
}

static void to_peer(void *context, uint64_t peer, const uint8_t *data, size_t size)
{
    put(context, data, size)->peer = peer;
}

static void to_address(void *context, const struct address *address, const uint8_t *data,
                       size_t size)
{
    put(context, data, size)->address = *address;
}

struct parcel *hand_sent(struct hand *hand)
{
    struct parcel *first = hand->first;
    hand->first = NULL;
    hand->end = &hand->first;
    return first;
}

struct hand *hand_new(struct events *events)
{
    struct hand *hand = memory_new(sizeof *hand);
    hand->end = &hand->first;
    const struct capture capture = {to_peer, hand};
    const struct sink sink = {to_address, hand};
    engine_init(&hand->core, events, 0, &capture, -1);
    hand->port = port_new(TRANSPORT_UDP, -1, &sink);
    return hand;
}

void hand_free(struct hand *hand)
{
    engine_clear(&hand->core);
    port_free(hand->port);
    for (struct parcel *parcel = hand_sent(hand), *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        free(parcel);
    }
    free(hand);
}

void hand_run(struct hand *hand, struct command *command)
{
    command->run(&hand->core, command, hand->now);
    delivery_hear(&hand->core, hand->now);
}

void hand_census(const struct hand *hand, struct census *census)
{
    census->addresses += port_count(hand->port);
}

void hand_begin(struct hand *hand, double wall, double now)
{
    hand->now = now;
    upkeep_start(&hand->core, wall, now);
}

void hand_set_now(struct hand *hand, double now) { hand->now = now; }

void hand_take(struct hand *hand, uint8_t *data, size_t size, double stamp,
               const struct address *from, double now)
{
    hand->now = now;
    intake_take(&hand->core, hand->port, data, size, stamp, from, now);
    upkeep_after_reading(&hand->core, now);
    delivery_hear(&hand->core, now);
}

double hand_due(const struct hand *hand) { return upkeep_due(&hand->core); }

void hand_do_due(struct hand *hand, double now)
{
    hand->now = now;
    upkeep_run(&hand->core, now);
    delivery_hear(&hand->core, now);
}
