/* Answers a viewer's NACKs from the rings of the tracks that it gets or got a moment ago. As
 * `farmlive.media.engine.python.rtx`. */
#ifndef FARMLIVE_REPAIRS_H
#define FARMLIVE_REPAIRS_H

#include "rtcp.h"
#include "viewer.h"

struct repairs {
    struct ssrcs ssrcs;
    long repaired, unrepaired;
};

void repairs_init(struct repairs *repairs, struct ssrcs ssrcs);
void repairs_answer(struct repairs *repairs, struct viewer *viewer, const struct nack *nack);
/* Send `octets` of the newest packets again as RTX: it probes the link and does no harm. */
void repairs_repeat(const struct repairs *repairs, struct viewer *viewer, long octets);

#endif
