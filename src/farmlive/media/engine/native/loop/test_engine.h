/* The test engine: without thread, sockets and clock. The caller gives it datagrams and times, and
 * collects what it would send. */
#ifndef FARMLIVE_TEST_ENGINE_H
#define FARMLIVE_TEST_ENGINE_H

#include "core/commands.h"
#include "core/events.h"
#include "core/gauges.h"

struct hand;

/* What would be sent: to a peer by its leg, or, with peer 0, to an address. */
struct parcel {
    struct parcel *next;
    uint64_t peer;
    struct address address;
    size_t size;
    uint8_t data[];
};

struct hand *hand_new(struct events *events);
void hand_free(struct hand *hand);
/* Run a command at the time that was given last. */
void hand_run(struct hand *hand, struct command *command);
void hand_census(const struct hand *hand, struct census *census);

/* Begin to tick; `wall` is our clock's time at `now`. */
void hand_begin(struct hand *hand, double wall, double now);
void hand_set_now(struct hand *hand, double now);
/* A datagram came, which is changed in place; `stamp` as with `intake_take`. */
void hand_take(struct hand *hand, uint8_t *data, size_t size, double stamp,
               const struct address *from, double now);
/* When something is due at the latest, and doing it. */
double hand_due(const struct hand *hand);
void hand_do_due(struct hand *hand, double now);
/* What would have been sent since the last call, for the caller to free. */
struct parcel *hand_sent(struct hand *hand);

#endif
