/* RED, redundant audio data (RFC 2198): read and written. As `farmlive.media.wire.red`. */
#ifndef FARMLIVE_RED_H
#define FARMLIVE_RED_H

#include "base/bytes.h"

/* A payload with more blocks than this is none that any sender writes; it can't be read. */
enum { RED_BLOCKS_MOST = 32 };

/* One block: how much earlier it is than the packet, in units of the timestamp; its data is in the
 * payload. */
struct red_block {
    uint8_t payload_type;
    uint16_t offset;
    const uint8_t *data;
    size_t size;
};

/* The blocks, the primary one last; 0 where they can't be read. */
int red_parse(const uint8_t *payload, size_t size, struct red_block blocks[RED_BLOCKS_MOST]);

/* Write the blocks with this payload type inside, as a viewer knows the codec; returns the size, or
 * 0 where they take more than `room`. */
size_t red_write(const struct red_block *blocks, int count, uint8_t payload_type, uint8_t *out,
                 size_t room);

#endif
