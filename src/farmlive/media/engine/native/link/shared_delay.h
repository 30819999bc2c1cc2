/* Tells a delay that many viewers of an output see at once from that of one viewer's link. Pure
 * decisions from numbers and times, as `farmlive.media.engine.python.link.shared_delay`.
 *
 * Such a delay is this server's, or of what all of them share with it: sending each viewer less, by
 * itself, would only make it longer. */
#ifndef FARMLIVE_SHARED_DELAY_H
#define FARMLIVE_SHARED_DELAY_H

#include <stdbool.h>

/* Reports of viewers, and those that showed a long delay: in this span, and in the one before. All
 * 0 at first. */
struct shared_delay {
    double began_at;
    unsigned span; /* its number, after the first */
    int reports, was_long;
    int reports_before, was_long_before;
};

/* Record whether a viewer's report showed a long delay, once in a span. `counted` is what this
 * returned for the viewer the last time, 0 at first. */
unsigned shared_delay_record(struct shared_delay *delay, bool is_long, double now,
                             unsigned counted);
/* Return whether many viewers saw a long delay lately. */
bool shared_delay_is_shared(const struct shared_delay *delay);

#endif
