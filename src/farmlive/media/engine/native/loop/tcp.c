/* The TCP ports: which clients may connect, and for how long without an authenticated check.
 *
 * Always holds: `unauthenticated` is ordered by the time at which a connection must have sent an
 * authenticated check. */
#include "loop/tcp.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/demux.h"

enum { ACCEPTED_AT_ONCE = 16 };
static const double ACCEPT_AGAIN_S = 1.0;

bool tcp_init(struct tcp *tcp, struct core *core, struct commands *commands, int epoll,
              const int *fds, int count)
{
    tcp->core = core;
    tcp->commands = commands;
    tcp->connections.epoll = epoll;
    tcp->connections.cut_off = ice_cut_off;
    list_init(&tcp->connections.unauthenticated);
    tcp->port_count = count;
    tcp->ports = memory_new((size_t)count * sizeof *tcp->ports);
    bool listens = true;
    for (int i = 0; i < count; i++) {
        struct port *port = tcp->ports[i] = port_new(TRANSPORT_TCP, fds[i], NULL);
        port->watched.as = WATCHED_LISTENER;
        port->all = &tcp->connections;
        listens &= watched_for(&port->watched, epoll, EPOLLIN);
    }
    return listens;
}

void tcp_clear(struct tcp *tcp)
{
    for (int i = 0; i < tcp->port_count; i++)
        port_free(tcp->ports[i]);
    free(tcp->ports);
    connections_bury(&tcp->connections);
    tcp_limits_clear(&tcp->connections.limits);
}

/* Limits. */

/* Close the connection unless it has sent an authenticated check by now. */
static bool must_be_proved(struct connection *connection)
{
    if (port_peer(connection->port, &connection->address)) {
        connection_authenticated(connection);
        return true;
    }
    connection_close(connection);
    return false;
}

/* Return whether one more connection may come from here; if all places are taken, a connection
 * without an authenticated check is closed for it. */
static bool has_room(struct tcp *tcp, const struct address *address)
{
    const struct tcp_limits *limits = &tcp->connections.limits;
    if (tcp_limits_allow(limits, address)) {
        if (limits->count < CONNECTIONS_MOST)
            return true;
        list_each(link, &tcp->connections.unauthenticated)
            if (!must_be_proved(list_entry(link, struct connection, unauthenticated)))
                return true;
    }
    atomic_fetch_add_explicit(&tcp->refused, 1, memory_order_relaxed);
    return false;
}

void tcp_accept(struct tcp *tcp, struct port *port, double now)
{
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        struct address address = {.size = sizeof address.name};
        int fd = accept4(port->watched.fd, &address.name.any, &address.size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            /* The system is out of descriptors: pending connections would wake the loop forever. */
            watched_for(&port->watched, tcp->connections.epoll, 0);
            port->accept_at = now + ACCEPT_AGAIN_S;
            return;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (fd < 0)
            continue;
        /* An older connection from there has ended, or this one could not exist; its end is not
         * read yet. */
        struct connection *older = table_get(&port->connections, &address);
        if (older)
            connection_close(older);
        if (has_room(tcp, &address))
            connection_new(port, fd, &address, now);
        else
            close(fd);
    }
}

static void read_from(struct tcp *tcp, struct connection *connection, double now)
{
    uint8_t *data = tcp->room, *packet;
    size_t left = connection_receive(connection, data, TCP_ROOM), size;
    if (left == 0)
        return;
    /* Clients send as soon as Python has answered them: run Python's commands first. */
    commands_run(tcp->commands, tcp->core, now);
    while (connection_next(connection, &data, &left, &packet, &size))
        demux_handle(tcp->core, connection->port, packet, size, -1, &connection->address, now);
    if (connection->is_open && port_peer(connection->port, &connection->address))
        connection_authenticated(connection);
}

void tcp_serve(struct tcp *tcp, struct connection *connection, uint32_t events, double now)
{
    if (connection->is_open && events & EPOLLOUT)
        connection_write(connection);
    if (connection->is_open && events & ~(uint32_t)EPOLLOUT)
        read_from(tcp, connection, now);
}

/* Timeouts. */

double tcp_due(const struct tcp *tcp)
{
    double due = INFINITY;
    if (!list_is_empty(&tcp->connections.unauthenticated))
        due = list_entry(tcp->connections.unauthenticated.next, struct connection, unauthenticated)
                  ->prove_by;
    for (int i = 0; i < tcp->port_count; i++)
        if (tcp->ports[i]->accept_at > 0)
            due = fmin(due, tcp->ports[i]->accept_at);
    return due;
}

void tcp_run(struct tcp *tcp, double now)
{
    list_each(link, &tcp->connections.unauthenticated) {
        struct connection *connection = list_entry(link, struct connection, unauthenticated);
        if (connection->prove_by > now)
            break;
        must_be_proved(connection);
    }
    for (int i = 0; i < tcp->port_count; i++) {
        struct port *port = tcp->ports[i];
        if (port->accept_at > 0 && port->accept_at <= now) {
            port->accept_at = 0;
            watched_for(&port->watched, tcp->connections.epoll, EPOLLIN);
        }
    }
}

void tcp_flush(struct tcp *tcp, double now)
{
    for (int i = 0; i < tcp->port_count; i++)
        port_flush(tcp->ports[i], now);
}
