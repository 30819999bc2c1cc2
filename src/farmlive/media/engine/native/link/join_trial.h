/* Tries an unknown link by the keyframe that a viewer joins with, before anything follows that.
 * Pure decisions from numbers and times, as `farmlive.media.engine.python.link.join_trial`.
 *
 * A check leaves in front of the keyframe and another behind it: by how much longer that takes
 * shows the queue that the keyframe made. On a link far below the stream the rest of the group
 * would only wait in that queue, with the sound, and a player would go on to expect each picture
 * later than the last. A busy player answers late, too, so that a long queue is shown twice, the
 * second time by what follows the keyframe. */
#ifndef FARMLIVE_JOIN_TRIAL_H
#define FARMLIVE_JOIN_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

/* The trial of one join. Times are in seconds. */
struct join_trial {
    bool is_on;
    bool has_asked, answers; /* the first check was sent, and answered */
    bool is_again;           /* what follows the keyframe is to show the same */
    double began_at;
    uint32_t octets;         /* of what tries the link, as far as it was sent */
    bool has_left, is_asked; /* all of it was sent, and the check behind it; and when */
    double left_at, asked_at;
    bool has_queue; /* that check was answered; the queue that it showed */
    double queue_s;
};

/* What was sent made of the link: the seconds in which it left, and the queue behind it, 0 if
 * nothing tells that. */
struct made {
    uint32_t octets;
    double took_s, queue_s;
};

/* Begin: the keyframe is about to leave. End it: the viewer gets something else, or its link is
 * known. */
void join_trial_begin(struct join_trial *trial, double now);
void join_trial_end(struct join_trial *trial);
/* Return whether what tries the link has left, and nothing is known yet: the viewer gets nothing
 * more of the group. */
bool join_trial_holds(const struct join_trial *trial);
/* Return whether a check may leave: none may while what tries the link leaves, but the first. */
bool join_trial_may_ask(const struct join_trial *trial);
/* Return whether all that tries the link has been sent before this packet; or with it, the last one
 * of its frame or not, and these octets. */
bool join_trial_ends_before(const struct join_trial *trial, bool of_keyframe);
bool join_trial_ends_with(const struct join_trial *trial, bool is_last, uint32_t octets);
/* Record that these octets of it were sent. */
void join_trial_spent(struct join_trial *trial, uint32_t octets);
/* Record that all of it has been sent: a check is to leave behind it. */
void join_trial_left(struct join_trial *trial, double now);
/* Record that a check was sent. */
void join_trial_asked(struct join_trial *trial, double now);
/* Record the answer to the last check, and the queue that it shows. */
void join_trial_answered(struct join_trial *trial, double queue_s);
/* Return whether it is known what was made of the link, which ends a trial that holds. A long queue
 * is looked for again. `round_trip_s` is the last round trip. */
bool join_trial_result(struct join_trial *trial, double round_trip_s, double now,
                       struct made *made);

#endif
