/* Reads the UDP sockets. `demux` decides what a datagram means. */
#include "loop/udp_poller.h"

#include <math.h>
#include <unistd.h>

#include "base/connected_socket.h"
#include "base/memory.h"
#include "core/demux.h"
#include "net/bpf_filter.h"

enum { SHARED_READINGS = 8 };

struct publisher_socket {
    struct watched watched;
    struct list link;
    struct publisher_socket *next_dead;
    struct peer *peer; /* it outlives this */
    struct port *port;
    bool is_open;
};

bool udp_poller_init(struct udp_poller *poller, struct core *core, struct commands *commands,
                     int epoll, const int *fds, int count)
{
    *poller = (struct udp_poller){
        .core = core,
        .commands = commands,
        .epoll = epoll,
        .port_count = count,
    };
    list_init(&poller->owns);
    poller->recv_batch = recv_batch_new();
    poller->ports = memory_new((size_t)count * sizeof *poller->ports);
    bool is_watched = true;
    for (int i = 0; i < count; i++) {
        struct port *port = poller->ports[i] = port_new(TRANSPORT_UDP, fds[i], NULL);
        port->watched.as = WATCHED_SHARED;
        is_watched &= watched_for(&port->watched, epoll, EPOLLIN);
    }
    return is_watched;
}

static void close_own(struct udp_poller *poller, struct publisher_socket *own)
{
    list_remove(&own->link);
    own->is_open = false;
    watched_close(&own->watched, poller->epoll);
    own->next_dead = poller->dead;
    poller->dead = own;
}

void udp_poller_clear(struct udp_poller *poller)
{
    list_each(link, &poller->owns)
        close_own(poller, list_entry(link, struct publisher_socket, link));
    for (int i = 0; i < poller->port_count; i++)
        port_free(poller->ports[i]);
    free(poller->ports);
    recv_batch_free(poller->recv_batch);
    udp_poller_bury(poller);
}

void udp_poller_bury(struct udp_poller *poller)
{
    while (poller->dead) {
        struct publisher_socket *own = poller->dead;
        poller->dead = own->next_dead;
        free(own);
    }
}

/* Publishers' own sockets. */

static struct publisher_socket *own_of(const struct udp_poller *poller, const struct peer *peer)
{
    list_each(link, &poller->owns)
        if (list_entry(link, struct publisher_socket, link)->peer == peer)
            return list_entry(link, struct publisher_socket, link);
    return NULL;
}

void udp_poller_open_own(struct udp_poller *poller, struct peer *peer)
{
    struct port *port = peer->own.port;
    if (port_transport(port) != TRANSPORT_UDP || own_of(poller, peer))
        return;
    int fd = connected_socket_open(port_fd(port), &peer->own.address);
    if (fd < 0)
        return;
    struct publisher_socket *own = memory_new(sizeof *own);
    own->watched = (struct watched){.as = WATCHED_OWN, .fd = fd};
    own->peer = peer;
    own->port = port;
    own->is_open = true;
    list_add(&poller->owns, &own->link);
    if (!watched_for(&own->watched, poller->epoll, EPOLLIN))
        close_own(poller, own);
}

void udp_poller_close_own(struct udp_poller *poller, struct peer *peer)
{
    struct publisher_socket *own = own_of(poller, peer);
    if (own)
        close_own(poller, own);
}

void udp_poller_pass_reports(struct udp_poller *poller, bool hears)
{
    for (int i = 0; i < poller->port_count; i++)
        (hears ? bpf_filter_pass_all : bpf_filter_sift)(port_fd(poller->ports[i]));
}

/* Reading shared sockets only when a publisher wakes the thread. */

static void watch_shared(struct udp_poller *poller, uint32_t events)
{
    for (int i = 0; i < poller->port_count; i++)
        watched_for(&poller->ports[i]->watched, poller->epoll, events);
}

void udp_poller_read_when_readable(struct udp_poller *poller)
{
    if (poller->is_patient) {
        poller->is_patient = poller->is_due = false;
        watch_shared(poller, EPOLLIN);
    }
}

void udp_poller_read_with_publishers(struct udp_poller *poller)
{
    if (!poller->is_woken) {
        udp_poller_read_when_readable(poller);
    } else if (!poller->is_patient) {
        poller->is_patient = true;
        watch_shared(poller, 0);
    }
    poller->is_woken = false;
}

/* Reading. */

/* Read a socket; return true if more may wait, so that other sockets are read first. Python's
 * commands from before a datagram run before it: clients send as soon as Python has answered
 * them. */
static bool take(struct udp_poller *poller, int fd, struct port *port, double now)
{
    int count = recv_batch_read(poller->recv_batch, fd);
    if (count > 0)
        commands_run(poller->commands, poller->core, now);
    for (int i = 0; i < count; i++) {
        struct datagram datagram = recv_batch_datagram(poller->recv_batch, i);
        demux_handle(poller->core, port, datagram.data, datagram.size, datagram.stamp,
                     &datagram.from, now);
    }
    return count == RECV_BATCH_MOST;
}

void udp_poller_on_publisher_readable(struct udp_poller *poller, struct watched *watched,
                                      double now)
{
    struct publisher_socket *own = (struct publisher_socket *)watched;
    if (!own->is_open)
        return;
    poller->is_woken = poller->is_due = true;
    take(poller, own->watched.fd, own->port, now);
}

/* Read viewers' and strangers' datagrams: enough that thousands of viewers are served even if each
 * round is full, and few enough that publishers are read again soon. Returns true if more may
 * wait. */
static bool take_shared(struct udp_poller *poller, struct port *port, double now)
{
    for (int i = 0; i < SHARED_READINGS; i++)
        if (!take(poller, port_fd(port), port, now))
            return false;
    return true;
}

void udp_poller_on_shared_readable(struct udp_poller *poller, struct watched *watched, double now)
{
    /* A socket that has become patient since its event is read with the others. */
    if (watched->events)
        take_shared(poller, (struct port *)watched, now);
}

bool udp_poller_read_deferred(struct udp_poller *poller, double now)
{
    bool takes = poller->is_patient && poller->is_due;
    poller->is_due = false;
    if (takes)
        for (int i = 0; i < poller->port_count; i++)
            poller->is_due |= take_shared(poller, poller->ports[i], now);
    return takes;
}

double udp_poller_due(const struct udp_poller *poller) { return poller->is_due ? 0 : INFINITY; }
