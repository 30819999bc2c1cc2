/* Opens a connected UDP socket on the port of another one, for datagrams from one address only. As
 * `open_connected_socket` of `farmlive.media.engine.python.net.addresses`. */
#ifndef FARMLIVE_CONNECTED_SOCKET_H
#define FARMLIVE_CONNECTED_SOCKET_H

#include "base/address.h"

/* Open a UDP socket on the port of `shared` that receives datagrams from `remote` only: the kernel
 * prefers a connected socket. Datagrams received before it was connected may be from anyone.
 * Returns -1 on failure. */
int connected_socket_open(int shared, const struct address *remote);

#endif
