/* The local ports of media: their sockets, which peer is at which remote address, and what a TCP
 * connection has not taken. `demux` decides what a datagram means, `loop` when sockets are read.
 *
 * Always holds: an address at a port belongs to one peer that has passed an authenticated check
 * from it, or to none. */
#ifndef FARMLIVE_PORT_H
#define FARMLIVE_PORT_H

#include "net/transport.h"

struct peer;
struct port; /* one local address of the UDP or the TCP port; see port_struct.h */

/* A port over a bound, non-blocking socket, which it closes at its end; or, with `sink`, none. */
struct port *port_new(enum transport transport, int fd, const struct sink *sink);
void port_free(struct port *port);
/* Give the socket back to its opener. */
void port_let_go(struct port *port);

enum transport port_transport(const struct port *port);
/* The UDP socket, or -1. */
int port_fd(const struct port *port);

struct peer *port_peer(const struct port *port, const struct address *address);
/* How many addresses belong to peers. */
size_t port_count(const struct port *port);
void port_set_peer(struct port *port, const struct address *address, struct peer *peer);
/* The peer is gone from this address; a connection there is closed. */
void port_forget(struct port *port, const struct address *address);

/* Send a datagram, or a packet to a connection; one that can't be sent is as good as lost. */
void port_send(struct port *port, const uint8_t *data, size_t size, const struct address *address,
               double now);

/* How many bytes the peer at this address has not taken yet: 0 by UDP; of a connection that is gone
 * 1, since it takes nothing. */
size_t port_held(const struct port *port, const struct address *address);

/* A viewer's protected packet for a connection: `is_video` may be dropped. Returns how many packets
 * were dropped, of this or of older ones. It leaves with the next `port_flush`. */
int port_stream(struct port *port, const struct address *address, const uint8_t *data, size_t size,
                bool is_video, double now);
void port_flush(struct port *port, double now);

#endif
