/* The system, as it is to an engine under stress: its clock goes faster, and buffers are full. */
#include "engine_orders.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

enum { FASTER = 16 };

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

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

/* Of what the engine calls so, a wait is as much shorter as the clock is faster. */
long __wrap_syscall(long number, ...)
{
    long given[4];
    va_list list;
    va_start(list, number);
    for (int at = 0; at < 4; at++)
        given[at] = va_arg(list, long);
    va_end(list);
    struct timespec time;
    if (number == SYS_epoll_pwait2) {
        memcpy(&time, (void *)given[3], sizeof time);
        double rest = ((double)time.tv_sec + (double)time.tv_nsec * 1e-9) / FASTER;
        time.tv_sec = (time_t)rest;
        time.tv_nsec = (long)((rest - (double)time.tv_sec) * 1e9);
        given[3] = (long)&time;
    }
    return __real_syscall(number, given[0], given[1], given[2], given[3], NULL, (size_t)0);
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
