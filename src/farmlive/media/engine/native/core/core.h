/* The core: the engine's peers and outputs, and everything else that the relay's thread works on.
 *
 * `engine` has the calls, `loop` reads and keeps time, `demux` takes datagrams, `publisher` and
 * `output` decide, `senders` send, `send_results` handles what senders report, and `timers` runs
 * the timers. Always holds: one thread uses all of this and everything below it, except as
 * `senders`, `events`, `send_feedback` and `commands` say of themselves. */
#ifndef FARMLIVE_CORE_H
#define FARMLIVE_CORE_H

#include "core/events.h"
#include "core/ice.h"
#include "core/peer_table.h"
#include "output/output.h"
#include "send/senders.h"

struct counters {
    uint64_t datagrams_received, datagrams_ignored, packets_received, nacks_received,
        keyframe_requests_received;
    uint64_t packets_sent, packets_failed, packets_repaired, packets_unrepaired, packets_dropped;
};

/* Return what is left of `all` without `failed`, and never less than `told`, the highest so far. */
static inline uint64_t counter_net(uint64_t *told, uint64_t all, uint64_t failed)
{
    if (all > failed && all - failed > *told)
        *told = all - failed;
    return *told;
}

enum { TURNS = 10 };

/* Timeouts, in seconds. */
struct times {
    double consent;    /* without a check, a peer is lost (RFC 7675) */
    double silent;     /* without media, a publisher is silent */
    double left_after; /* without a check, another path may replace a peer's */
};

struct core {
    struct list outputs;
    struct peer_table peers;
    struct ice ice;
    struct senders *senders;
    struct send_feedback send_feedback;
    struct events *events;
    struct counters counts;     /* also of removed peers; outputs and senders have theirs */
    uint64_t packets_sent_told; /* the highest `packets_sent` so far */
    bool passes_reports;        /* layers are selected or links estimated by them */
    bool link_control;          /* viewers on weak links are paced */
    /* Called when a publisher's path has changed, to open and to close its own socket; and when
     * `passes_reports` has changed. NULL in a test engine. */
    void (*open_own)(void *context, struct peer *peer);
    void (*close_own)(void *context, struct peer *peer);
    void (*hear_reports)(void *context, bool hears);
    /* Called when a peer joins, so that shared sockets are read at once. */
    void (*read_at_once)(void *context);
    void *context;
    /* For `demux`: the listeners that get a packet. */
    size_t fed_room;
    struct publisher_listener **fed;
    /* For `timers`. */
    struct times times;
    double wall_at_zero; /* our clock's time at 0 of `now`, in seconds since 1970 */
    double wall_ahead;   /* how far the wall clock, which stamps datagrams, is ahead of `now` */
    bool is_started;
    unsigned long ticks;
    double tick_due, ticked_at;
    bool is_catching_up;
    bool is_probing; /* a viewer's link is probed: answers to checks are read at once */
    double packet_batch_at;
    struct list joining, publishing, turns[TURNS];
};

static inline struct peer *core_peer(const struct core *core, uint64_t number)
{
    return peer_table_find(&core->peers, number);
}

static inline struct output *core_output(const struct core *core, uint64_t number)
{
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        if (output->number == number)
            return output;
    }
    return NULL;
}

#endif
