/* Shows by a packet train whether a link is far wider than the stream, so that a viewer who is a
 * little behind may catch up soon. Pure decisions from numbers and times, as
 * `farmlive.media.engine.python.link.packet_train`.
 *
 * A train is packets that leave at once, with a sender report behind them: how long the report
 * waited is how long the link took for them. */
#ifndef FARMLIVE_PACKET_TRAIN_H
#define FARMLIVE_PACKET_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

struct packet_train {
    double due_at, left; /* when the next one is, and what is left of this one, in bytes */
    bool ended;          /* the report behind it has not left */
    double sent_at;      /* when that left, or 0 */
    bool is_again;       /* one was measured, so that another is due */
    bool is_carried;     /* the link was done with a train at once */
};

void packet_train_init(struct packet_train *train, double now);
/* Return how many octets may leave at once as a train, whatever the pace. */
double packet_train_room(struct packet_train *train, double now);
/* Take these octets from what may leave; return whether a train ends with them, so that a sender
 * report is to leave behind it. */
bool packet_train_spent(struct packet_train *train, uint32_t octets);
/* Record that a sender report leaves now. */
void packet_train_report_left(struct packet_train *train, double now);
/* Record the queue that the sender report of this moment has seen. */
void packet_train_measured(struct packet_train *train, double queue_s, double sent_at);
/* Return how fast a viewer may be sent that is sent this fast without a train. */
double packet_train_pace_kbps(const struct packet_train *train, double kbps);

#endif
