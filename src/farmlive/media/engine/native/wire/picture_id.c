/* Picture ids in the payload descriptors of VP8 (RFC 7741, section 4.2) and VP9 (RFC 9628, section
 * 4.2): a decoder takes a stream for broken if they jump, so they continue without a gap across
 * splices.
 *
 * Always holds: payloads are untrusted; no byte beyond `size` is touched, and nothing but the ids
 * changes. */
#include "wire/picture_id.h"

/* The picture id's position and size in bits, and the position of TL0PICIDX; 0 if absent. */
struct places {
    size_t picture;
    int bits;
    size_t base;
};

static struct places picture_id_find(codec_id codec, const uint8_t *payload, size_t size)
{
    struct places places = {0, 0, 0};
    enum codec_family family = codec_family(codec);
    bool has_picture, has_base;
    size_t at;
    /* The size of two flag bytes and a two-byte picture id, which therefore need no other check. */
    if (size < 4)
        return places;
    if (family == CODEC_VP8) {
        if (!(payload[0] & 0x80))
            return places;
        has_picture = payload[1] & 0x80;
        has_base = payload[1] & 0x40;
        at = 2;
    } else if (family == CODEC_VP9) {
        has_picture = payload[0] & 0x80;
        /* TL0PICIDX is present with layer indices in non-flexible mode. */
        has_base = (payload[0] & 0x30) == 0x20;
        at = 1;
    } else {
        return places;
    }
    if (has_picture) {
        places.picture = at;
        places.bits = payload[at] & 0x80 ? 15 : 7;
        at += places.bits == 15 ? 2 : 1;
    }
    if (has_base) {
        at += family == CODEC_VP9;
        places.base = at < size ? at : 0;
    }
    return places;
}

struct picture_ids picture_id_read(codec_id codec, const uint8_t *payload, size_t size)
{
    struct places places = picture_id_find(codec, payload, size);
    struct picture_ids numbers = {-1, -1};
    if (places.bits == 15)
        numbers.picture = get16(payload + places.picture) & 0x7FFF;
    else if (places.bits)
        numbers.picture = payload[places.picture];
    if (places.base)
        numbers.base = payload[places.base];
    return numbers;
}

void picture_id_move(uint8_t *payload, size_t size, struct picture_id_offset by)
{
    struct places places = picture_id_find(by.codec, payload, size);
    uint8_t *picture = payload + places.picture;
    if (places.bits == 15)
        put16(picture, (uint16_t)((get16(picture) + by.picture) | 0x8000));
    else if (places.bits)
        *picture = (*picture + by.picture) & 0x7F;
    if (places.base)
        payload[places.base] = (uint8_t)(payload[places.base] + by.base);
}

struct picture_id_offset picture_id_close(codec_id codec, const uint8_t *payload, size_t size,
                                          struct picture_id_offset by)
{
    if (codec_family(codec) != CODEC_VP8 || !picture_id_find(codec, payload, size).bits)
        return by;
    if (!by.codec)
        by = (struct picture_id_offset){codec, 0, 0};
    by.picture = (uint16_t)(by.picture - 1) & 0x7FFF;
    return by;
}

struct picture_id_offset picture_id_following(codec_id codec, const uint8_t *first, size_t size,
                                              struct picture_ids last)
{
    struct picture_ids numbers = picture_id_read(codec, first, size);
    struct picture_id_offset by = {codec, 0, 0};
    if (numbers.picture >= 0 && last.picture >= 0)
        by.picture = (uint16_t)(last.picture + 1 - numbers.picture) & 0x7FFF;
    if (numbers.base >= 0 && last.base >= 0)
        by.base = (uint8_t)(last.base + 1 - numbers.base);
    if (!by.picture && !by.base)
        by.codec = 0;
    return by;
}
