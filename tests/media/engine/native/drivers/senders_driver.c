/* What the tests of the senders put between these and the system: routes that take no segments,
 * full buffers, a kernel without UDP segmentation. Linked with --wrap for each function. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
ssize_t __real_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t to_size);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

/* Messages to this port (0: to any) fail with `error`; 0: none does. `all`: packets that go alone
 * too. */
int driver_port, driver_error;
bool driver_all;
/* setsockopt() does not know segments. */
bool driver_is_old;
/* How many messages have failed so, and how many runs went. */
atomic_int driver_failed, driver_runs;

static bool fails(const struct sockaddr *to, bool run)
{
    int port = ntohs(((const struct sockaddr_in *)(const void *)to)->sin_port);
    return driver_error && (run || driver_all) && (!driver_port || driver_port == port);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned at = 0;
    while (at < count && !fails(messages[at].msg_hdr.msg_name, messages[at].msg_hdr.msg_controllen))
        at++;
    if (at == 0) {
        driver_failed++;
        errno = driver_error;
        return -1;
    }
    int sent = __real_sendmmsg(fd, messages, at, flags);
    for (int number = 0; number < sent; number++)
        driver_runs += messages[number].msg_hdr.msg_controllen > 0;
    return sent;
}

ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
                      socklen_t to_size)
{
    if (!fails(to, false))
        return __real_sendto(fd, data, size, flags, to, to_size);
    driver_failed++;
    errno = driver_error;
    return -1;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (!driver_is_old || level != SOL_UDP || name != UDP_SEGMENT)
        return __real_setsockopt(fd, level, name, value, size);
    errno = ENOPROTOOPT;
    return -1;
}
