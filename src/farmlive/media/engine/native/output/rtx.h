/* Answers a viewer's NACKs from the rings of the tracks that it gets or recently got. As
 * `farmlive.media.engine.python.output.rtx`. */
#ifndef FARMLIVE_RTX_H
#define FARMLIVE_RTX_H

#include "output/viewer.h"
#include "wire/rtcp.h"

struct rtx {
    struct ssrcs ssrcs;
    long repaired, unrepaired;
};

void rtx_init(struct rtx *rtx, struct ssrcs ssrcs);
/* Return whether the missing packets go beyond what the viewer's link has for that: only a keyframe
 * helps then. */
bool rtx_answer_nack(struct rtx *rtx, struct viewer *viewer, const struct nack *nack, double now);
/* Send about `octets` bytes of recent packets again as RTX: they fill the link without harm. Return
 * how many were sent. */
long rtx_send_probe(const struct rtx *rtx, struct viewer *viewer, double octets);

#endif
