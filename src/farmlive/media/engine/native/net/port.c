/* The local ports of media: the peer at each remote address, and sending to it. */
#include "net/port.h"

#include <unistd.h>

#include "base/memory.h"
#include "net/connection.h"
#include "net/port_struct.h"

struct port *port_new(enum transport transport, int fd, const struct sink *sink)
{
    struct port *port = memory_new(sizeof *port);
    port->transport = transport;
    port->watched.fd = fd;
    if (sink)
        port->sink = *sink;
    list_init(&port->gathered);
    return port;
}

void port_free(struct port *port)
{
    connection_close_all(port);
    table_clear(&port->peers);
    if (port->watched.fd >= 0)
        close(port->watched.fd);
    free(port);
}

void port_let_go(struct port *port) { port->watched.fd = -1; }

enum transport port_transport(const struct port *port) { return port->transport; }

int port_fd(const struct port *port)
{
    return port->transport == TRANSPORT_UDP ? port->watched.fd : -1;
}

struct peer *port_peer(const struct port *port, const struct address *address)
{
    return table_get(&port->peers, address);
}

size_t port_count(const struct port *port) { return port->peers.count; }

void port_set_peer(struct port *port, const struct address *address, struct peer *peer)
{
    table_put(&port->peers, address, peer);
}

void port_forget(struct port *port, const struct address *address)
{
    table_take(&port->peers, address);
    struct connection *connection = table_get(&port->connections, address);
    if (connection)
        connection_close(connection);
}

void port_send(struct port *port, const uint8_t *data, size_t size, const struct address *address,
               double now)
{
    if (port->sink.datagram) {
        port->sink.datagram(port->sink.context, address, data, size);
    } else if (port->transport == TRANSPORT_UDP) {
        ssize_t sent =
            sendto(port->watched.fd, data, size, MSG_DONTWAIT, &address->name.any, address->size);
        (void)sent;
    } else {
        struct connection *connection = table_get(&port->connections, address);
        if (connection)
            connection_send(connection, data, size, now);
    }
}

size_t port_queued_bytes(const struct port *port, const struct address *address)
{
    if (port->transport == TRANSPORT_UDP || port->sink.datagram)
        return 0;
    const struct connection *connection = table_get(&port->connections, address);
    return connection ? connection_held(connection) : 1;
}

int port_stream(struct port *port, const struct address *address, const uint8_t *data, size_t size,
                bool is_video, double now)
{
    if (port->sink.datagram) {
        port->sink.datagram(port->sink.context, address, data, size);
        return 0;
    }
    if (port->transport == TRANSPORT_UDP) {
        /* The packet was protected before the viewer moved from a connection to UDP. */
        port_send(port, data, size, address, now);
        return 0;
    }
    struct connection *connection = table_get(&port->connections, address);
    return connection ? connection_stream(connection, data, size, is_video, now) : 1;
}

void port_flush(struct port *port, double now)
{
    list_each(link, &port->gathered)
        connection_flush(list_entry(link, struct connection, gathered), now);
}
