/* RED, redundant audio data (RFC 2198).
 *
 * Always holds: payloads are untrusted; every block lies within the payload, and nothing is written
 * beyond the room. */
#include "wire/red.h"

int red_parse(const uint8_t *payload, size_t size, struct red_block blocks[RED_BLOCKS_MOST])
{
    int count = 0;
    size_t at = 0;
    /* A header followed by another one has four bytes, the last one has one (section 3). */
    for (; at < size && payload[at] & 0x80; at += 4) {
        if (size - at < 4 || count == RED_BLOCKS_MOST - 1)
            return 0;
        uint32_t rest = get24(payload + at + 1);
        blocks[count].payload_type = payload[at] & 0x7F;
        blocks[count].offset = (uint16_t)(rest >> 10);
        blocks[count].size = rest & 0x3FF;
        count++;
    }
    if (at >= size)
        return 0;
    blocks[count].payload_type = payload[at++];
    blocks[count].offset = 0;
    for (int block = 0; block < count; block++) {
        if (blocks[block].size > size - at)
            return 0;
        blocks[block].data = payload + at;
        at += blocks[block].size;
    }
    blocks[count].data = payload + at;
    blocks[count].size = size - at;
    return count + 1;
}

size_t red_write(const struct red_block *blocks, int count, uint8_t payload_type, uint8_t *out,
                 size_t room)
{
    size_t size = 1;
    for (int block = 0; block < count; block++)
        size += blocks[block].size + (block < count - 1 ? 4 : 0);
    if (size > room)
        return 0;
    for (int block = 0; block < count - 1; block++, out += 4) {
        out[0] = 0x80 | payload_type;
        put24(out + 1, (uint32_t)blocks[block].offset << 10 | (uint32_t)blocks[block].size);
    }
    *out++ = payload_type;
    for (int block = 0; block < count; block++) {
        memcpy(out, blocks[block].data, blocks[block].size);
        out += blocks[block].size;
    }
    return size;
}
