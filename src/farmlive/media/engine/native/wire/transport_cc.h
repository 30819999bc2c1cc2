/* Transport-wide congestion control, the receiver's part: when each packet arrived.
 *
 * draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. As
 * `farmlive.media.wire.transport_cc`: each number is reported at most once, none before the one
 * where the last feedback ended, at most 400 arrivals of the last 1,000 numbers. */
#ifndef FARMLIVE_TRANSPORT_CC_H
#define FARMLIVE_TRANSPORT_CC_H

#include "wire/rtcp_write.h"

enum { ARRIVALS_SIZE = 1024 };

/* Arrival times by unwrapped number: that of `n` is at n modulo the size. */
struct arrivals {
    int64_t highest, next; /* -1 before the first */
    unsigned count;        /* of feedback packets */
    bool any;              /* something arrived since the last feedback */
    bool older;            /* also something too old to be reported */
    bool has_unlike;       /* a number that fits nowhere arrived; `unlike` would agree with it */
    uint16_t unlike;
    int64_t numbers[ARRIVALS_SIZE];
    double times[ARRIVALS_SIZE];
};

void arrivals_init(struct arrivals *arrivals);

/* Record that the packet with this number arrived at this time of any monotonic clock, in
 * seconds. */
void arrivals_add(struct arrivals *arrivals, uint16_t sequence, double arrival);

/* Write the feedback on all arrivals since the last one, or nothing without any. */
void arrivals_feedback(struct arrivals *arrivals, struct rtcp_buffer *out, uint32_t own_ssrc,
                       uint32_t media_ssrc);

#endif
