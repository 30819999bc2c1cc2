/* Send-only sockets.
 *
 * Always holds: a shared socket outlives its outlet, so that its number stands for it. */
#include "send/send_sockets.h"

#include <unistd.h>

#include "base/connected_socket.h"

/* Whether a socket is bound to whatever address there is. Connected, it would have but one. */
static bool is_any(const struct address *address)
{
    if (address->name.any.sa_family == AF_INET)
        return address->name.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address->name.v6.sin6_addr);
}

static int open_outlet(int shared)
{
    struct address here = {.size = sizeof here.name};
    if (getsockname(shared, &here.name.any, &here.size) != 0 || is_any(&here))
        return -1;
    return beside_open(shared, &here);
}

int outlets_of(struct outlets *outlets, int shared)
{
    for (int at = 0; at < outlets->count; at++)
        if (outlets->each[at].shared == shared)
            return outlets->each[at].fd;
    if (outlets->count == OUTLETS_MOST)
        return shared;
    int fd = open_outlet(shared);
    outlets->each[outlets->count++] = (struct outlet){shared, fd < 0 ? shared : fd};
    return fd < 0 ? shared : fd;
}

void outlets_close(struct outlets *outlets)
{
    for (int at = 0; at < outlets->count; at++)
        if (outlets->each[at].fd != outlets->each[at].shared)
            close(outlets->each[at].fd);
    outlets->count = 0;
}
