/* The system, as it is to an engine under stress: its clock goes faster, and buffers are full. */
#include "engine_orders.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { FASTER = 16 };

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __real_epoll_wait(int epoll, struct epoll_event *found, int most, int timeout);
int __wrap_epoll_wait(int epoll, struct epoll_event *found, int most, int timeout);

double seconds(void)
{
    struct timespec time;
    __real_clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, time);
    double faster = seconds() * FASTER;
    time->tv_sec = (time_t)faster;
    time->tv_nsec = (long)((faster - (double)time->tv_sec) * 1e9);
    return 0;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *found, int most, int timeout)
{
    return __real_epoll_wait(epoll, found, most, (timeout + FASTER - 1) / FASTER);
}

/* Now and then the system's buffers are full, for one packet or for all that is left. */
ssize_t __real_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t to_size);
ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t to_size);
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

static bool is_full(void)
{
    static atomic_uint calls;
    unsigned call = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    errno = call % 512 < 256 ? EAGAIN : EINVAL;
    return call % 256 == 0;
}

ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t to_size)
{
    return is_full() ? -1 : __real_sendto(fd, data, size, flags, to, to_size);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    return is_full() ? -1 : __real_sendmmsg(fd, messages, count, flags);
}
