/* The doubt about a long delay.
 *
 * Always holds: a doubt has a time, 0 is none. */
#include "link/delay_proof.h"

#include <stddef.h>

/* A delay is the link's if a report that was sent after it shows it too. Another report is sent if
 * that one had no answer for this long. */
static const double PROOF_AGAIN_S = 1.0;

bool delay_proof_is_pending(const struct delay_proof *proof) { return proof->doubt_at > 0; }

void delay_proof_end(struct delay_proof *proof) { proof->doubt_at = 0; }

void delay_proof_refute(struct delay_proof *proof, double queue_s, double sent_at)
{
    if (proof->doubt_at <= sent_at && queue_s <= DELAY_QUEUE_S)
        delay_proof_end(proof);
}

bool delay_proof_doubts(struct delay_proof *proof, bool is_long, bool is_fresh, bool is_lossy,
                        double sent_at, double now)
{
    struct shared_delay *shared_delay = proof->shared_delay;
    if (!is_fresh) {
        bool is_due = delay_proof_is_pending(proof) && now - proof->doubt_at >= PROOF_AGAIN_S;
        proof->is_wanted |= is_lossy || is_due;
        return delay_proof_is_pending(proof);
    }
    if (shared_delay != NULL)
        proof->counted = shared_delay_record(shared_delay, is_long, now, proof->counted);
    if (!is_long) {
        delay_proof_end(proof);
        return false;
    }
    bool is_shared = shared_delay != NULL && shared_delay_is_shared(shared_delay);
    if (0 < proof->doubt_at && proof->doubt_at <= sent_at && !is_shared)
        return false;
    if (is_shared || !delay_proof_is_pending(proof))
        proof->doubt_at = now;
    proof->is_wanted = true;
    return true;
}
