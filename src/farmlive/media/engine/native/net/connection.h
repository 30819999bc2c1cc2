/* One TCP connection of a client: splits its stream into packets, and queues what the client has
 * not taken. `tcp` limits connections, `demux` interprets packets.
 *
 * Always holds: a connection in its port's table is open; a closed one is freed only by
 * `connections_bury`, when nothing can point to it any more. */
#ifndef FARMLIVE_CONNECTION_H
#define FARMLIVE_CONNECTION_H

#include "net/port_struct.h"
#include "net/send_queue.h"
#include "net/tcp_limits.h"

struct peer;

/* The connections of all ports. */
struct connections {
    int epoll;
    /* Called when the connection of a peer has ended. */
    void (*cut_off)(struct peer *peer, const struct port *port, const struct address *address);
    struct tcp_limits limits;
    struct list unauthenticated; /* those without an authenticated check, the oldest first */
    struct connection *dead;
};

struct connection {
    struct watched watched;
    struct port *port;
    struct address address;
    struct tcp_host *host;
    struct list unauthenticated; /* among those of all ports */
    struct list gathered;        /* in its port's */
    struct connection *next_dead;
    double prove_by; /* when it must have sent an authenticated check */
    bool is_open;
    bool is_full;   /* it takes no more for now */
    int unreported; /* dropped packets that `connection_stream` has not returned yet */
    struct send_queue send_queue;
    struct deframer deframer;
};

/* Free the closed connections; called when nothing points to one. */
void connections_bury(struct connections *all);

/* Take over an accepted socket. */
struct connection *connection_new(struct port *port, int fd, const struct address *address,
                                  double now);
/* Record that it has sent an authenticated check. */
void connection_authenticated(struct connection *connection);
/* End it; its peer has no path until its next check. */
void connection_close(struct connection *connection);
void connection_close_all(struct port *port);

/* Read at most `size` bytes; return how many, or 0 if there is nothing, or at its end. */
size_t connection_receive(struct connection *connection, uint8_t *room, size_t size);
/* Get the next complete packet of what was read, while the connection is open. `*data` and `*left`
 * are what was read, and advance; a packet is valid until the next call. */
bool connection_next(struct connection *connection, uint8_t **data, size_t *left, uint8_t **packet,
                     size_t *size);
/* Send what the socket takes. */
void connection_write(struct connection *connection);

/* As `port_send`, `port_stream`, `port_flush` and `port_queued_bytes`. */
void connection_send(struct connection *connection, const uint8_t *data, size_t size, double now);
int connection_stream(struct connection *connection, const uint8_t *data, size_t size,
                      bool is_video, double now);
void connection_flush(struct connection *connection, double now);
size_t connection_held(const struct connection *connection);

#endif
