/* The local ports of media: their sockets, the peer at each remote address, and what a TCP
 * connection has not taken. `demux` interprets datagrams, `loop` decides when to read sockets.
 *
 * Always holds: an address at a port belongs to one peer that has sent an authenticated check from
 * it, or to none. */
#ifndef FARMLIVE_PORT_H
#define FARMLIVE_PORT_H

#include "net/transport.h"

struct peer;
struct port; /* one local address of the UDP or the TCP port; see port_struct.h */

/* A port over a bound, non-blocking socket, which it closes at its end; or, with `sink`, without
 * one. */
struct port *port_new(enum transport transport, int fd, const struct sink *sink);
void port_free(struct port *port);
/* Give the socket back to its opener. */
void port_let_go(struct port *port);

enum transport port_transport(const struct port *port);
/* The UDP socket, or -1. */
int port_fd(const struct port *port);

struct peer *port_peer(const struct port *port, const struct address *address);
/* Return how many addresses belong to peers. */
size_t port_count(const struct port *port);
void port_set_peer(struct port *port, const struct address *address, struct peer *peer);
/* Remove the peer from this address; close a connection there. */
void port_forget(struct port *port, const struct address *address);

/* Send a datagram, or a packet to a connection; one that can't be sent counts as lost. */
void port_send(struct port *port, const uint8_t *data, size_t size, const struct address *address,
               double now);

/* Return how many bytes are queued for the peer at this address: 0 for UDP; 1 for a connection that
 * is gone, because it takes nothing. */
size_t port_queued_bytes(const struct port *port, const struct address *address);

/* Queue a viewer's protected packet for a connection; one with `is_video` may be dropped. Returns
 * how many packets were dropped, this or older ones. `port_flush` sends it. */
int port_stream(struct port *port, const struct address *address, const uint8_t *data, size_t size,
                bool is_video, double now);
void port_flush(struct port *port, double now);

#endif
