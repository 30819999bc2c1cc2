/* RED, redundant audio data (RFC 2198): parsing and writing. As `farmlive.media.wire.red`. */
#ifndef FARMLIVE_RED_H
#define FARMLIVE_RED_H

#include "base/bytes.h"

/* No sender writes a payload with more blocks than this; it is malformed. */
enum { RED_BLOCKS_MOST = 32 };

/* One block: its timestamp offset before the packet, in timestamp units; its data is in the
 * payload. */
struct red_block {
    uint8_t payload_type;
    uint16_t offset;
    const uint8_t *data;
    size_t size;
};

/* Get the blocks, the primary one last; 0 if they are malformed. */
int red_parse(const uint8_t *payload, size_t size, struct red_block blocks[RED_BLOCKS_MOST]);

/* Write the blocks with this payload type, the viewer's for the codec, inside; return the size, or
 * 0 if they exceed `room`. */
size_t red_write(const struct red_block *blocks, int count, uint8_t payload_type, uint8_t *out,
                 size_t room);

#endif
