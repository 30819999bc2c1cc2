/* The relay's thread: it waits, reads what has arrived, and runs what is due.
 *
 * Always holds: what was closed in a round is freed at its end, since the system may have reported
 * it in the same round. */
#include "loop/loop.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/cores.h"
#include "base/memory.h"
#include "base/thread.h"
#include "core/engine.h"
#include "core/send_results.h"
#include "core/timers.h"
#include "loop/tcp.h"
#include "loop/udp_poller.h"

/* Headers may be older than the kernel; the number is the same on every architecture. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

enum { EVENTS_AT_ONCE = 64, HEARINGS_MOST = 8 };

static const double LONGEST_WAIT_S = 1;

/* Two readings of the clocks closer than the first are simultaneous; a difference above the second
 * means that someone set the wall clock. */
static const double CLOSE_S = 0.0005, SET_S = 0.02;

struct loop {
    pthread_t thread;
    int epoll;
    int reports_bell;
    atomic_bool ends;
    bool has_send_threads;
    bool waits_by_ms; /* the kernel has no finer timeout */
    struct commands *commands;
    struct watched commanded, reported;
    unsigned long ticks; /* the core's ticks when last checked */
    struct core core;
    struct udp_poller poller;
    struct tcp tcp;
};

/* Clocks. */

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double loop_now(void) { return seconds_of(CLOCK_MONOTONIC); }

/* Measure the difference of the clocks: once, and again if someone sets the wall clock. A reading
 * that was interrupted is discarded: publishers' congestion control would take the difference for
 * network delay and send less. */
static void read_clocks(struct core *core)
{
    double before = loop_now(), ahead = seconds_of(CLOCK_REALTIME) - before;
    if (loop_now() - before < CLOSE_S && fabs(ahead - core->wall_ahead) > SET_S)
        core->wall_ahead = ahead;
}

/* A round. */

/* Handle ticks that the core may have run. */
static void look_at_ticks(struct loop *loop, bool was_read)
{
    if (loop->ticks == loop->core.ticks)
        return;
    loop->ticks = loop->core.ticks;
    read_clocks(&loop->core);
    if (was_read && list_is_empty(&loop->core.joining) && !loop->core.is_probing)
        udp_poller_read_with_publishers(&loop->poller);
}

static void after_reading(struct loop *loop, double now)
{
    timers_after_reading(&loop->core, now);
    look_at_ticks(loop, true);
}

/* Read publishers' sockets; return true if there was something. */
static bool read_owns(struct loop *loop, const struct epoll_event *events, int count)
{
    double now = loop_now();
    bool some = false;
    for (int i = 0; i < count; i++) {
        struct watched *watched = events[i].data.ptr;
        if (watched->as == WATCHED_OWN) {
            udp_poller_on_publisher_readable(&loop->poller, watched, now);
            some = true;
        }
    }
    return some;
}

/* Read all other descriptors; return true if there was something. */
static bool read_others(struct loop *loop, const struct epoll_event *events, int count)
{
    double now = loop_now();
    bool some = false;
    for (int i = 0; i < count; i++) {
        struct watched *watched = events[i].data.ptr;
        switch (watched->as) {
        case WATCHED_COMMANDS:
            bell_quiet(watched->fd);
            commands_run(loop->commands, &loop->core, now);
            break;
        case WATCHED_REPORTS:
            bell_quiet(watched->fd);
            break;
        case WATCHED_SHARED:
            udp_poller_on_shared_readable(&loop->poller, watched, now);
            some = true;
            break;
        case WATCHED_LISTENER:
            tcp_accept(&loop->tcp, (struct port *)watched, now);
            break;
        case WATCHED_CONNECTION:
            tcp_serve(&loop->tcp, (struct connection *)watched, events[i].events, now);
            some = true;
            break;
        case WATCHED_OWN:
            break;
        }
    }
    return some;
}

/* Handle the senders' reports, which may cause more sends. Later reports of send threads ring the
 * bell. */
static void hear(struct loop *loop, double now)
{
    send_results_handle(&loop->core, now);
    for (int i = 1; i < HEARINGS_MOST && !loop->has_send_threads && loop->core.send_feedback.first;
         i++)
        send_results_handle(&loop->core, now);
    tcp_flush(&loop->tcp, now);
}

static double due(const struct loop *loop)
{
    double first = fmin(timers_due(&loop->core), udp_poller_due(&loop->poller));
    if (!loop->has_send_threads && loop->core.send_feedback.first)
        return 0;
    return fmin(first, tcp_due(&loop->tcp));
}

/* Wait for events, until `due` at the latest and never for less; return their number, or less than
 * 0. Waiting by whole milliseconds delays every packet; kernels before 5.11, and sandboxes that
 * block the newer call, have nothing finer. */
static int wait_until(struct loop *loop, struct epoll_event *events, double due)
{
    double rest = fmin(fmax(due - loop_now(), 0), LONGEST_WAIT_S);
    if (!loop->waits_by_ms) {
        struct timespec time = {.tv_sec = (time_t)rest,
                                .tv_nsec = (long)((rest - floor(rest)) * 1e9)};
        int count = (int)syscall(SYS_epoll_pwait2, loop->epoll, events, EVENTS_AT_ONCE, &time, NULL,
                                 (size_t)0);
        if (count >= 0 || errno == EINTR)
            return count;
        loop->waits_by_ms = true;
    }
    return epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, (int)ceil(rest * 1000));
}

