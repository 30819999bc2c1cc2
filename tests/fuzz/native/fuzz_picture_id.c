/* Picture numbers: moved ones are read as they should be, nothing else changes, and a payload that
 * follows another has the next numbers. The last bytes say which codec and by how much. */
#include "harness.h"
#include "wire/picture_id.h"

static void move(codec_id codec, const uint8_t *data, size_t size, struct picture_id_offset by)
{
    struct picture_ids before = picture_id_read(codec, data, size);
    uint8_t *payload = malloc(size + 1);
    CHECK(payload);
    memcpy(payload, data, size);
    payload[size] = 0xA5;
    picture_id_move(payload, size, by);
    struct picture_ids after = picture_id_read(codec, payload, size);
    CHECK((before.picture < 0) == (after.picture < 0) && (before.base < 0) == (after.base < 0));
    if (by.codec == codec && before.picture >= 0) {
        int difference = after.picture - before.picture - by.picture;
        CHECK(difference % (before.picture > 0x7F ? 0x8000 : 0x80) == 0);
    }
    if (by.codec == codec && before.base >= 0)
        CHECK(after.base == (uint8_t)(before.base + by.base));
    int changed = 0;
    for (size_t at = 0; at < size; at++)
        changed += payload[at] != data[at];
    CHECK(changed <= 3 && payload[size] == 0xA5);
    free(payload);
}

static void follow(codec_id codec, uint8_t *data, size_t size, struct picture_ids last)
{
    struct picture_id_offset by = picture_id_following(codec, data, size, last);
    struct picture_ids before = picture_id_read(codec, data, size);
    CHECK(by.codec == 0 || by.codec == codec);
    CHECK(by.codec ? by.picture || by.base : !by.picture && !by.base);
    picture_id_move(data, size, by);
    struct picture_ids after = picture_id_read(codec, data, size);
    if (before.picture >= 0 && last.picture >= 0)
        CHECK((after.picture - last.picture - 1) % 0x80 == 0);
    if (before.base >= 0 && last.base >= 0)
        CHECK(after.base == (uint8_t)(last.base + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size -= 4;
    const uint8_t *end = data + size;
    codec_id codec = (codec_id)(CODEC_H264 + end[0] % 4);
    struct picture_id_offset by = {codec, get16(end + 1) & 0x7FFF, end[3]};
    move(codec, data, size, by);
    by.codec = 0;
    move(codec, data, size, by);

    uint8_t *payload = malloc(size + 1);
    CHECK(payload);
    memcpy(payload, data, size);
    struct picture_ids last = {end[0] & 0x80 ? -1 : by.picture, end[0] & 0x40 ? -1 : by.base};
    follow(codec, payload, size, last);
    free(payload);
    return 0;
}
