/* ICE (RFC 8445, sections 2.5 and 7.3): who may send from which address, and where each peer is
 * reached. The client finds the way, as with a lite agent; but we check, too, before we send media
 * there, since whoever has a peer's credentials can forge the address that its checks come from. As
 * `farmlive.media.ice`.
 *
 * Always holds: an address belongs to the peer that last passed an authenticated check from it; but
 * where a peer has proved to be, no other takes its place until it has not been heard for
 * `left_after`: who sends a check can forge its address. */
#ifndef FARMLIVE_ICE_H
#define FARMLIVE_ICE_H

#include "ports.h"

struct ice_name; /* a user name fragment and whose it is */

/* All peers by their user name fragments. */
struct ice {
    size_t count, room;
    struct ice_name **names;
    /* Whoever is still at an address checks from it within so many seconds. */
    double left_after;
    struct list proving; /* peers that have a path whose time to prove itself is not over */
};

void ice_init(struct ice *ice);
void ice_clear(struct ice *ice);

/* Let in whoever checks with the peer's credentials. */
void ice_add(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Expect new credentials; the old ones serve until the new ones do. */
void ice_restart(struct ice *ice, struct peer *peer, const struct naming *naming, double now);
/* Forget the peer and its addresses. */
void ice_remove(struct ice *ice, struct peer *peer);
/* Its connection there has ended; if it was reached there, it is nowhere now. */
void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address);

/* Whether the peer has proved to be where it is reached. */
bool ice_is_proved(struct peer *peer);

/* Answer a connectivity check, or take the answer to ours; NULL for one that is not for us.
 * `first`: its peer can be reached now; `moved`: it has proved where, and that is elsewhere than
 * before. */
struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, bool *first, bool *moved);
/* Its DTLS handshake is done. Nobody can do that without the records that we sent, so it proves
 * where they went, if they all went there. */
void ice_secured(struct peer *peer);
/* See, about ten times a second, which paths have not proved themselves in time. Whoever was to
 * move stays where it is; whoever was nowhere is nowhere again. */
void ice_look(struct ice *ice, double now);

/* Count a DTLS record from a path that has not proved itself. */
void ice_record_came(struct peer *peer, const struct port *port, const struct address *from,
                     const uint8_t *record, size_t size);
/* Send a DTLS record to where the peer is, or drop it: without an address, and where so much may
 * not be sent to one that has not proved itself. Our first flight goes all the same, but once and
 * after a ClientHello from there; what comes later pays for it. */
void ice_send_record(struct peer *peer, const uint8_t *record, size_t size, double now);

#endif
