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
    int reports, was_long;
    int reports_before, was_long_before;
};

/* Record whether a viewer's report showed a long delay. */
void shared_delay_record(struct shared_delay *delay, bool is_long, double now);
/* Return whether many viewers saw a long delay lately. */
bool shared_delay_is_shared(const struct shared_delay *delay);

#endif
