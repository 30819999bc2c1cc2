/* The core: the engine's peers and outputs, and what is asked of them. As
 * `farmlive.media.python_engine`.
 *
 * `loop` reads and keeps time, `intake` takes what comes in, `publisher` and `output` decide,
 * `senders` send, and `upkeep` does what is due. Always holds: everything here and below, but for
 * what `senders`, `events`, `reports` and `commands` say of themselves, is used by one thread. */
#ifndef FARMLIVE_CORE_H
#define FARMLIVE_CORE_H

#include "events.h"
#include "ice.h"
#include "output.h"
#include "peers.h"
#include "senders.h"

/* A handshake's result: sessions made of the keys, and what protection adds to an RTP packet. */
struct keys {
    srtp_session transmit, receive;
    unsigned tag;
    bool is_gcm; /* then this is the key for sending, with its salt */
    uint8_t master[GCM_MASTER];
};

/* How a viewer does; `carries_kbps` is negative where it is not known. */
struct watching {
    int layer, layers;
    double loss, carries_kbps;
    long dropped;
    enum transport transport;
};

struct counters {
    uint64_t datagrams_received, datagrams_ignored, packets_received, nacks_received,
        keyframe_requests_received;
    uint64_t packets_sent, packets_failed, packets_repaired, packets_unrepaired, packets_dropped;
};

enum { TURNS = 10 };

/* For how long is waited, in seconds. */
struct times {
    double consent;    /* for a peer's check, before it is lost (RFC 7675) */
    double silent;     /* for a publisher's media, before it is silent */
    double left_after; /* for a check from where a peer is reached, before another place will do */
};

struct core {
    struct list outputs;
    struct peers peers;
    struct ice ice;
    struct senders *senders;
    struct reports reports;
    struct events *events;
    struct counters counts; /* of what is gone too, but for what outputs and senders count */
    bool hears_reports;     /* some publisher has layers to choose from */
    /* Called where a publisher's place has changed: to open, and to close, a socket of its own for
     * it; and where `hears_reports` has. NULL by hand. */
    void (*open_own)(void *context, struct peer *peer);
    void (*close_own)(void *context, struct peer *peer);
    void (*hear_reports)(void *context, bool hears);
    /* Called where someone is joining, so that what comes is read at once. */
    void (*read_at_once)(void *context);
    void *context;
    /* `intake`'s: the listeners that a packet is for. */
    size_t fed_room;
    struct publisher_listener **fed;
    /* `upkeep`'s. */
    struct times times;
    double wall_at_zero; /* what our clock says at 0 of `now`, in seconds since 1970 */
    double wall_ahead;   /* how far the wall clock, which stamps datagrams, is ahead of `now` */
    bool is_started;
    unsigned long ticks;
    double tick_due, ticked_at;
    bool is_bursting;
    double burst_at;
    struct list joining, publishing, turns[TURNS];
};

void core_init(struct core *core, struct events *events, int send_threads,
               const struct capture *capture, int reports_bell);
/* Forget all peers and outputs, and end the senders. */
void core_clear(struct core *core);
/* Wait for other times than the usual ones. */
void core_set_times(struct core *core, const struct times *times);

/* Peers and outputs that are gone are ignored, never an error. */
void core_add_peer(struct core *core, uint64_t number, const struct naming *naming, double now);
void core_restart_ice(struct core *core, uint64_t number, const struct naming *naming, double now);
/* Send a DTLS record on the peer's selected path, within its limit. */
void core_send(struct core *core, uint64_t number, const uint8_t *data, size_t size, double now);
/* False where there is no such peer: nobody uses the keys. */
bool core_secure(struct core *core, uint64_t number, const struct keys *keys, double now);
void core_remove_peer(struct core *core, uint64_t number);
void core_add_output(struct core *core, uint64_t number, struct ssrcs ssrcs,
                     uint16_t sound_sequence, uint32_t sound_timestamp);
void core_remove_output(struct core *core, uint64_t number);
/* Takes over the holder of `publishing`. */
void core_publish(struct core *core, uint64_t number, struct publishing *publishing,
                  uint32_t own_ssrc, double now);
void core_view(struct core *core, uint64_t number, uint64_t output, const struct viewing *viewing,
               uint16_t rtx_sequence, double now);
/* `number` 0: nobody. */
void core_put_on_air(struct core *core, uint64_t output, uint64_t number, double now);
/* `most` -1: no limit. */
void core_prefer(struct core *core, uint64_t number, int most, double now);
bool core_watching(struct core *core, uint64_t number, double now, struct watching *watching);
/* Where the peer is reached; false where it is nowhere. */
bool core_place(const struct core *core, uint64_t number, struct address *address,
                enum transport *transport);
/* RIDs in it are valid until the peer is removed. */
bool core_health(struct core *core, uint64_t number, struct health *health,
                 enum transport *transport);
void core_counters(const struct core *core, struct counters *counters);

struct peer *core_peer(const struct core *core, uint64_t number);
/* Take the peer's newly validated path, its first one or another. */
void core_placed(struct core *core, struct peer *peer, double now);
/* delivery.c: take what senders have told since the last call. */
void core_hear(struct core *core, double now);

#endif
