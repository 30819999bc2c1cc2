/* Opens a connected UDP socket on the port of another one, for datagrams from one address only. As
 * `open_beside` of `farmlive.media.engine.python.net.addresses`. */
#ifndef FARMLIVE_CONNECTED_SOCKET_H
#define FARMLIVE_CONNECTED_SOCKET_H

#include "base/address.h"

/* Open a UDP socket on the port of `shared` that gets what comes from `remote`, and only that: the
 * kernel prefers a connected one. What came before it was connected may be anyone's. -1 where that
 * can't be. */
int connected_socket_open(int shared, const struct address *remote);

#endif
