/* How many TCP connections there may be: in all, and from one IP address. */
#ifndef FARMLIVE_TCP_LIMITS_H
#define FARMLIVE_TCP_LIMITS_H

#include "base/table.h"

enum { CONNECTIONS_MOST = 4096, CONNECTIONS_OF_AN_ADDRESS = 256 };

struct tcp_host; /* how many come from one IP address */

/* All zeros is an empty one. */
struct tcp_limits {
    int count;          /* connections */
    struct table hosts; /* by address, without its port */
};

/* Whether one more may come from there. */
bool tcp_limits_allow(const struct tcp_limits *limits, const struct address *address);
/* Count a connection, and count it no more. */
struct tcp_host *tcp_limits_add(struct tcp_limits *limits, const struct address *address);
void tcp_limits_remove(struct tcp_limits *limits, struct tcp_host *host);
/* All connections have been removed. */
void tcp_limits_clear(struct tcp_limits *limits);

#endif
