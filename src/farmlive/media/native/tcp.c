/* The TCP ports: who may connect, and for how long without proving to be a peer.
 *
 * Always holds: the counts, of all connections and of each address's, are of those that are open;
 * `unproved` has them in the order in which they must prove to be a peer's. */
#include "tcp.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "memory.h"

enum { CONNECTIONS_MOST = 4096, CONNECTIONS_OF_AN_ADDRESS = 256, ACCEPTED_AT_ONCE = 16 };

/* A connection proves within this time that it is a peer's. */
static const double CHECKED_WITHIN_S = 10.0;
static const double ACCEPT_AGAIN_S = 1.0;

struct host {
    struct address address;
    int count;
};

bool tcp_init(struct tcp *tcp, struct core *core, struct commands *commands, int epoll,
              const int *fds, int count)
{
    tcp->core = core;
    tcp->commands = commands;
    tcp->epoll = epoll;
    tcp->port_count = count;
    list_init(&tcp->unproved);
    tcp->ports = memory_new((size_t)count * sizeof *tcp->ports);
    bool listens = true;
    for (int i = 0; i < count; i++) {
        struct port *port = tcp->ports[i] = port_new(TRANSPORT_TCP, fds[i], NULL);
        port->watched.as = WATCHED_LISTENER;
        port->tcp = tcp;
        listens &= watched_for(&port->watched, epoll, EPOLLIN);
    }
    return listens;
}

void tcp_clear(struct tcp *tcp)
{
    for (int i = 0; i < tcp->port_count; i++)
        port_free(tcp->ports[i]);
    free(tcp->ports);
    tcp_bury(tcp);
    table_clear(&tcp->hosts);
}

/* Bounds. */

static struct address host_of(const struct address *address)
{
    struct address host = *address;
    if (host.name.any.sa_family == AF_INET)
        host.name.v4.sin_port = 0;
    else
        host.name.v6.sin6_port = 0;
    return host;
}

void tcp_opened(struct tcp *tcp, struct connection *connection, double now)
{
    struct address address = host_of(&connection->address);
    struct host *host = table_get(&tcp->hosts, &address);
    if (!host) {
        host = memory_new(sizeof *host);
        host->address = address;
        table_put(&tcp->hosts, &address, host);
    }
    host->count++;
    connection->host = host;
    connection->prove_by = now + CHECKED_WITHIN_S;
    list_add(&tcp->unproved, &connection->unproved);
    tcp->count++;
}

void tcp_closed(struct tcp *tcp, struct connection *connection)
{
    struct host *host = connection->host;
    if (!--host->count) {
        table_take(&tcp->hosts, &host->address);
        free(host);
    }
    list_remove(&connection->unproved);
    tcp->count--;
    connection->next_dead = tcp->dead;
    tcp->dead = connection;
}

void tcp_bury(struct tcp *tcp)
{
    while (tcp->dead) {
        struct connection *connection = tcp->dead;
        tcp->dead = connection->next_dead;
        free(connection);
    }
}

/* It has proved to be a peer's by now, or is closed. */
static bool must_be_proved(struct connection *connection)
{
    if (port_peer(connection->port, &connection->address)) {
        list_remove(&connection->unproved);
        return true;
    }
    connection_close(connection);
    return false;
}

/* Whether one more may come from here; where all is full, one that has not proved anything makes
 * room. */
static bool has_room(struct tcp *tcp, const struct address *address)
{
    struct address host = host_of(address);
    const struct host *known = table_get(&tcp->hosts, &host);
    if (!known || known->count < CONNECTIONS_OF_AN_ADDRESS) {
        if (tcp->count < CONNECTIONS_MOST)
            return true;
        list_each(link, &tcp->unproved)
            if (!must_be_proved(list_entry(link, struct connection, unproved)))
                return true;
    }
    atomic_fetch_add_explicit(&tcp->refused, 1, memory_order_relaxed);
    return false;
}

void tcp_accept(struct port *port, double now)
{
    struct tcp *tcp = port->tcp;
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        struct address address = {.size = sizeof address.name};
        int fd = accept4(port->watched.fd, &address.name.any, &address.size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            /* No room in the system: who knocks would wake us for ever. */
            watched_for(&port->watched, tcp->epoll, 0);
            port->accept_at = now + ACCEPT_AGAIN_S;
            return;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (fd < 0)
            continue;
        /* An older one from there has ended, or this one could not be: it was not read yet. */
        struct connection *older = table_get(&port->connections, &address);
        if (older)
            connection_close(older);
        if (has_room(tcp, &address))
            connection_new(port, fd, &address, now);
        else
            close(fd);
    }
}

/* By the clock. */

double tcp_due(const struct tcp *tcp)
{
    double due = INFINITY;
    if (!list_is_empty(&tcp->unproved))
        due = list_entry(tcp->unproved.next, struct connection, unproved)->prove_by;
    for (int i = 0; i < tcp->port_count; i++)
        if (tcp->ports[i]->accept_at > 0)
            due = fmin(due, tcp->ports[i]->accept_at);
    return due;
}

void tcp_run(struct tcp *tcp, double now)
{
    list_each(link, &tcp->unproved) {
        struct connection *connection = list_entry(link, struct connection, unproved);
        if (connection->prove_by > now)
            break;
        must_be_proved(connection);
    }
    for (int i = 0; i < tcp->port_count; i++) {
        struct port *port = tcp->ports[i];
        if (port->accept_at > 0 && port->accept_at <= now) {
            port->accept_at = 0;
            watched_for(&port->watched, tcp->epoll, EPOLLIN);
        }
    }
}

void tcp_flush(struct tcp *tcp, double now)
{
    for (int i = 0; i < tcp->port_count; i++)
        port_flush(tcp->ports[i], now);
}
