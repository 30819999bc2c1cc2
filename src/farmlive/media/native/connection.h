/* One connection of a client: it takes the stream apart, and holds what the client has not taken.
 * How many there may be is `tcp`'s part.
 *
 * Always holds: a connection that is in its port's table is open; one that was closed is freed only
 * by `tcp_bury`, when nobody can have it at hand any more. */
#ifndef FARMLIVE_CONNECTION_H
#define FARMLIVE_CONNECTION_H

#include "backlog.h"
#include "port.h"

struct host; /* how many connections come from one address; `tcp`'s own */

struct connection {
    struct watched watched;
    struct port *port;
    struct address address;
    struct host *host;
    struct list unproved; /* in those of all ports */
    struct list gathered; /* in its port's */
    struct connection *next_dead;
    double prove_by; /* when it must have proved to be a peer's */
    bool is_open;
    bool is_full; /* it takes nothing more for now */
    int untold;   /* what was dropped and `connection_stream` has not told yet */
    struct backlog backlog;
    struct deframer deframer;
};

/* Take over an accepted socket. */
struct connection *connection_new(struct port *port, int fd, const struct address *address,
                                  double now);
/* End it; a peer that was here is nowhere until its next check. */
void connection_close(struct connection *connection);
void connection_close_all(struct port *port);

/* It has something for us; for this it needs `tcp`'s room. */
void connection_read(struct connection *connection, double now);
/* Send what it takes. */
void connection_write(struct connection *connection);

/* As `port_send`, `port_stream`, `port_flush` and `port_held`. */
void connection_send(struct connection *connection, const uint8_t *data, size_t size, double now);
int connection_stream(struct connection *connection, const uint8_t *data, size_t size,
                      bool is_video, double now);
void connection_flush(struct connection *connection, double now);
size_t connection_held(const struct connection *connection);

#endif
