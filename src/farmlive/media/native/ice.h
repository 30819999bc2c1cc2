/* ICE-lite (RFC 8445, sections 2.5 and 7.3): who may send from which address, and where each peer
 * is reached. We only answer checks; the client finds the way. As `farmlive.media.ice`.
 *
 * Always holds: an address belongs to the peer that last passed an authenticated check from it; but
 * where a peer is reached, no other takes its place until it has not been heard for `left_after`:
 * who sends a check can forge its address. */
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
};

void ice_init(struct ice *ice);
void ice_clear(struct ice *ice);

/* Let in whoever checks with the peer's credentials. */
void ice_add(struct ice *ice, struct peer *peer, const struct credentials *local, double now);
/* Expect new credentials; the old ones serve until the new ones do. */
void ice_restart(struct ice *ice, struct peer *peer, const struct credentials *local, double now);
/* Forget the peer and its addresses. */
void ice_remove(struct ice *ice, struct peer *peer);
/* Its connection there has ended; if it was reached there, it is nowhere now. */
void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address);

/* Answer a connectivity check; NULL for one that is not for us. `first`: its peer can be reached
 * now; `moved`: elsewhere than before. */
struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, bool *first, bool *moved);

#endif
