/* One TCP connection. `send_queue` decides what a slow viewer loses. */
#include "net/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/memory.h"

/* Limits of what the kernel buffers for one connection, in bytes, and of its unsent part: what is
 * in these buffers can't be dropped any more. */
enum { KERNEL_HOLDS = 1 << 17, UNSENT = 1 << 14, DEAD_AFTER_MS = 30000 };

enum { WRITTEN_AT_ONCE = 1 << 16, PARTS_AT_ONCE = 128 };

/* A connection must send an authenticated check within this time. */
static const double CHECKED_WITHIN_S = 10.0;

static void set(int fd, int level, int option, int value)
{
    /* An old system does without. */
    int status = setsockopt(fd, level, option, &value, sizeof value);
    (void)status;
}

struct connection *connection_new(struct port *port, int fd, const struct address *address,
                                  double now)
{
    struct connection *connection = memory_new(sizeof *connection);
    connection->watched = (struct watched){.as = WATCHED_CONNECTION, .fd = fd};
    connection->port = port;
    connection->address = *address;
    connection->is_open = true;
    list_init(&connection->gathered);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_SNDBUF, KERNEL_HOLDS);
    set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_AFTER_MS);
    connection->host = tcp_limits_add(&port->all->limits, address);
    connection->prove_by = now + CHECKED_WITHIN_S;
    list_add(&port->all->unauthenticated, &connection->unauthenticated);
    table_put(&port->connections, address, connection);
    if (!watched_for(&connection->watched, port->all->epoll, EPOLLIN))
        connection_close(connection);
    return connection;
}

void connection_authenticated(struct connection *connection)
{
    if (list_is_empty(&connection->unauthenticated))
        return;
    list_remove(&connection->unauthenticated);
    tcp_limits_authenticated(connection->host);
}

void connection_close(struct connection *connection)
{
    if (!connection->is_open)
        return;
    connection_authenticated(connection);
    struct port *port = connection->port;
    struct connections *all = port->all;
    connection->is_open = false;
    list_remove(&connection->gathered);
    send_queue_clear(&connection->send_queue);
    watched_close(&connection->watched, all->epoll);
    table_take(&port->connections, &connection->address);
    tcp_limits_remove(&all->limits, connection->host);
    connection->next_dead = all->dead;
    all->dead = connection;
    struct peer *peer = table_take(&port->peers, &connection->address);
    if (peer)
        all->cut_off(peer, port, &connection->address);
}

void connections_bury(struct connections *all)
{
    while (all->dead) {
        struct connection *connection = all->dead;
        all->dead = connection->next_dead;
        free(connection);
    }
}

void connection_close_all(struct port *port)
{
    struct table *connections = &port->connections;
    for (size_t i = 0; connections->count;) {
        struct connection *connection = connections->entries[i].value;
        /* Removing one may have moved another entry into its slot. */
        if (connection)
            connection_close(connection);
        else
            i = (i + 1) & (connections->room - 1);
    }
    table_clear(connections);
}

/* Reading. */

size_t connection_receive(struct connection *connection, uint8_t *room, size_t size)
{
    ssize_t count = recv(connection->watched.fd, room, size, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (count <= 0)
        connection_close(connection);
    return count > 0 ? (size_t)count : 0;
}

bool connection_next(struct connection *connection, uint8_t **data, size_t *left, uint8_t **packet,
                     size_t *size)
{
    if (!connection->is_open)
        return false;
    enum framed framed = deframer_next(&connection->deframer, data, left, packet, size);
    if (framed == FRAMED_TOO_LONG)
        connection_close(connection);
    return framed == FRAMED_PACKET;
}

/* Writing. */

void connection_write(struct connection *connection)
{
    struct iovec parts[PARTS_AT_ONCE];
    struct send_queue *send_queue = &connection->send_queue;
    while (send_queue->size) {
        int count = send_queue_next(send_queue, WRITTEN_AT_ONCE, parts, PARTS_AT_ONCE);
        size_t size = 0;
        for (int i = 0; i < count; i++)
            size += parts[i].iov_len;
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(connection->watched.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            connection_close(connection);
            return;
        }
        if (sent > 0)
            send_queue_sent(send_queue, (size_t)sent);
        if (sent < (ssize_t)size)
            break;
    }
    connection->is_full = send_queue->size > 0;
    watched_for(&connection->watched, connection->port->all->epoll,
                connection->is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void connection_flush(struct connection *connection, double now)
{
    list_remove(&connection->gathered);
    connection_write(connection);
    if (connection->is_full)
        connection->unreported += send_queue_trim(&connection->send_queue, now);
}

void connection_send(struct connection *connection, const uint8_t *data, size_t size, double now)
{
    send_queue_add(&connection->send_queue, data, size, false, now);
    if (connection->is_full)
        connection->unreported += send_queue_trim(&connection->send_queue, now);
    else
        connection_flush(connection, now);
}

int connection_stream(struct connection *connection, const uint8_t *data, size_t size,
                      bool is_video, double now)
{
    send_queue_add(&connection->send_queue, data, size, is_video, now);
    if (connection->is_full) {
        connection->unreported += send_queue_trim(&connection->send_queue, now);
    } else if (connection->send_queue.size >= WRITTEN_AT_ONCE) {
        connection_flush(connection, now);
    } else if (list_is_empty(&connection->gathered)) {
        list_add(&connection->port->gathered, &connection->gathered);
    }
    int dropped = connection->unreported;
    connection->unreported = 0;
    return dropped;
}

size_t connection_held(const struct connection *connection)
{
    /* Otherwise queued frames only wait for the flush. */
    return connection->is_full ? connection->send_queue.size : 0;
}
