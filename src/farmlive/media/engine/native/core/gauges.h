/* The gauges: how much the engine holds right now. Everything is 0 once all peers have gone. */
#ifndef FARMLIVE_GAUGES_H
#define FARMLIVE_GAUGES_H

#include "core/core.h"

struct loop;

struct gauges {
    size_t peers, publishers, viewers, outputs;
    size_t ufrags;      /* by which clients may check */
    size_t secured;     /* peers with keys */
    size_t addresses;   /* that peers have proved to be theirs, at all ports */
    size_t sockets;     /* of publishers alone */
    size_t connections; /* by TCP, also of those who have proved nothing */
};

/* What the core holds; the loop adds its own by `loop_gauges`. */
void gauges_take(const struct core *core, struct gauges *gauges);

#endif
