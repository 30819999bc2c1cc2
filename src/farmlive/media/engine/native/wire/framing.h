/* Packets on a stream, each behind its length in two bytes (RFC 4571, section 2). As
 * `farmlive.media.wire.framing`. */
#ifndef FARMLIVE_FRAMING_H
#define FARMLIVE_FRAMING_H

#include "base/bytes.h"

/* The largest packet that is taken, as large as the room for a datagram, and its length's size. */
enum { FRAMED_MOST = 2048, FRAME_HEAD = 2 };

/* Takes a stream apart. Always holds: what it keeps is never more than one packet. All zeros is a
 * new one. */
struct deframer {
    size_t size;
    bool is_whole; /* the packet that it keeps was given out */
    uint8_t held[FRAME_HEAD + FRAMED_MOST];
};

enum framed {
    FRAMED_PACKET,
    FRAMED_NOTHING,  /* what was fed is used up; half of a packet waits for its rest */
    FRAMED_TOO_LONG, /* the stream can't be followed any more */
};

/* The next packet that is whole: it lies in what was fed, or here until the next call. `*data` and
 * `*left` are what is fed, and go forward. */
enum framed deframer_next(struct deframer *deframer, uint8_t **data, size_t *left, uint8_t **packet,
                          size_t *size);

#endif
