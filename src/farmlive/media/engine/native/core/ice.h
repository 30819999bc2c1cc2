/* ICE (RFC 8445, sections 2.5 and 7.3): maps remote addresses to peers, and selects each peer's
 * path. The client nominates, as with a lite agent. Unlike a lite agent, the engine validates a
 * path by its own checks before it sends media there, because anyone with a peer's credentials can
 * spoof a check's source address. As `farmlive.media.engine.python.net.ice`.
 *
 * Invariant: an address belongs to the peer that last sent an authenticated check from it. A
 * validated address stays with its peer until no check or media has come from the peer for
 * `left_after`, because a check's source address can be spoofed. */
#ifndef FARMLIVE_ICE_H
#define FARMLIVE_ICE_H

#include "core/peer.h"
#include "core/ufrag_table.h"
#include "net/port.h"

struct ice {
    struct ufrag_table names; /* all peers by their user name fragments */
    /* A peer that is still at an address checks from it within this many seconds. */
    double left_after;
    struct list validating; /* peers with a path under validation */
};

/* What a check means that was answered, the peer's or ours. `first`: the peer now has its first
 * selected path; `moved`: a validated path has replaced another; `asked_at`: it answers a check of
 * ours that was first sent then, negative if not. */
struct checked {
    bool first, moved;
    double asked_at;
};

void ice_init(struct ice *ice);
void ice_clear(struct ice *ice);

/* Accept checks with the peer's credentials. */
void ice_add(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Expect new credentials; the old ones work until the peer uses the new ones. */
void ice_restart(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Remove the peer and its addresses. */
void ice_remove(struct ice *ice, struct peer *peer);
/* Remove the path of a connection that has ended; it may have been the selected one. */
void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address);

/* Return whether the peer's selected path is validated. */
bool ice_is_proved(struct peer *peer);

/* Answer a connectivity check, or handle the response to ours; return NULL for a message with
 * unknown credentials. */
struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, struct checked *checked);
/* Send a check on the peer's validated path, whose answer shows the round trip; return false if it
 * can't be checked. */
bool ice_check_link(const struct ice *ice, struct peer *peer, double now);
/* Validate the path of our DTLS records when the handshake finishes: a finished handshake needs all
 * of them, so it validates their path if all went on one. */
void ice_secured(struct peer *peer);
/* Retransmit checks and drop selected paths whose validation has timed out; called about ten times
 * a second. A peer that was to move keeps its old path. */
void ice_look(struct ice *ice, double now);

/* Count a DTLS record that came on a path that is not validated. */
void ice_record_came(struct peer *peer, const struct port *port, const struct address *from,
                     const uint8_t *record, size_t size);
/* Send a DTLS record on the selected path, or drop it if there is no path, or if it exceeds the
 * limit of a path that is not validated. Our first flight may exceed that limit, once and after a
 * ClientHello from there; it counts against the limit afterwards. */
void ice_send_record(struct peer *peer, const uint8_t *record, size_t size, double now);

#endif
