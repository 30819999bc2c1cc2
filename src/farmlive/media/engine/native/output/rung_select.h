/* Selects the rung of each viewer of an output: by what it wants and what its link carries. As
 * `farmlive.media.engine.python.output.rung_select`. */
#ifndef FARMLIVE_RUNG_SELECT_H
#define FARMLIVE_RUNG_SELECT_H

#include "output/catch_up.h"

/* Limit what the viewer gets of its track. */
void rung_select_limit(struct catch_up *catch_up, struct viewer *viewer, enum rung most);
/* Adapt what the viewer gets of its track to its link; of layers it gets one that fits. `on_air` is
 * the publisher on air, or NULL. */
void rung_select_decide(struct catch_up *catch_up, const struct publisher *on_air,
                        struct viewer *viewer, double now);

#endif
