/* How viewers join a video track: waiting for a keyframe, catching up with a batch, or live on a
 * forwarder. `track_select` decides which track a viewer gets. As
 * `farmlive.media.engine.python.catch_up`.
 *
 * Always holds: a viewer is in one of waiting and catching, or on a forwarder; a forwarder has a
 * viewer. */
#ifndef FARMLIVE_CATCH_UP_H
#define FARMLIVE_CATCH_UP_H

#include "ingest/publisher.h"
#include "output/sending.h"

struct catch_up {
    struct sending *sending; /* of the same output */
    /* Called when a forwarder of this publisher has lost its last viewer. */
    void (*left)(struct catch_up *catch_up, struct publisher *publisher);
    struct list waiting, catching; /* by `place` */
    struct list moving, probing;   /* by the link of that name */
};

void catch_up_init(struct catch_up *catch_up, struct sending *sending,
                   void (*left)(struct catch_up *catch_up, struct publisher *publisher));

/* Send the viewer no video until the next keyframe of its track. */
void catch_up_wait(struct catch_up *catch_up, struct viewer *viewer, bool muted);
/* Remove the viewer. */
void catch_up_forget(struct catch_up *catch_up, struct viewer *viewer);
/* A group begins at `start` on this track: start the viewers that wait for it, and send them what
 * has arrived of it if that is little. If `impatient`, also start viewers that see none of the
 * publisher's layers and wait for a higher one. */
void catch_up_let_in(struct catch_up *catch_up, struct publisher *publisher, struct track *track,
                     uint16_t start, bool impatient, double now);
/* Start a viewer with the group that the ring holds, if `ring_starts_in_group` allows it. `on_air`:
 * the publisher of its target, or NULL. */
bool catch_up_start(struct catch_up *catch_up, struct viewer *viewer,
                    const struct publisher *on_air, double now);
/* Send a viewer the next part of its batch; without `on_air` it waits. */
void catch_up_send_part(struct catch_up *catch_up, struct viewer *viewer, struct publisher *on_air);

#endif
