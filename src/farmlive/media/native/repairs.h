/* A viewer's NACKs, answered from the rings of the tracks that it gets or got a moment ago. As
 * `farmlive.media.repairs`. */
#ifndef FARMLIVE_REPAIRS_H
#define FARMLIVE_REPAIRS_H

#include "rtcp.h"
#include "viewer.h"

struct repairs {
    long repaired, unrepaired;
};

void repairs_answer(struct output *output, struct viewer *viewer, const struct nack *nack);
/* Send so much of what came last once more as RTX: it fills the link and does no harm. */
void repairs_repeat(struct output *output, struct viewer *viewer, long octets);

#endif
