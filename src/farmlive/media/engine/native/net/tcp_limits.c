/* Counts TCP connections.
 *
 * Always holds: an IP address is in the table for as long as it has a connection. */
#include "net/tcp_limits.h"

#include "base/memory.h"

struct tcp_host {
    struct address address;
    int count, unauthenticated;
};

static struct address host_of(const struct address *address)
{
    struct address host = *address;
    if (host.name.any.sa_family == AF_INET)
        host.name.v4.sin_port = 0;
    else
        host.name.v6.sin6_port = 0;
    return host;
}

bool tcp_limits_allow(const struct tcp_limits *limits, const struct address *address)
{
    struct address at = host_of(address);
    const struct tcp_host *host = table_get(&limits->hosts, &at);
    return !host || (host->unauthenticated < UNAUTHENTICATED_OF_AN_ADDRESS &&
                     host->count < CONNECTIONS_OF_AN_ADDRESS);
}

struct tcp_host *tcp_limits_add(struct tcp_limits *limits, const struct address *address)
{
    struct address at = host_of(address);
    struct tcp_host *host = table_get(&limits->hosts, &at);
    if (!host) {
        host = memory_new(sizeof *host);
        host->address = at;
        table_put(&limits->hosts, &at, host);
    }
    host->count++;
    host->unauthenticated++;
    limits->count++;
    return host;
}

void tcp_limits_authenticated(struct tcp_host *host) { host->unauthenticated--; }

void tcp_limits_remove(struct tcp_limits *limits, struct tcp_host *host)
{
    limits->count--;
    if (!--host->count) {
        table_take(&limits->hosts, &host->address);
        free(host);
    }
}

void tcp_limits_clear(struct tcp_limits *limits) { table_clear(&limits->hosts); }
