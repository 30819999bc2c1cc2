/* NAL units in RTP (RFC 6184) and the sequence parameter set (H.264, 7.3.2.1.1), for a relay.
 * Nothing here decodes pictures.
 *
 * Always holds: payloads are untrusted. No byte beyond `size` is read; a set that is truncated or
 * malformed makes `bits.failed` true, from then on all its numbers are 0, and no loop runs more
 * often than a set may have entries. */
#include "wire/h264.h"

#include <limits.h>

enum { IDR = 5, SPS = 7, STAP_A = 24, FU_A = 28 };

/* Encoders write a few dozen bytes; with all scaling lists it would be about 1,000. */
enum { SPS_MOST = 1200 };

/* The limit of level 6.2: the square root of 8 times its 139,264 macroblocks (annex A.3.1). */
enum { PIXELS_MOST = 16880 };

/* Get the next non-empty NAL unit of a STAP-A; `at` starts at 1. False at the end. The last one may
 * be truncated. */
static bool h264_next_unit(const uint8_t *payload, size_t size, size_t *at, const uint8_t **unit,
                           size_t *unit_size)
{
    while (*at + 2 < size) {
        size_t left = size - *at - 2, length = get16(payload + *at);
        *unit = payload + *at + 2;
        *unit_size = length < left ? length : left;
        *at += 2 + length;
        if (*unit_size > 0)
            return true;
    }
    return false;
}

bool h264_begins_keyframe(const uint8_t *payload, size_t size)
{
    if (size == 0)
        return false;
    int kind = payload[0] & 31;
    if (kind == FU_A) {
        int first = size > 1 ? payload[1] & 0x9F : 0;
        return first == (0x80 | IDR) || first == (0x80 | SPS);
    }
    if (kind != STAP_A)
        return kind == IDR || kind == SPS;
    const uint8_t *unit;
    for (size_t at = 1, length; h264_next_unit(payload, size, &at, &unit, &length);)
        if ((unit[0] & 31) == IDR || (unit[0] & 31) == SPS)
            return true;
    return false;
}

/* The rest of a set, without emulation prevention bytes. */
struct bits {
    uint8_t data[SPS_MOST];
    size_t at, count; /* bits */
    bool failed;
};

/* Remove emulation prevention bytes, which are not part of the bits (7.4.1). */
static void bits_init(struct bits *bits, const uint8_t *data, size_t size)
{
    size_t out = 0;
    for (size_t at = 0; at < size;) {
        if (size - at >= 3 && !data[at] && !data[at + 1] && data[at + 2] == 3) {
            bits->data[out++] = 0;
            bits->data[out++] = 0;
            at += 3;
        } else {
            bits->data[out++] = data[at++];
        }
    }
    bits->at = 0;
    bits->count = out * 8;
    bits->failed = false;
}

static bool bits_pass(struct bits *bits, size_t count)
{
    if (bits->failed || count > bits->count - bits->at) {
        bits->failed = true;
        return false;
    }
    bits->at += count;
    return true;
}

/* Return the next bits, at most 32, as a number. */
static uint32_t bits_take(struct bits *bits, unsigned count)
{
    size_t at = bits->at;
    if (!bits_pass(bits, count))
        return 0;
    uint32_t value = 0;
    for (; at < bits->at; at++)
        value = value << 1 | (bits->data[at / 8] >> (7 - at % 8) & 1);
    return value;
}

/* Exponential-Golomb codes (9.1). */
static uint32_t bits_unsigned(struct bits *bits)
{
    unsigned zeros = 0;
    while (!bits_take(bits, 1)) {
        if (bits->failed || ++zeros > 31) {
            bits->failed = true;
            return 0;
        }
    }
    uint32_t more = bits_take(bits, zeros);
    return bits->failed ? 0 : ((uint32_t)1 << zeros) - 1 + more;
}

static int32_t bits_signed(struct bits *bits)
{
    uint32_t value = bits_unsigned(bits);
    return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}

static void h264_skip_scaling_lists(struct bits *bits, int count)
{
    for (int list = 0; list < count && !bits->failed; list++) {
        if (!bits_take(bits, 1))
            continue;
        int last = 8, following = 8;
        for (int entry = 0; entry < (list < 6 ? 16 : 64); entry++) {
            if (following)
                following = (int)((uint32_t)last + (uint32_t)bits_signed(bits)) & 0xFF;
            last = following ? following : last;
        }
    }
}

static void h264_skip_hrd(struct bits *bits)
{
    uint32_t count = bits_unsigned(bits);
    count = count < 32 ? count + 1 : 32;
    bits_pass(bits, 8);
    for (uint32_t each = 0; each < count && !bits->failed; each++) {
        bits_unsigned(bits);
        bits_unsigned(bits);
        bits_pass(bits, 1);
    }
    bits_pass(bits, 20);
}

