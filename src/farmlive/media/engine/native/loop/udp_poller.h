/* Decides when each UDP socket is read: the shared ones, and the publishers' own on the same ports.
 * As `farmlive.media.engine.python.net.sockets`.
 *
 * Waking up costs more than reading a viewer's feedback. While media arrives, shared sockets are
 * read when a publisher wakes the thread; a publisher's own socket is read as soon as something
 * arrives on it.
 *
 * Always holds: a peer without a socket of its own is read from a shared one, which is watched
 * unless a publisher's socket was read recently. */
#ifndef FARMLIVE_UDP_POLLER_H
#define FARMLIVE_UDP_POLLER_H

#include "core/commands.h"
#include "core/core.h"
#include "net/port_struct.h"
#include "net/recv_batch.h"

struct publisher_socket;

struct udp_poller {
    struct core *core;
    struct commands *commands;
    int epoll;
    int port_count;
    struct port **ports;
    struct list owns;
    struct publisher_socket *dead;
    bool is_patient; /* shared sockets are read only when a publisher wakes us */
    bool is_woken;   /* by a publisher since the last check */
    bool is_due;     /* the shared sockets must be read, although they are not watched */
    struct recv_batch *recv_batch;
};

/* Read these sockets; false if the system has no resources, and then, too, `udp_poller_clear`
 * closes them. */
bool udp_poller_init(struct udp_poller *poller, struct core *core, struct commands *commands,
                     int epoll, const int *fds, int count);
/* Close all sockets. */
void udp_poller_clear(struct udp_poller *poller);

/* Give a publisher a socket of its own at `peer->own`; if that fails it uses the shared one. */
void udp_poller_open_own(struct udp_poller *poller, struct peer *peer);
/* Close the publisher's own socket. */
void udp_poller_close_own(struct udp_poller *poller, struct peer *peer);
/* Let receiver reports through the filter, or drop them. */
void udp_poller_pass_reports(struct udp_poller *poller, bool hears);
/* Read each datagram when it comes: a peer is joining, or no publisher wakes the thread. */
void udp_poller_read_when_readable(struct udp_poller *poller);
/* Read the shared sockets only when a publisher wakes the thread. Called now and then while no peer
 * joins. */
void udp_poller_read_with_publishers(struct udp_poller *poller);

/* Read a publisher's socket, or a shared one, that has datagrams. The caller then calls
 * `timers_after_reading`. */
void udp_poller_on_publisher_readable(struct udp_poller *poller, struct watched *watched,
                                      double now);
void udp_poller_on_shared_readable(struct udp_poller *poller, struct watched *watched, double now);
/* After `timers_after_reading`, if publishers were read: read the shared sockets if they wait for
 * that. Returns true if they were read. */
bool udp_poller_read_deferred(struct udp_poller *poller, double now);
/* Return when sockets must be read again without an event, at the latest. */
double udp_poller_due(const struct udp_poller *poller);
/* Free the closed sockets; called when no event refers to one. */
void udp_poller_bury(struct udp_poller *poller);

#endif
