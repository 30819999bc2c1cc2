/* The engine's calls: one for each of `farmlive.media.engine.interface.Engine`. As
 * `farmlive.media.engine.python.engine`. */
#ifndef FARMLIVE_ENGINE_H
#define FARMLIVE_ENGINE_H

#include "core/core.h"

/* A handshake's result: the sessions of its keys, and what protection adds to an RTP packet. */
struct keys {
    srtp_session transmit, receive;
    unsigned tag;
    bool is_gcm; /* then `master` is the key for sending, with its salt */
    uint8_t master[GCM_MASTER];
};

/* Quality of a viewer's stream; `estimated_kbps` is negative if unknown. */
struct watching {
    int layer, layers;
    double loss, estimated_kbps;
    enum link_state link;
    enum rung rung;
    long dropped;
    enum transport transport;
};

void engine_init(struct core *core, struct events *events, int send_threads,
                 const struct capture *capture, int reports_bell);
/* Remove all peers and outputs, and end the senders. */
void engine_clear(struct core *core);
/* Set other timeouts than the default ones. */
void engine_set_times(struct core *core, const struct times *times);
/* Send viewers on weak links no faster than their links carry, or, with false, as all others. */
void engine_set_link_control(struct core *core, bool link_control);

/* All calls ignore peers and outputs that are gone. */
void engine_add_peer(struct core *core, uint64_t number, const struct naming *naming, double now);
void engine_restart_ice(struct core *core, uint64_t number, const struct naming *naming,
                        double now);
/* Send a DTLS record on the peer's selected path, within its limit. */
void engine_send(struct core *core, uint64_t number, const uint8_t *data, size_t size, double now);
/* Return false if there is no such peer, or it has keys: then these are not used. */
bool engine_secure(struct core *core, uint64_t number, const struct keys *keys, double now);
void engine_remove_peer(struct core *core, uint64_t number);
void engine_add_output(struct core *core, uint64_t number, struct ssrcs ssrcs,
                       uint16_t sound_sequence, uint32_t sound_timestamp);
void engine_remove_output(struct core *core, uint64_t number);
/* Takes the caller's reference to `publishing`. */
void engine_publish(struct core *core, uint64_t number, struct publishing *publishing,
                    uint32_t own_ssrc, double now);
void engine_view(struct core *core, uint64_t number, uint64_t output, const struct viewing *viewing,
                 uint16_t rtx_sequence, double now);
/* `number` 0: no source. */
void engine_put_on_air(struct core *core, uint64_t output, uint64_t number, double now);
/* `most` -1: no limit. */
void engine_limit_layer(struct core *core, uint64_t number, int most, double now);
void engine_limit_rung(struct core *core, uint64_t number, enum rung most);
bool engine_viewer_health(struct core *core, uint64_t number, double now,
                          struct watching *watching);
/* Return the peer's remote address; false if it has no selected path. */
bool engine_place(const struct core *core, uint64_t number, struct address *address,
                  enum transport *transport);
/* RIDs in it are valid until the peer is removed. */
bool engine_health(struct core *core, uint64_t number, struct health *health,
                   enum transport *transport);
void engine_counters(struct core *core, struct counters *counters);

/* Handle the peer's newly validated path, its first one or another. */
void engine_placed(struct core *core, struct peer *peer, double now);

#endif