/* Return max_num_reorder_frames of the VUI (annex E.1.1), or -1 if it is absent. */
static int h264_reorder(struct bits *bits)
{
    if (!bits_take(bits, 1))
        return -1;
    if (bits_take(bits, 1) && bits_take(bits, 8) == 255)
        bits_pass(bits, 32);
    if (bits_take(bits, 1))
        bits_pass(bits, 1);
    if (bits_take(bits, 1)) {
        bits_pass(bits, 4);
        if (bits_take(bits, 1))
            bits_pass(bits, 24);
    }
    if (bits_take(bits, 1)) {
        bits_unsigned(bits);
        bits_unsigned(bits);
    }
    if (bits_take(bits, 1))
        bits_pass(bits, 65);
    bool nal_hrd = bits_take(bits, 1);
    if (nal_hrd)
        h264_skip_hrd(bits);
    bool vcl_hrd = bits_take(bits, 1);
    if (vcl_hrd)
        h264_skip_hrd(bits);
    if (nal_hrd || vcl_hrd)
        bits_pass(bits, 1);
    bits_pass(bits, 1);
    if (!bits_take(bits, 1))
        return -1;
    bits_pass(bits, 1);
    for (int each = 0; each < 4; each++)
        bits_unsigned(bits);
    uint32_t frames = bits_unsigned(bits);
    if (bits->failed)
        return -1;
    return frames < INT_MAX ? (int)frames : INT_MAX;
}

/* Return whether sets of this profile have the chroma format. */
static bool h264_is_high(int profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    return memchr(high, profile, sizeof high) != NULL;
}

static void h264_skip_picture_order(struct bits *bits, uint32_t type)
{
    if (type == 0)
        bits_unsigned(bits);
    if (type != 1)
        return;
    bits_pass(bits, 1);
    bits_signed(bits);
    bits_signed(bits);
    uint32_t cycle = bits_unsigned(bits);
    for (uint32_t each = 0; each < cycle && each < 255 && !bits->failed; each++)
        bits_signed(bits);
}

/* Parse a set after its NAL header. */
static bool h264_read_set(const uint8_t *data, size_t size, struct h264_sps *sps)
{
    if (size >= SPS_MOST)
        return false;
    struct bits bits;
    bits_init(&bits, data, size);
    sps->profile = (int)bits_take(&bits, 8);
    sps->constraints = (int)bits_take(&bits, 8);
    sps->level = (int)bits_take(&bits, 8);
    bits_unsigned(&bits);
    uint32_t chroma = 1;
    if (h264_is_high(sps->profile)) {
        chroma = bits_unsigned(&bits);
        if (chroma == 3)
            bits_pass(&bits, 1);
        bits_unsigned(&bits);
        bits_unsigned(&bits);
        bits_pass(&bits, 1);
        if (bits_take(&bits, 1))
            h264_skip_scaling_lists(&bits, chroma == 3 ? 12 : 8);
    }
    bits_unsigned(&bits);
    uint32_t order = bits_unsigned(&bits);
    h264_skip_picture_order(&bits, order);
    bits_unsigned(&bits);
    bits_pass(&bits, 1);
    int64_t width = ((int64_t)bits_unsigned(&bits) + 1) * 16;
    int64_t rows = (int64_t)bits_unsigned(&bits) + 1;
    int fields = bits_take(&bits, 1) ? 1 : 2;
    int64_t height = rows * 16 * fields;
    bits_pass(&bits, fields == 2 ? 2 : 1);
    if (bits_take(&bits, 1)) {
        int step_x = chroma == 1 || chroma == 2 ? 2 : 1;
        int step_y = (chroma == 1 ? 2 : 1) * fields;
        width -= step_x * ((int64_t)bits_unsigned(&bits) + bits_unsigned(&bits));
        height -= step_y * ((int64_t)bits_unsigned(&bits) + bits_unsigned(&bits));
    }
    if (bits.failed || width <= 0 || width > PIXELS_MOST || height <= 0 || height > PIXELS_MOST)
        return false;
    sps->width = (int)width;
    sps->height = (int)height;
    /* Picture order count type 2 outputs in decoding order, which excludes B-frames (8.2.1.3). */
    sps->reorder = order == 2 ? 0 : h264_reorder(&bits);
    return true;
}

bool h264_parse_sps(const uint8_t *unit, size_t size, struct h264_sps *sps)
{
    return size > 0 && (unit[0] & 31) == SPS && h264_read_set(unit + 1, size - 1, sps);
}

bool h264_find_sps(const uint8_t *payload, size_t size, struct h264_sps *sps)
{
    if (size == 0)
        return false;
    int kind = payload[0] & 31;
    if (kind == FU_A)
        /* Of a fragmented unit only the first fragment counts, with its content. */
        return size > 1 && (payload[1] & 0x9F) == (0x80 | SPS) &&
               h264_read_set(payload + 2, size - 2, sps);
    if (kind != STAP_A)
        return h264_parse_sps(payload, size, sps);
    const uint8_t *unit;
    for (size_t at = 1, length; h264_next_unit(payload, size, &at, &unit, &length);)
        if ((unit[0] & 31) == SPS)
            return h264_parse_sps(unit, length, sps);
    return false;
}
