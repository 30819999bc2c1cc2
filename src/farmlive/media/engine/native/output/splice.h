/* A splice: the change of a viewer's video from one track to another, and the numbers with which it
 * continues. As `farmlive.media.engine.python.output.splice`. */
#ifndef FARMLIVE_SPLICE_H
#define FARMLIVE_SPLICE_H

#include "output/viewer.h"

/* Start this track for the viewer at the packet `start`, without a gap after its last packet, with
 * timestamps that are later by `lead_s`: fill in the epoch, which then holds the track. `common`
 * are the offsets that others have, or NULL. False if it can't play the track. */
bool splice_begin_epoch(const struct viewer *viewer, struct track *track, uint16_t start,
                        const struct rewrite_offset *common, double now, double lead_s,
                        struct epoch *epoch);

#endif
