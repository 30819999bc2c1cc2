/* Marks the packets of a track whose frame no other refers to, as they come. As
 * `farmlive.media.engine.python.ingest.disposable_frames`.
 *
 * Always holds: no packet is marked whose predecessor in the ring belongs to the same frame and is
 * not. */
#ifndef FARMLIVE_DISPOSABLE_FRAMES_H
#define FARMLIVE_DISPOSABLE_FRAMES_H

#include "ingest/ring.h"
#include "wire/disposable.h"

/* The marks of one track; `octets` counts what was marked. */
struct disposable_frames {
    struct references references;
    long octets;
};

void disposable_frames_init(struct disposable_frames *frames, codec_id codec);

/* Mark a packet that is not in the ring yet if its frame is disposable. It was `received` so, and
 * its dependency descriptor is the header extension `descriptor_id`; not positive for none. */
void disposable_frames_mark(struct disposable_frames *frames, const struct ring *ring,
                            struct packet *packet, const struct rtp_packet *received,
                            int descriptor_id);

#endif
