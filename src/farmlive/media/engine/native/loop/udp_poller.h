/* Decides when each UDP socket is read: the shared ones, and the publishers' own on the same ports.
 * As `farmlive.media.engine.python.net.sockets`.
 *
 * Waking up costs more than reading a viewer's feedback. While media arrives, shared sockets are
 * read when a publisher wakes the thread; a publisher's own socket is read as soon as something
 * arrives on it.
 *
 * Always holds: a peer without a socket of its own is read from a shared one, which is watched
 * unless a publisher's socket was read lately. */
#ifndef FARMLIVE_UDP_POLLER_H
#define FARMLIVE_UDP_POLLER_H

#include "core/commands.h"
#include "core/core.h"
#include "net/port_struct.h"
#include "net/recv_batch.h"

struct own; /* a publisher's socket */

struct udp_poller {
    struct core *core;
    struct commands *commands;
    int epoll;
    int port_count;
    struct port **ports;
    struct list owns;
    struct own *dead;
    bool is_patient; /* shared sockets are read only when a publisher wakes us */
    bool is_woken;   /* by one since the last look */
    bool is_due;     /* the shared sockets are to be read, though they are not watched */
    struct recv_batch *recv_batch;
};

/* Read these sockets; false where the system has no room, and then too they are closed by
 * `udp_poller_clear`. */
bool udp_poller_init(struct udp_poller *poller, struct core *core, struct commands *commands,
                     int epoll, const int *fds, int count);
/* Close all sockets. */
void udp_poller_clear(struct udp_poller *poller);

/* Give a publisher a socket of its own at `peer->own`; without one it shares. */
void udp_poller_open_own(struct udp_poller *poller, struct peer *peer);
/* The publisher is gone from there. */
void udp_poller_close_own(struct udp_poller *poller, struct peer *peer);
/* Let receiver reports through the filter, or drop them. */
void udp_poller_hear_reports(struct udp_poller *poller, bool hears);
/* A peer joins, or no publisher wakes us: read shared sockets whenever something arrives. */
void udp_poller_at_once(struct udp_poller *poller);
/* Called now and then while no peer joins. */
void udp_poller_be_patient(struct udp_poller *poller);

/* Something has come to a publisher's socket, or to a shared one. Then `timers_after_reading` is
 * called. */
void udp_poller_own(struct udp_poller *poller, struct watched *watched, double now);
void udp_poller_shared(struct udp_poller *poller, struct watched *watched, double now);
/* After `timers_after_reading` where publishers were read: read what viewers share, if that waits
 * for it. True where it was read. */
bool udp_poller_settle(struct udp_poller *poller, double now);
/* When it must be read again without anything coming, at the latest. */
double udp_poller_due(const struct udp_poller *poller);
/* Free the closed sockets; called when nothing points to one. */
void udp_poller_bury(struct udp_poller *poller);

#endif
