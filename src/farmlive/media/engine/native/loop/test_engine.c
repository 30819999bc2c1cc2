/* The test engine.
 *
 * Always holds: what it would send is kept in order until it is collected; nothing happens except
 * in a call, at the last given time. */
#include "loop/test_engine.h"

#include "base/memory.h"
#include "core/demux.h"
#include "core/engine.h"
#include "core/send_results.h"
#include "core/timers.h"
#include "net/port.h"

struct test_engine {
    struct core core;
    struct port *port;
    double now;
    struct parcel *first, **end;
};

static struct parcel *put(struct test_engine *engine, const uint8_t *data, size_t size)
{
    struct parcel *parcel = memory_new(sizeof *parcel + size);
    parcel->size = size;
    memcpy(parcel->data, data, size);
    *engine->end = parcel;
    engine->end = &parcel->next;
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

struct parcel *test_engine_sent(struct test_engine *engine)
{
    struct parcel *first = engine->first;
    engine->first = NULL;
    engine->end = &engine->first;
    return first;
}

struct test_engine *test_engine_new(struct events *events)
{
    struct test_engine *engine = memory_new(sizeof *engine);
    engine->end = &engine->first;
    const struct capture capture = {to_peer, engine};
    const struct sink sink = {to_address, engine};
    engine_init(&engine->core, events, 0, &capture, -1);
    engine->port = port_new(TRANSPORT_UDP, -1, &sink);
    return engine;
}

void test_engine_free(struct test_engine *engine)
{
    engine_clear(&engine->core);
    port_free(engine->port);
    for (struct parcel *parcel = test_engine_sent(engine), *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        free(parcel);
    }
    free(engine);
}

void test_engine_run(struct test_engine *engine, struct command *command)
{
    command->run(&engine->core, command, engine->now);
    send_results_handle(&engine->core, engine->now);
}

void test_engine_gauges(const struct test_engine *engine, struct gauges *gauges)
{
    gauges->addresses += port_count(engine->port);
}

void test_engine_begin(struct test_engine *engine, double wall, double now)
{
    engine->now = now;
    timers_start(&engine->core, wall, now);
}

void test_engine_set_now(struct test_engine *engine, double now) { engine->now = now; }

void test_engine_handle(struct test_engine *engine, uint8_t *data, size_t size, double stamp,
                        const struct address *from, double now)
{
    engine->now = now;
    demux_handle(&engine->core, engine->port, data, size, stamp, from, now);
    timers_after_reading(&engine->core, now);
    send_results_handle(&engine->core, now);
}

double test_engine_due(const struct test_engine *engine) { return timers_due(&engine->core); }

void test_engine_do_due(struct test_engine *engine, double now)
{
    engine->now = now;
    timers_run(&engine->core, now);
    send_results_handle(&engine->core, now);
}
