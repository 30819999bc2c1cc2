/* Chooses the track that each viewer of an output should get: by the layers that arrive, and by
 * what the viewer reports about its link. Marks the keyframes that this needs.
 *
 * `on_air` is the publisher on air, or NULL. */
#ifndef FARMLIVE_AIMING_H
#define FARMLIVE_AIMING_H

#include "joining.h"
#include "repairs.h"

/* Choose the viewer's track anew; true where it needs another keyframe for that. */
bool aiming_aim(struct joining *joining, struct publisher *on_air, struct viewer *viewer,
                double now);
/* Ask for what is waited for, and let those in who wait for a keyframe that nobody sends when
 * asked. */
void aiming_want_keyframes(struct joining *joining, struct publisher *on_air, double now);
/* The viewer's decoder needs a keyframe: the publisher that is to be asked for it, or NULL. */
struct publisher *aiming_keyframe_requested(const struct viewer *viewer);
/* The viewer tells what it lost; true where it needs another layer's keyframe now. */
bool aiming_reported(struct joining *joining, struct publisher *on_air, struct viewer *viewer,
                     const struct receiver_report *report, double now);
/* Send those whose link is tried what that takes for so long. */
void aiming_probe(struct joining *joining, const struct repairs *repairs, double seconds);
/* What is renewed for a viewer once a second; true where it needs another keyframe. */
bool aiming_second(struct joining *joining, struct publisher *on_air, struct viewer *viewer,
                   double now);

#endif
