/* A splice: where a viewer's video goes from one track to another, and the numbers with which it
 * continues. As `farmlive.media.engine.python.splice`. */
#ifndef FARMLIVE_SPLICE_H
#define FARMLIVE_SPLICE_H

#include "output/viewer.h"

/* The viewer gets this track from the packet `start` on, after what it got last and without a gap:
 * fill in the epoch, which then holds the track. `common` are the offsets that others have, or
 * NULL. False where it can't play the track. */
bool splice_begin_epoch(const struct viewer *viewer, struct track *track, uint16_t start,
                        const struct rewrite_offset *common, double now, struct epoch *epoch);

#endif
