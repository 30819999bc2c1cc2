/* ICE (RFC 8445, sections 2.5 and 7.3): which peer owns a remote address, and each peer's selected
 * path. The client nominates, as with a lite agent; but unlike one we validate a path by checks of
 * our own before we send media, since anyone with a peer's credentials can spoof a check's source
 * address. As `farmlive.media.engine.python.net.ice`.
 *
 * Invariant: an address belongs to the peer that last sent an authenticated check from it; but a
 * validated address is not taken from its peer until that has not been heard for `left_after`,
 * since a check's source address can be spoofed. */
#ifndef FARMLIVE_ICE_H
#define FARMLIVE_ICE_H

#include "core/peer.h"
#include "net/port.h"

struct ice_name; /* a user name fragment and whose it is */

/* All peers by their user name fragments. */
struct ice {
    size_t count, room;
    struct ice_name **names;
    /* A peer that is still at an address checks from it within this many seconds. */
    double left_after;
    struct list proving; /* peers with a path under validation */
};

void ice_init(struct ice *ice);
void ice_clear(struct ice *ice);

/* Accept checks with the peer's credentials. */
void ice_add(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Expect new credentials; the old ones serve until the new ones do. */
void ice_restart(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Forget the peer and its addresses. */
void ice_remove(struct ice *ice, struct peer *peer);
/* The connection has ended; if it was the selected path, there is none now. */
void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address);

/* Whether the peer's selected path is validated. */
bool ice_is_proved(struct peer *peer);

/* Answer a connectivity check, or take the answer to ours; NULL for one that is not for us.
 * `first`: the peer has a selected path now; `moved`: a validated path was selected in place of
 * another. */
struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, bool *first, bool *moved);
/* Take a finished DTLS handshake, which needs all records that we sent: it validates their path, if
 * all went by one. */
void ice_secured(struct peer *peer);
/* Send checks again and drop selected paths whose validation has timed out; called about ten times
 * a second. A peer that was to move keeps its old path. */
void ice_look(struct ice *ice, double now);

/* Count a DTLS record that came on a path which is not validated. */
void ice_record_came(struct peer *peer, const struct port *port, const struct address *from,
                     const uint8_t *record, size_t size);
/* Send a DTLS record on the selected path, or drop it: without one, and above the limit of a path
 * that is not validated. Our first flight may exceed that, once and after a ClientHello from there;
 * it counts against the limit afterwards. */
void ice_send_record(struct peer *peer, const uint8_t *record, size_t size, double now);

#endif
