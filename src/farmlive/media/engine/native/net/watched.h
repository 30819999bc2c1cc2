/* A descriptor in the epoll set, and its owner. */
#ifndef FARMLIVE_WATCHED_H
#define FARMLIVE_WATCHED_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

enum watched_as {
    WATCHED_COMMANDS,
    WATCHED_REPORTS,
    WATCHED_SHARED,     /* a `struct port` of UDP */
    WATCHED_OWN,        /* a publisher's socket, `udp_poller`'s */
    WATCHED_LISTENER,   /* a `struct port` of TCP */
    WATCHED_CONNECTION, /* a `struct connection` */
};

/* The start of the struct of a watched descriptor. */
struct watched {
    enum watched_as as;
    int fd;
    bool is_in;      /* in the set */
    uint32_t events; /* that it is watched for */
};

/* Watch these events from now on, 0 for none; false if the system has no resources, which never
 * happens for a descriptor that is already in the set. */
static inline bool watched_for(struct watched *watched, int epoll, uint32_t events)
{
    if (watched->is_in && events == watched->events)
        return true;
    struct epoll_event event = {.events = events, .data.ptr = watched};
    int what = watched->is_in ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll, what, watched->fd, &event) < 0)
        return false;
    watched->is_in = true;
    watched->events = events;
    return true;
}

/* Stop watching it, and close it. If it were only closed, it would stay in the set while a child
 * process has it, too, between fork and exec. */
static inline void watched_close(struct watched *watched, int epoll)
{
    if (watched->is_in)
        epoll_ctl(epoll, EPOLL_CTL_DEL, watched->fd, NULL);
    close(watched->fd);
}

#endif
