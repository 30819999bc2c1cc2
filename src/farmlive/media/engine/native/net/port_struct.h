/* The struct behind `port.h`, for modules that read and write ports. */
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
    struct sink sink;   /* in place of a socket; without a function there is a socket */
    struct table peers; /* by the remote address that each has validated */
    /* For `connection` and `tcp`. */
    struct connections *all;  /* of all ports */
    struct table connections; /* by their remote address */
    struct list gathered;     /* those with frames that wait for the next flush */
    double accept_at;         /* the next attempt to accept connections; 0: accepting */
};

#endif
