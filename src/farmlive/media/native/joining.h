/* How viewers come to a track of video: who waits for a keyframe, who catches up with a burst, and
 * who is live on which lane. Which track a viewer should get, and when keyframes are asked for, is
 * `output`'s part. As `farmlive.media.joining`.
 *
 * Always holds: a viewer is in one of waiting and catching, or on a lane; a lane has a viewer. */
#ifndef FARMLIVE_JOINING_H
#define FARMLIVE_JOINING_H

#include "output.h"

/* The viewer gets no video until the next keyframe of its track. */
void joining_wait(struct output *output, struct viewer *viewer, bool muted);
/* The viewer is gone. */
void joining_forget(struct output *output, struct viewer *viewer);
/* A group begins at `start` on this track: let in who may come, all at once where little of it
 * came; where they are `impatient`, also who sees none of the publisher's layers and was to get a
 * higher one. */
void joining_let_in(struct output *output, struct publisher *publisher, struct track *track,
                    uint16_t start, bool impatient, double now);
/* Let one in with the group that the ring holds, if it is worth it. */
bool joining_start(struct output *output, struct viewer *viewer, double now);
/* Send a viewer the next part of its burst. */
void joining_catch_up(struct output *output, struct viewer *viewer);
/* The output's lane of this track, or NULL. */
struct lane *joining_lane(const struct output *output, const struct track *track);
/* Get this publisher's packets while it is on air, followed or still seen by someone; or NULL.
 * Changes the publisher's listeners: who goes through them and calls one takes a copy first. */
void joining_subscribe(struct output *output, struct publisher *publisher);

#endif
