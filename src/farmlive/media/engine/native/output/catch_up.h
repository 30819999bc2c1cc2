/* How viewers join a video track: waiting for a keyframe, catching up with a batch, or live on a
 * forwarder. `track_select` decides which track a viewer gets. As
 * `farmlive.media.engine.python.output.catch_up`.
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
    struct list measuring;         /* the same; `timers` empties it */
};

void catch_up_init(struct catch_up *catch_up, struct sending *sending,
                   void (*left)(struct catch_up *catch_up, struct publisher *publisher));

/* Send the viewer no video until the next keyframe of its track. */
void catch_up_wait(struct catch_up *catch_up, struct viewer *viewer, bool muted);
/* Send the viewer no more of this group, which its link does not carry: it waits for another. */
void catch_up_give_up(struct catch_up *catch_up, struct viewer *viewer);
/* Let a viewer of keyframes alone, which had one, wait for the next. */
void catch_up_end_keyframe(struct catch_up *catch_up, struct viewer *viewer);
/* Send a live viewer the track at its own pace from now on; all packets that came have been
 * sent. */
void catch_up_pace(struct catch_up *catch_up, struct viewer *viewer);
/* Return whether the viewer gets a live track at its own pace. */
bool catch_up_paces(const struct viewer *viewer);
/* Return whether a viewer gets a sender report this second; `usual`: those on wide links do. On a
 * narrow one it measures the queue, while a picture is sent: of keyframes alone it would be
 * measured too late, and between them it would not show. */
bool catch_up_wants_sender_report(struct viewer *viewer, bool usual, double now);
/* Return whether the viewer does not get its track together with others: it is paced, or does not
 * get all of it. */
bool catch_up_goes_alone(const struct viewer *viewer);
/* Let a viewer of a layer that its link does not carry go on with a lower one. */
void catch_up_step_down(struct viewer *viewer, double now);
/* Return whether no viewer waits, moves or catches up. */
bool catch_up_is_idle(const struct catch_up *catch_up);
/* Let a sender report leave now that measures the viewer's link. */
void catch_up_measure(struct catch_up *catch_up, struct viewer *viewer);
/* Return the time between two parts of the batches of so many viewers: the more there are, the
 * fewer parts, so that a crowd of them does not keep the others waiting. */
double catch_up_interval_s(int count);
/* Remove the viewer. */
void catch_up_forget(struct catch_up *catch_up, struct viewer *viewer);
/* A group begins at `start` on this track: start the viewers that wait for it, and send them what
 * has arrived of it if that is little. If `impatient`, also start viewers that see none of the
 * publisher's layers and wait for a higher one. */
void catch_up_start_group(struct catch_up *catch_up, struct publisher *publisher,
                          struct track *track, uint16_t start, bool impatient, double now);
/* Start a viewer with the group that the ring holds, if it is worth it: by `ring_starts_in_group`
 * on a wide link, else by `pace_join_plan`. Its keyframe alone is worth it until it is old.
 * `on_air`: the publisher of its target, or NULL. */
bool catch_up_start(struct catch_up *catch_up, struct viewer *viewer,
                    const struct publisher *on_air, double now);
/* Send a viewer the next part of its batch, or of its paced track; without `on_air` it waits. */
void catch_up_send_part(struct catch_up *catch_up, struct viewer *viewer, struct publisher *on_air,
                        double now);

#endif
