/* Parses the first bytes of payloads. h264.c has H264.
 *
 * Always holds: payloads are untrusted; no byte beyond `size` is read. */
#include "wire/codecs.h"

#include "wire/h264.h"

/* Return the frame's offset in a payload that begins a VP8 key frame, or 0 (RFC 7741, 4.2, 4.3). */
static size_t codec_vp8_frame(const uint8_t *payload, size_t size)
{
    if (size < 2 || (payload[0] & 0x17) != 0x10)
        return 0;
    size_t at = 1;
    if (payload[0] & 0x80) {
        uint8_t flags = payload[1];
        at = 2;
        if (flags & 0x80 && size > at)
            at += payload[at] & 0x80 ? 2 : 1;
        if (flags & 0x40)
            at++;
        if (flags & 0x30)
            at++;
    }
    return size > at && !(payload[at] & 1) ? at : 0;
}

/* Not inter-predicted, start of a frame, lowest spatial layer (RFC 9628, section 4.2). */
static bool codec_begins_vp9(const uint8_t *payload, size_t size)
{
    if (size == 0 || (payload[0] & 0x48) != 0x08)
        return false;
    if (!(payload[0] & 0x20))
        return true;
    size_t at = 1;
    if (payload[0] & 0x80 && size > 1)
        at = payload[1] & 0x80 ? 3 : 2;
    return size > at && !(payload[at] & 0x0E);
}

bool codec_begins_keyframe(codec_id codec, const uint8_t *payload, size_t size)
{
    switch (codec_family(codec)) {
    case CODEC_H264:
        return h264_begins_keyframe(payload, size);
    case CODEC_VP8:
        return codec_vp8_frame(payload, size) != 0;
    case CODEC_VP9:
        return codec_begins_vp9(payload, size);
    case CODEC_AV1:
        /* N bit: the first packet of a coded video sequence (AV1 RTP, section 4.4). */
        return size > 0 && (payload[0] & 0x88) == 0x08;
    default:
        return false;
    }
}

static struct picture_size codec_vp8_size(const uint8_t *payload, size_t size)
{
    struct picture_size none = {0, 0};
    size_t at = codec_vp8_frame(payload, size);
    if (at == 0 || size < at + 10 || memcmp(payload + at + 3, "\x9d\x01\x2a", 3) != 0)
        return none;
    struct picture_size told = {
        (payload[at + 6] | payload[at + 7] << 8) & 0x3FFF,
        (payload[at + 8] | payload[at + 9] << 8) & 0x3FFF,
    };
    return told.width && told.height ? told : none;
}

struct picture_size codec_picture_size(codec_id codec, const uint8_t *payload, size_t size)
{
    struct h264_sps sps;
    if (codec_family(codec) == CODEC_VP8)
        return codec_vp8_size(payload, size);
    if (codec_family(codec) == CODEC_H264 && h264_find_sps(payload, size, &sps))
        return (struct picture_size){sps.width, sps.height};
    return (struct picture_size){0, 0};
}

enum objection codec_objection(codec_id codec, const uint8_t *payload, size_t size)
{
    struct h264_sps sps;
    if (codec_family(codec) != CODEC_H264 || !h264_find_sps(payload, size, &sps))
        return OBJECTION_NONE;
    if (sps.reorder > 0)
        return OBJECTION_B_FRAMES;
    /* Baseline, main and high. */
    if (sps.profile != 66 && sps.profile != 77 && sps.profile != 100)
        return OBJECTION_PROFILE;
    return OBJECTION_NONE;
}
