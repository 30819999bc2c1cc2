/* Limits on TCP connections: in all, and from one IP address. */
#ifndef FARMLIVE_TCP_LIMITS_H
#define FARMLIVE_TCP_LIMITS_H

#include "base/table.h"

/* A village behind one NAT is one address: its connections count against the low limit only until
 * their checks are authenticated. The high one leaves places for other addresses. */
enum {
    CONNECTIONS_MOST = 4096,
    UNAUTHENTICATED_OF_AN_ADDRESS = 256,
    CONNECTIONS_OF_AN_ADDRESS = 2048
};

struct tcp_host; /* the number of connections from one IP address */

/* All zeros is empty. */
struct tcp_limits {
    int count;          /* connections */
    struct table hosts; /* by address, without its port */
};

/* Return whether one more connection may come from there. */
bool tcp_limits_allow(const struct tcp_limits *limits, const struct address *address);
/* Add a connection to the count, as one without an authenticated check. */
struct tcp_host *tcp_limits_add(struct tcp_limits *limits, const struct address *address);
/* Record, once, that a connection has sent an authenticated check. */
void tcp_limits_authenticated(struct tcp_host *host);
/* Remove a connection, which counts as one that has. */
void tcp_limits_remove(struct tcp_limits *limits, struct tcp_host *host);
/* Free the table; all connections have been removed. */
void tcp_limits_clear(struct tcp_limits *limits);

#endif
