/* Framing of packets on a TCP stream: a two-byte length before each (RFC 4571, section 2). As
 * `farmlive.media.wire.framing`. */
#ifndef FARMLIVE_FRAMING_H
#define FARMLIVE_FRAMING_H

#include "base/bytes.h"

/* The largest accepted packet, as large as the buffer for a datagram, and the size of its
 * length. */
enum { FRAMED_MOST = 2048, FRAME_HEAD = 2 };

/* Splits a stream into packets. Always holds: it never buffers more than one packet. All zeros is a
 * new one. */
struct deframer {
    size_t size;
    bool is_whole; /* the packet that it keeps was returned */
    uint8_t held[FRAME_HEAD + FRAMED_MOST];
};

enum framed {
    FRAMED_PACKET,
    FRAMED_NOTHING,  /* the given bytes are used up; a partial packet is kept */
    FRAMED_TOO_LONG, /* the stream can't be parsed any more */
};

/* Get the next complete packet, inside the given bytes, or here until the next call. `*data` and
 * `*left` are the given bytes, and advance. */
enum framed deframer_next(struct deframer *deframer, uint8_t **data, size_t *left, uint8_t **packet,
                          size_t *size);

#endif
