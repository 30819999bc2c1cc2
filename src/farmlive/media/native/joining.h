/* How a viewer gets onto a track of video: it waits for a keyframe, catches up with a burst, or is
 * live on a lane. `aiming` decides which track it should get. As `farmlive.media.joining`.
 *
 * Always holds: a viewer is in one of waiting and catching, or on a lane; a lane has a viewer. */
#ifndef FARMLIVE_JOINING_H
#define FARMLIVE_JOINING_H

#include "publisher.h"
#include "sending.h"

struct joining {
    struct sending *sending; /* of the same output */
    /* Called where nobody is on a lane of this publisher's any more. */
    void (*left)(struct joining *joining, struct publisher *publisher);
    struct list waiting, catching; /* by `place` */
    struct list moving, probing;   /* by the link of that name */
};

void joining_init(struct joining *joining, struct sending *sending,
                  void (*left)(struct joining *joining, struct publisher *publisher));

/* The viewer gets no video until the next keyframe of its track. */
void joining_wait(struct joining *joining, struct viewer *viewer, bool muted);
/* The viewer is gone. */
void joining_forget(struct joining *joining, struct viewer *viewer);
/* A group begins at `start` on this track: let in who may come, all at once where little of it
 * came; where they are `impatient`, also who sees none of the publisher's layers and was to get a
 * higher one. */
void joining_let_in(struct joining *joining, struct publisher *publisher, struct track *track,
                    uint16_t start, bool impatient, double now);
/* Let one in with the group that the ring holds, if it is worth it. `on_air`: the publisher of its
 * target, or NULL. */
bool joining_start(struct joining *joining, struct viewer *viewer, const struct publisher *on_air,
                   double now);
/* Send a viewer the next part of its burst; without `on_air` it waits. */
void joining_catch_up(struct joining *joining, struct viewer *viewer, struct publisher *on_air);

#endif
