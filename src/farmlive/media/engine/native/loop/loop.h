/* The relay's thread: its sockets, and when each is read.
 *
 * Waking up costs more than reading a viewer's feedback. While media arrives, publishers wake the
 * thread and viewers wait for that: for this a publisher has a socket of its own on the same port.
 * As `farmlive.media.engine.python.net.sockets` and `farmlive.media.engine.python.net.tcp`. */
#ifndef FARMLIVE_LOOP_H
#define FARMLIVE_LOOP_H

#include "core/commands.h"
#include "core/core.h"
#include "core/gauges.h"

struct loop;

struct loop_options {
    const int *udp, *tcp; /* bound, non-blocking sockets; TCP's listen */
    int udp_count, tcp_count;
    int send_threads;
    double wall; /* our clock's time now, in seconds since 1970 */
};

/* Start the thread; the loop owns the sockets from now on. NULL, with errno set, if the system has
 * no resources: then the caller still owns them. */
struct loop *loop_start(const struct loop_options *options, struct events *events,
                        struct commands *commands);
/* End the thread, close all sockets, and free everything. */
void loop_stop(struct loop *loop);

/* Add what the loop holds to the gauges; in the relay's thread. */
void loop_gauges(const struct loop *loop, struct gauges *gauges);

/* Return the number of refused TCP connections so far. */
uint64_t loop_refused(const struct loop *loop);

#endif
