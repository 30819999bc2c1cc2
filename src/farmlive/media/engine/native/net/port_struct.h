/* The struct behind `port.h`, for those who read and write ports. */
#ifndef FARMLIVE_PORT_STRUCT_H
#define FARMLIVE_PORT_STRUCT_H

#include "base/list.h"
#include "base/table.h"
#include "net/transport.h"
#include "net/watched.h"

struct connections;

struct port {
    struct watched watched; /* by its socket */
    enum transport transport;
    struct sink sink;   /* without a socket; no function: there is one */
    struct table peers; /* by the remote address that each has proved to be at */
    /* The rest is `connection`'s and `tcp`'s. */
    struct connections *all;  /* of all ports */
    struct table connections; /* by their remote address */
    struct list gathered;     /* those with frames that wait for the next flush */
    double accept_at;         /* the system has no room for connections before; 0: it has */
};

#endif
