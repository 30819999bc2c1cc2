/* Whether a long delay without loss is that of a viewer's link: a busy phone and a server that
 * stands still answer late, too. Pure decisions from numbers and times, as
 * `farmlive.media.engine.python.link.delay_proof`. */
#ifndef FARMLIVE_DELAY_PROOF_H
#define FARMLIVE_DELAY_PROOF_H

#include <stdbool.h>

#include "link/shared_delay.h"

/* A queue that delays packets this long is one that a limit fills. */
#define DELAY_QUEUE_S 0.150

/* The doubt about a long delay. Other modules read and clear `is_wanted`: a sender report is to
 * leave now, to measure the delay again. */
struct delay_proof {
    double doubt_at; /* when the delay was first seen, or 0 */
    bool is_wanted;
    struct shared_delay *shared_delay; /* the delays of other viewers, or NULL */
    unsigned counted;                  /* in which of its spans this viewer counted */
};

/* Return whether there is a doubt. */
bool delay_proof_is_pending(const struct delay_proof *proof);
/* End the doubt. */
void delay_proof_end(struct delay_proof *proof);
/* End the doubt if a report that was sent after it shows a short queue: a full link has a long
 * one. */
void delay_proof_refute(struct delay_proof *proof, double queue_s, double sent_at);
/* Return whether a delay without loss may not be the link's. `sent_at`: when the report left that
 * showed it; `is_fresh`: there is one. */
bool delay_proof_doubts(struct delay_proof *proof, bool is_long, bool is_fresh, bool is_lossy,
                        double sent_at, double now);

#endif
