/* The test engine: without thread, sockets and clock. The caller gives it datagrams and times, and
 * collects what it would send. */
#ifndef FARMLIVE_TEST_ENGINE_H
#define FARMLIVE_TEST_ENGINE_H

#include "core/commands.h"
#include "core/events.h"
#include "core/gauges.h"

struct test_engine;

/* A packet that would be sent: to a peer by its leg, or, with peer 0, to an address. */
struct parcel {
    struct parcel *next;
    uint64_t peer;
    struct address address;
    size_t size;
    uint8_t data[];
};

struct test_engine *test_engine_new(struct events *events);
void test_engine_free(struct test_engine *engine);
/* Run a command at the last given time. */
void test_engine_run(struct test_engine *engine, struct command *command);
void test_engine_gauges(const struct test_engine *engine, struct gauges *gauges);

/* Start ticking; `wall` is our clock's time at `now`. */
void test_engine_begin(struct test_engine *engine, double wall, double now);
void test_engine_set_now(struct test_engine *engine, double now);
/* Handle a datagram, which is changed in place; `stamp` as in `demux_handle`. */
void test_engine_handle(struct test_engine *engine, uint8_t *data, size_t size, double stamp,
                        const struct address *from, double now);
/* Return when the next work is due at the latest, and do due work. */
double test_engine_due(const struct test_engine *engine);
void test_engine_do_due(struct test_engine *engine, double now);
/* Return what would have been sent since the last call; the caller frees it. */
struct parcel *test_engine_sent(struct test_engine *engine);

#endif
