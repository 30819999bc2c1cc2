/* The two transports, and what stands in for a socket in tests. */
#ifndef FARMLIVE_TRANSPORT_H
#define FARMLIVE_TRANSPORT_H

#include "base/address.h"

enum transport { TRANSPORT_UDP, TRANSPORT_TCP };

/* Receives what a test engine sends. */
struct sink {
    void (*datagram)(void *context, const struct address *address, const uint8_t *data,
                     size_t size);
    void *context;
};

#endif
