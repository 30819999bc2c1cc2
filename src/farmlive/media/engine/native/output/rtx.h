/* Answers a viewer's NACKs from the rings of the tracks that it gets or got a moment ago. As
 * `farmlive.media.engine.python.rtx`. */
#ifndef FARMLIVE_RTX_H
#define FARMLIVE_RTX_H

#include "output/viewer.h"
#include "wire/rtcp.h"

struct repairs {
    struct ssrcs ssrcs;
    long repaired, unrepaired;
};

void repairs_init(struct repairs *repairs, struct ssrcs ssrcs);
void repairs_answer(struct repairs *repairs, struct viewer *viewer, const struct nack *nack);
/* Send `octets` of the newest packets again as RTX: it probes the link and does no harm. */
void repairs_repeat(const struct repairs *repairs, struct viewer *viewer, long octets);

#endif
