/* Selects the track of each viewer of an output: by the layers that come, and by what the viewer
 * reports about its link. Marks the keyframes that this needs.
 *
 * `on_air` is the publisher on air, or NULL. */
#ifndef FARMLIVE_TRACK_SELECT_H
#define FARMLIVE_TRACK_SELECT_H

#include "output/catch_up.h"
#include "output/rtx.h"

/* Select the viewer's track; return true if it now needs another keyframe. */
bool track_select_viewer(struct catch_up *catch_up, struct publisher *on_air, struct viewer *viewer,
                         double now);
/* Mark the keyframes that viewers wait for. If the publisher answers no requests, start waiting
 * viewers with the current group. */
void track_select_request_keyframes(struct catch_up *catch_up, struct publisher *on_air,
                                    double now);
/* Handle a viewer's keyframe request; return the publisher to request it from, or NULL. */
struct publisher *track_select_keyframe_requested(struct viewer *viewer, struct publisher *on_air,
                                                  double now);
/* Note that the viewer needs a keyframe of this track: it can wait on a link that is not wide, and
 * soon after another one. */
void track_select_want_keyframe(struct publisher *publisher, struct track *track,
                                struct viewer *viewer, double now);
/* Handle a viewer's receiver report; return true if it now needs another layer's keyframe. */
bool track_select_record_report(struct catch_up *catch_up, struct publisher *on_air,
                                struct viewer *viewer, const struct receiver_report *report,
                                double now);
/* Handle the answer to a check of a viewer's link; return true if it now needs another keyframe. */
bool track_select_checked(struct catch_up *catch_up, struct publisher *on_air,
                          struct viewer *viewer, double round_trip_s, double now);
/* Send the viewers whose link is probed what is due of that; forget those whose link needs no check
 * any more. Return whether any is probed. */
bool track_select_probe(struct catch_up *catch_up, const struct publisher *on_air,
                        const struct rtx *rtx, double now);
/* Do a viewer's work of each second; return true if it now needs another keyframe. */
bool track_select_each_second(struct catch_up *catch_up, struct publisher *on_air,
                              struct viewer *viewer, double now);

#endif