static void do_round(struct loop *loop)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = wait_until(loop, events, due(loop));
    if (read_owns(loop, events, count))
        after_reading(loop, loop_now());
    if (read_others(loop, events, count))
        after_reading(loop, loop_now());
    if (udp_poller_read_deferred(&loop->poller, loop_now()))
        after_reading(loop, loop_now());
    double now = loop_now();
    if (timers_due(&loop->core) <= now) {
        timers_run(&loop->core, now);
        look_at_ticks(loop, false);
    }
    if (tcp_due(&loop->tcp) <= now)
        tcp_run(&loop->tcp, now);
    hear(loop, now);
    udp_poller_bury(&loop->poller);
    connections_bury(&loop->tcp.connections);
}

static void *run(void *context)
{
    struct loop *loop = context;
    cores_hurry(loop->has_send_threads ? TURN_DECIDES : TURN_SENDS);
    while (!atomic_load(&loop->ends))
        do_round(loop);
    return NULL;
}

/* Callbacks of the core. */

static void open_own(void *context, struct peer *peer)
{
    udp_poller_open_own(&((struct loop *)context)->poller, peer);
}

static void close_own(void *context, struct peer *peer)
{
    udp_poller_close_own(&((struct loop *)context)->poller, peer);
}

static void hear_reports(void *context, bool hears)
{
    udp_poller_pass_reports(&((struct loop *)context)->poller, hears);
}

static void read_at_once(void *context)
{
    udp_poller_read_when_readable(&((struct loop *)context)->poller);
}

/* Start and stop. */

/* Close and free everything but the thread, which does not exist (any more). */
static void clear(struct loop *loop)
{
    commands_close(loop->commands, &loop->core, loop_now());
    engine_clear(&loop->core);
    udp_poller_clear(&loop->poller);
    tcp_clear(&loop->tcp);
    close(loop->reports_bell);
    close(loop->epoll);
    free(loop);
}

static bool start_threads(struct loop *loop)
{
    for (int i = 0; i < loop->poller.port_count; i++)
        senders_open_sockets(loop->core.senders, port_fd(loop->poller.ports[i]));
    errno = senders_start(loop->core.senders);
    if (errno == 0)
        errno = thread_start(&loop->thread, "farmlive-media", run, loop);
    return errno == 0;
}

/* Give the sockets back to the caller, because the thread failed to start. */
static void give_back(struct loop *loop)
{
    for (int i = 0; i < loop->poller.port_count; i++)
        port_let_go(loop->poller.ports[i]);
    for (int i = 0; i < loop->tcp.port_count; i++)
        port_let_go(loop->tcp.ports[i]);
    clear(loop);
}

static struct loop *loop_new(int epoll, int reports_bell, const struct loop_options *options,
                             struct events *events, struct commands *commands)
{
    struct loop *loop = memory_new(sizeof *loop);
    loop->epoll = epoll;
    loop->reports_bell = reports_bell;
    loop->has_send_threads = options->send_threads > 0;
    loop->commands = commands;
    loop->commanded = (struct watched){.as = WATCHED_COMMANDS, .fd = commands->bell};
    loop->reported = (struct watched){.as = WATCHED_REPORTS, .fd = reports_bell};
    engine_init(&loop->core, events, options->send_threads, NULL,
                loop->has_send_threads ? reports_bell : -1);
    loop->core.context = loop;
    loop->core.open_own = open_own;
    loop->core.close_own = close_own;
    loop->core.hear_reports = hear_reports;
    loop->core.read_at_once = read_at_once;
    return loop;
}

/* Watch all descriptors, and start ticking. */
static bool begin(struct loop *loop, const struct loop_options *options)
{
    struct core *core = &loop->core;
    bool has_room = udp_poller_init(&loop->poller, core, loop->commands, loop->epoll, options->udp,
                                    options->udp_count);
    has_room &=
        tcp_init(&loop->tcp, core, loop->commands, loop->epoll, options->tcp, options->tcp_count);
    has_room = has_room && watched_for(&loop->commanded, loop->epoll, EPOLLIN) &&
               watched_for(&loop->reported, loop->epoll, EPOLLIN);
    if (!has_room)
        return false;
    read_clocks(core);
    timers_start(core, options->wall, loop_now());
    return start_threads(loop);
}

struct loop *loop_start(const struct loop_options *options, struct events *events,
                        struct commands *commands)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct loop *loop = NULL;
    if (epoll >= 0 && bell >= 0) {
        loop = loop_new(epoll, bell, options, events, commands);
        if (begin(loop, options))
            return loop;
    }
    int why = errno;
    if (loop) {
        give_back(loop);
    } else {
        close(epoll);
        close(bell);
    }
    errno = why;
    return NULL;
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->ends, true);
    bell_ring(loop->commands->bell);
    pthread_join(loop->thread, NULL);
    clear(loop);
}

void loop_gauges(const struct loop *loop, struct gauges *gauges)
{
    for (int i = 0; i < loop->poller.port_count; i++)
        gauges->addresses += port_count(loop->poller.ports[i]);
    for (int i = 0; i < loop->tcp.port_count; i++)
        gauges->addresses += port_count(loop->tcp.ports[i]);
    list_each(link, &loop->poller.owns)
        gauges->sockets++;
    gauges->connections += (size_t)loop->tcp.connections.limits.count;
}

uint64_t loop_refused(const struct loop *loop)
{
    return atomic_load_explicit(&loop->tcp.refused, memory_order_relaxed);
}
