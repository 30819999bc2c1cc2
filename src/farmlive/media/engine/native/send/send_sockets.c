/* Send-only sockets.
 *
 * Always holds: a shared socket outlives its send socket, so that its descriptor identifies it. */
#include "send/send_sockets.h"

#include <unistd.h>

#include "base/connected_socket.h"

/* Return whether a socket is bound to the wildcard address. Connected, it would have only one
 * address. */
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
    return connected_socket_open(shared, &here);
}

void send_sockets_open(struct send_sockets *send_sockets, int shared)
{
    if (send_sockets->count == SEND_SOCKETS_MOST)
        return;
    int fd = open_outlet(shared);
    if (fd >= 0)
        send_sockets->each[send_sockets->count++] = (struct send_socket){shared, fd};
}

int send_sockets_for(const struct send_sockets *send_sockets, int shared)
{
    for (int at = 0; at < send_sockets->count; at++)
        if (send_sockets->each[at].shared == shared)
            return send_sockets->each[at].fd;
    return shared;
}

void send_sockets_close(struct send_sockets *send_sockets)
{
    for (int at = 0; at < send_sockets->count; at++)
        close(send_sockets->each[at].fd);
    send_sockets->count = 0;
}
