/* Fan-out: encrypts the packets of a batch for each leg and sends them to all legs with few system
 * calls.
 *
 * Owns the memory in which packets are encrypted. Used by one thread, the owner of its legs. */
#ifndef FARMLIVE_FANOUT_H
#define FARMLIVE_FANOUT_H

#include "send/leg.h"
#include "send/packet_batch.h"
#include "send/send_feedback.h"
#include "wire/rtcp.h"

struct fanout;

/* `segments`: the kernel cuts runs into datagrams. */
struct fanout *fanout_new(struct send_feedback *feedback, const struct capture *capture,
                          bool segments);
void fanout_free(struct fanout *fanout);

/* Return whether this kernel has UDP_SEGMENT. */
bool fanout_probe(void);

/* Send a whole batch to one leg, then to the next. */
void fanout_send(struct fanout *fanout, struct leg *const *legs, int count,
                 const struct packet_batch *batch);
/* Send one compound packet of at most RTCP_MOST bytes. */
void fanout_send_rtcp(struct fanout *fanout, struct leg *leg, const uint8_t *data, size_t size);

/* Return the number of packets that could not be sent so far; any thread may ask. */
uint64_t fanout_failed(const struct fanout *fanout);

#endif
