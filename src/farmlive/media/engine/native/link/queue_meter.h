/* The queue of one viewer's link, by round trips: how much longer they are than the least one. Pure
 * decisions from numbers and times, as `farmlive.media.engine.python.link.queue_meter`.
 *
 * Round trips are those of sender reports, which the viewer answers by its next receiver report
 * (RFC 3550, section 6.4.1), and of checks. */
#ifndef FARMLIVE_QUEUE_METER_H
#define FARMLIVE_QUEUE_METER_H

#include <stdbool.h>

/* The last queue that was seen, in seconds, and by what; `queue_meter_open_window` begins anew. */
struct queue_meter {
    double round_trip_s;     /* negative: unknown */
    double least_s, queue_s; /* the least one, and how much longer the last one was */
    int checks;              /* since the window began, and the shortest queue that they saw */
    double standing_s;
    bool is_fresh, is_whole; /* it was measured since then, and behind a whole burst */
    double measured_at;      /* when a report left that is to measure it there, or 0 */
    int unanswered;          /* how many before it had no answer */
    double sent_at;          /* by a sender report of which moment */
};

void queue_meter_init(struct queue_meter *meter);
/* Return whether enough checks measure it all the time. */
bool queue_meter_has_checks(const struct queue_meter *meter);
/* Return how much of a round trip may be the queue: all of the first one. */
double queue_meter_queue_of(const struct queue_meter *meter, double round_trip_s);
/* Record a round trip by a sender report that was sent then; return false if it can't be one. */
bool queue_meter_measured(struct queue_meter *meter, double round_trip_s, double sent_at);
/* Record another answer to the last sender report; return whether it was quicker. Then the first
 * one waited with the viewer, and not on the way there. */
bool queue_meter_measured_again(struct queue_meter *meter, double round_trip_s);
/* Record that a sender report leaves to measure the queue. */
void queue_meter_measuring(struct queue_meter *meter, double now);
/* Return what is left of the last queue that was seen, if nothing was sent since. */
double queue_meter_left_s(const struct queue_meter *meter, double now);
/* Record the round trip of a check; return the queue that it shows, in seconds. */
double queue_meter_checked(struct queue_meter *meter, double round_trip_s);
/* Let enough checks since then tell the queue, in place of a report. */
void queue_meter_take_checks(struct queue_meter *meter, double since);
/* Take what was measured for nothing new. */
void queue_meter_forget(struct queue_meter *meter);
/* Begin anew. */
void queue_meter_open_window(struct queue_meter *meter);
/* Forget the round trips of another route. */
void queue_meter_forget_route(struct queue_meter *meter);

#endif
