/* Opens the socket. Always holds: SO_REUSEADDR is set on the shared socket only for a moment, so
 * that no other process can open the port. */
#include "base/connected_socket.h"

#include <unistd.h>

enum { BUFFER = 4 << 20 };

static bool set(int fd, int option, int value)
{
    return setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) == 0;
}

/* Enlarge the buffers for a batch: past the system's limit if permitted, otherwise up to it. */
static void widen(int fd)
{
    if (!set(fd, SO_RCVBUFFORCE, BUFFER))
        set(fd, SO_RCVBUF, BUFFER);
    if (!set(fd, SO_SNDBUFFORCE, BUFFER))
        set(fd, SO_SNDBUF, BUFFER);
}

/* Bind to the address of `shared`, and connect. */
static bool join(int fd, int shared, const struct address *remote)
{
    struct address here = {.size = sizeof here.name};
    return getsockname(shared, &here.name.any, &here.size) == 0 && set(fd, SO_REUSEADDR, 1) &&
           bind(fd, &here.name.any, here.size) == 0 &&
           connect(fd, &remote->name.any, remote->size) == 0;
}

int connected_socket_open(int shared, const struct address *remote)
{
    int fd = socket(remote->name.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    widen(fd);
    set(fd, SO_TIMESTAMPNS, 1);
    set(shared, SO_REUSEADDR, 1);
    bool is_joined = join(fd, shared, remote);
    set(shared, SO_REUSEADDR, 0);
    if (!is_joined) {
        close(fd);
        return -1;
    }
    return fd;
}
