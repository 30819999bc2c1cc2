/* Reads the UDP sockets. `demux` decides what a datagram means. */
#include "loop/udp_poller.h"

#include <math.h>
#include <unistd.h>

#include "base/connected_socket.h"
#include "base/memory.h"
#include "core/demux.h"
#include "net/bpf_filter.h"

enum { SHARED_READINGS = 8 };

struct own {
    struct watched watched;
    struct list link;
    struct own *next_dead;
    struct peer *peer; /* it outlives this */
    struct port *port;
    bool is_open;
};

bool reading_init(struct reading *reading, struct core *core, struct commands *commands, int epoll,
                  const int *fds, int count)
{
    *reading = (struct reading){
        .core = core,
        .commands = commands,
        .epoll = epoll,
        .port_count = count,
    };
    list_init(&reading->owns);
    reading->inbox = inbox_new();
    reading->ports = memory_new((size_t)count * sizeof *reading->ports);
    bool is_watched = true;
    for (int i = 0; i < count; i++) {
        struct port *port = reading->ports[i] = port_new(TRANSPORT_UDP, fds[i], NULL);
        port->watched.as = WATCHED_SHARED;
        is_watched &= watched_for(&port->watched, epoll, EPOLLIN);
    }
    return is_watched;
}

static void close_own(struct reading *reading, struct own *own)
{
    list_remove(&own->link);
    own->is_open = false;
    watched_close(&own->watched, reading->epoll);
    own->next_dead = reading->dead;
    reading->dead = own;
}

void reading_clear(struct reading *reading)
{
    list_each(link, &reading->owns)
        close_own(reading, list_entry(link, struct own, link));
    for (int i = 0; i < reading->port_count; i++)
        port_free(reading->ports[i]);
    free(reading->ports);
    inbox_free(reading->inbox);
    reading_bury(reading);
}

void reading_bury(struct reading *reading)
{
    while (reading->dead) {
        struct own *own = reading->dead;
        reading->dead = own->next_dead;
        free(own);
    }
}

/* Publishers' own sockets. */

static struct own *own_of(const struct reading *reading, const struct peer *peer)
{
    list_each(link, &reading->owns)
        if (list_entry(link, struct own, link)->peer == peer)
            return list_entry(link, struct own, link);
    return NULL;
}

void reading_open_own(struct reading *reading, struct peer *peer)
{
    struct port *port = peer->own.port;
    if (port_transport(port) != TRANSPORT_UDP || own_of(reading, peer))
        return;
    int fd = beside_open(port_fd(port), &peer->own.address);
    if (fd < 0)
        return;
    struct own *own = memory_new(sizeof *own);
    own->watched = (struct watched){.as = WATCHED_OWN, .fd = fd};
    own->peer = peer;
    own->port = port;
    own->is_open = true;
    list_add(&reading->owns, &own->link);
    if (!watched_for(&own->watched, reading->epoll, EPOLLIN))
        close_own(reading, own);
}

void reading_close_own(struct reading *reading, struct peer *peer)
{
    struct own *own = own_of(reading, peer);
    if (own)
        close_own(reading, own);
}

void reading_hear_reports(struct reading *reading, bool hears)
{
    for (int i = 0; i < reading->port_count; i++)
        (hears ? sieve_pass_all : sieve_sift)(port_fd(reading->ports[i]));
}

/* Patience. */

static void watch_shared(struct reading *reading, uint32_t events)
{
    for (int i = 0; i < reading->port_count; i++)
        watched_for(&reading->ports[i]->watched, reading->epoll, events);
}

void reading_at_once(struct reading *reading)
{
    if (reading->is_patient) {
        reading->is_patient = reading->is_due = false;
        watch_shared(reading, EPOLLIN);
    }
}

void reading_be_patient(struct reading *reading)
{
    if (!reading->is_woken) {
        reading_at_once(reading);
    } else if (!reading->is_patient) {
        reading->is_patient = true;
        watch_shared(reading, 0);
    }
    reading->is_woken = false;
}

/* Reading. */

/* Take what waits at a socket; true where more may wait: everyone else gets a turn first. What was
 * asked before it came is done before: clients come as soon as Python has let them in. */
static bool take(struct reading *reading, int fd, struct port *port, double now)
{
    int count = inbox_read(reading->inbox, fd);
    if (count > 0)
        commands_run(reading->commands, reading->core, now);
    for (int i = 0; i < count; i++) {
        struct datagram datagram = inbox_datagram(reading->inbox, i);
        intake_take(reading->core, port, datagram.data, datagram.size, datagram.stamp,
                    &datagram.from, now);
    }
    return count == INBOX_MOST;
}

void reading_own(struct reading *reading, struct watched *watched, double now)
{
    struct own *own = (struct own *)watched;
    if (!own->is_open)
        return;
    reading->is_woken = reading->is_due = true;
    take(reading, own->watched.fd, own->port, now);
}

/* Take what viewers and strangers sent, so much that thousands of them are heard where each round
 * is full, and no more, so that publishers are read again soon. True where more may wait. */
static bool take_shared(struct reading *reading, struct port *port, double now)
{
    for (int i = 0; i < SHARED_READINGS; i++)
        if (!take(reading, port_fd(port), port, now))
            return false;
    return true;
}

void reading_shared(struct reading *reading, struct watched *watched, double now)
{
    /* One that has turned patient since it was told of is read with the others. */
    if (watched->events)
        take_shared(reading, (struct port *)watched, now);
}

bool reading_settle(struct reading *reading, double now)
{
    bool takes = reading->is_patient && reading->is_due;
    reading->is_due = false;
    if (takes)
        for (int i = 0; i < reading->port_count; i++)
            reading->is_due |= take_shared(reading, reading->ports[i], now);
    return takes;
}

double reading_due(const struct reading *reading) { return reading->is_due ? 0 : INFINITY; }
