/* RED: what is read lies in the payload, and is the same when it has been written again. */
#include "harness.h"
#include "wire/red.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct red_block blocks[RED_BLOCKS_MOST], again[RED_BLOCKS_MOST];
    int count = red_parse(data, size, blocks);
    CHECK(count >= 0 && count <= RED_BLOCKS_MOST);
    if (!count)
        return 0;
    size_t total = 4 * (size_t)count - 3;
    for (int block = 0; block < count; block++) {
        CHECK_WITHIN(blocks[block].data, blocks[block].size, data, size);
        total += blocks[block].size;
    }
    CHECK(total == size && blocks[count - 1].offset == 0);

    uint8_t *out = malloc(size);
    CHECK(out);
    CHECK(red_write(blocks, count, 97, out, size - 1) == 0);
    CHECK(red_write(blocks, count, 97, out, size) == size);
    CHECK(red_parse(out, size, again) == count);
    for (int block = 0; block < count; block++) {
        CHECK(again[block].payload_type == 97 && again[block].offset == blocks[block].offset);
        CHECK(again[block].data - out == blocks[block].data - data);
        CHECK(again[block].size == blocks[block].size);
    }
    CHECK(!memcmp(out + 4 * count - 3, data + 4 * count - 3, size - 4 * (size_t)count + 3));
    free(out);
    return 0;
}
