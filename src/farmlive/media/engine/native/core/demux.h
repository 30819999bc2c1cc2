/* Demultiplexes datagrams by kind (RFC 7983) and by peer, and acts on them. As
 * `farmlive.media.engine.python.demux`. */
#ifndef FARMLIVE_DEMUX_H
#define FARMLIVE_DEMUX_H

#include "core/core.h"

/* Handle a datagram of this port, which is changed in place. `stamp` is the kernel's receive time
 * in seconds of the wall clock, or negative. The caller then calls `timers_after_reading`. */
void demux_handle(struct core *core, struct port *port, uint8_t *data, size_t size, double stamp,
                  const struct address *from, double now);

#endif
