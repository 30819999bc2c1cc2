/* Chooses the track that each viewer of an output should get: by the layers that arrive, and by
 * what the viewer reports about its link. Marks the keyframes that this needs.
 *
 * `on_air` is the publisher on air, or NULL. */
#ifndef FARMLIVE_TRACK_SELECT_H
#define FARMLIVE_TRACK_SELECT_H

#include "output/catch_up.h"
#include "output/rtx.h"

/* Choose the viewer's track; true if it now needs another keyframe. */
bool track_select_aim(struct catch_up *catch_up, struct publisher *on_air, struct viewer *viewer,
                      double now);
/* Mark the keyframes that viewers wait for. If the publisher answers no requests, start waiting
 * viewers with the current group. */
void track_select_want_keyframes(struct catch_up *catch_up, struct publisher *on_air, double now);
/* The viewer's decoder needs a keyframe: return the publisher to request it from, or NULL. */
struct publisher *track_select_keyframe_requested(const struct viewer *viewer);
/* Take a viewer's receiver report; true if it now needs another layer's keyframe. */
bool track_select_reported(struct catch_up *catch_up, struct publisher *on_air,
                           struct viewer *viewer, const struct receiver_report *report, double now);
/* Send padding for this long to the viewers whose links are probed. */
void track_select_probe(struct catch_up *catch_up, const struct rtx *rtx, double seconds);
/* Renew a viewer's limits, once a second; true if it now needs another keyframe. */
bool track_select_second(struct catch_up *catch_up, struct publisher *on_air, struct viewer *viewer,
                         double now);

#endif
