/* ICE over TCP: the ports that clients connect to (RFC 6544, passive candidates), and their limits.
 * As `farmlive.media.engine.python.net.tcp`. */
#ifndef FARMLIVE_TCP_H
#define FARMLIVE_TCP_H

#include <stdatomic.h>

#include "core/commands.h"
#include "core/core.h"
#include "net/connection.h"

enum { TCP_ROOM = 1 << 16 };

/* State that all TCP ports share. */
struct tcp {
    struct core *core;
    struct commands *commands;
    struct connections connections;
    int port_count;
    struct port **ports;
    atomic_ullong refused;
    uint8_t room[TCP_ROOM]; /* read buffer */
};

/* Listen on these sockets, with zeroed memory; false if the system has no resources, and then, too,
 * `tcp_clear` closes them. */
bool tcp_init(struct tcp *tcp, struct core *core, struct commands *commands, int epoll,
              const int *fds, int count);
/* Close the ports and all connections. */
void tcp_clear(struct tcp *tcp);

/* Accept waiting clients. */
void tcp_accept(struct tcp *tcp, struct port *port, double now);
/* Read and write a connection, according to its events. */
void tcp_serve(struct tcp *tcp, struct connection *connection, uint32_t events, double now);
/* Return when the next work is due at the latest, and do due work. */
double tcp_due(const struct tcp *tcp);
void tcp_run(struct tcp *tcp, double now);
/* Send what the connections have queued. */
void tcp_flush(struct tcp *tcp, double now);

#endif
