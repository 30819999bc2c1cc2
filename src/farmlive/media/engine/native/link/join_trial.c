/* The trial of a join.
 *
 * Always holds: `is_asked` is true only once `has_left` is. */
#include "link/join_trial.h"

#include <math.h>

#include "link/delay_proof.h"

/* A viewer that has not answered the first check by this time after the keyframe, or can't be
 * checked again, is not tried. */
static const double SILENT_S = 0.2;
/* A check that takes this much longer than the first was lost in a full queue. */
static const double LOST_S = 0.4;
/* The longest round trip that counts for that. */
static const double LONGEST_S = 0.5;
/* What shows a long queue for the second time, in bytes: some frames. */
enum { AGAIN_OCTETS = 24000 };

void join_trial_begin(struct join_trial *trial, double now)
{
    *trial = (struct join_trial){.is_on = true, .began_at = now};
}

/* Look for the queue behind what is sent from now on. */
static void begin_again(struct join_trial *trial, double now)
{
    trial->is_again = true;
    trial->began_at = now;
    trial->octets = 0;
    trial->has_left = trial->is_asked = trial->has_queue = false;
}

void join_trial_end(struct join_trial *trial) { trial->is_on = false; }

bool join_trial_holds(const struct join_trial *trial) { return trial->is_on && trial->has_left; }

bool join_trial_may_ask(const struct join_trial *trial)
{
    return !trial->is_on || !trial->has_asked || trial->has_left;
}

bool join_trial_ends_before(const struct join_trial *trial, bool of_keyframe)
{
    return trial->is_on && !trial->is_again && !of_keyframe;
}

bool join_trial_ends_with(const struct join_trial *trial, bool is_last, uint32_t octets)
{
    if (trial->is_again)
        return trial->is_on && trial->octets + octets >= AGAIN_OCTETS;
    return trial->is_on && is_last;
}

void join_trial_spent(struct join_trial *trial, uint32_t octets) { trial->octets += octets; }

void join_trial_left(struct join_trial *trial, double now)
{
    trial->has_left = true;
    trial->left_at = now;
}

void join_trial_asked(struct join_trial *trial, double now)
{
    trial->has_asked = true;
    if (trial->has_left && !trial->is_asked) {
        trial->is_asked = true;
        trial->asked_at = now;
    }
}

void join_trial_answered(struct join_trial *trial, double queue_s)
{
    trial->answers = true;
    if (trial->is_asked) {
        trial->has_queue = true;
        trial->queue_s = queue_s;
    }
}

bool join_trial_result(struct join_trial *trial, double round_trip_s, double now, struct made *made)
{
    bool is_lost =
        trial->is_asked && now - trial->asked_at >= LOST_S + fmin(round_trip_s, LONGEST_S);
    bool is_silent = !(trial->answers && trial->is_asked) && now - trial->left_at >= SILENT_S;
    if (!trial->has_queue && !is_lost && !is_silent)
        return false;
    /* Or a radio lost it: only an answer shows a long queue for the second time. */
    bool is_full = is_lost && trial->answers && !trial->is_again;
    double queue_s = trial->has_queue ? trial->queue_s : is_full ? LOST_S : 0;
    if (queue_s > DELAY_QUEUE_S && !trial->is_again) {
        begin_again(trial, now);
        return false;
    }
    trial->is_on = false;
    *made = (struct made){trial->octets, trial->left_at - trial->began_at, queue_s};
    return true;
}
