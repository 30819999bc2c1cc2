/* The gauges: how many objects the engine holds now. All are 0 once all peers have gone. */
#ifndef FARMLIVE_GAUGES_H
#define FARMLIVE_GAUGES_H

#include "core/core.h"

struct loop;

struct gauges {
    size_t peers, publishers, viewers, outputs;
    size_t ufrags;      /* with which clients may check */
    size_t secured;     /* peers with keys */
    size_t addresses;   /* that peers have validated, at all ports */
    size_t sockets;     /* of publishers' own */
    size_t connections; /* by TCP, including those without an authenticated check */
};

/* Count what the core holds; the loop adds its own by `loop_gauges`. */
void gauges_take(const struct core *core, struct gauges *gauges);

#endif
