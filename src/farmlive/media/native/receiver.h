/* Takes a publisher's packets: has its track count each, restores RTX, and notes keyframes. A part
 * of `farmlive.media.publisher`. */
#ifndef FARMLIVE_RECEIVER_H
#define FARMLIVE_RECEIVER_H

#include "publisher.h"

/* A packet that was sorted in. */
struct taken {
    struct track *track;   /* the publisher holds it */
    struct packet *packet; /* for the caller to release */
    bool began;            /* a group of pictures begins with its frame */
};

/* Sort a packet in; one that came as RTX is restored. False for one that carries nothing for
 * viewers. May renew a track or set the layers right, of which it tells the listeners. */
bool receiver_take(struct publisher *publisher, const struct rtp_packet *received, double now,
                   double arrival, struct taken *taken);

#endif
