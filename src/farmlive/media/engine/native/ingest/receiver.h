/* Handles a publisher's packets: has their tracks count them, restores RTX, and notes keyframes. A
 * part of `farmlive.media.engine.python.ingest.publisher`. */
#ifndef FARMLIVE_RECEIVER_H
#define FARMLIVE_RECEIVER_H

#include "ingest/publisher.h"

/* A packet and its track. */
struct taken {
    struct track *track;   /* the publisher holds it */
    struct packet *packet; /* for the caller to release */
    bool began;            /* a group of pictures begins with its frame */
};

/* Find a packet's track and store it there; RTX is restored. False for a packet that carries
 * nothing for viewers. May restart a track or reorder the layers, and then notifies the
 * listeners. */
bool receiver_take(struct publisher *publisher, const struct rtp_packet *received, double now,
                   double arrival, struct taken *taken);

#endif
