/* Codecs for a relay: where a decoder can start, the size of pictures, and why viewers could not
 * play a stream. As `farmlive.media.wire.codecs`. */
#ifndef FARMLIVE_CODECS_H
#define FARMLIVE_CODECS_H

#include "base/bytes.h"

/* The number of a codec key: its family in the low byte, and above it a number within the family,
 * assigned by Python. Equal keys have equal numbers; 0 is none. */
typedef uint16_t codec_id;

enum codec_family { CODEC_NONE, CODEC_H264, CODEC_VP8, CODEC_VP9, CODEC_AV1, CODEC_OPUS };

static inline enum codec_family codec_family(codec_id codec)
{
    return (enum codec_family)(codec & 0xFF);
}

enum objection { OBJECTION_NONE, OBJECTION_B_FRAMES, OBJECTION_PROFILE };

struct picture_size {
    int width, height; /* 0: unknown */
};

/* Return whether a decoder can start with this payload. */
bool codec_begins_keyframe(codec_id codec, const uint8_t *payload, size_t size);

/* Return the picture size in this payload of a keyframe, if it contains it (VP8, H264). */
struct picture_size codec_picture_size(codec_id codec, const uint8_t *payload, size_t size);

/* Return why viewers could not play the stream that begins with this keyframe. */
enum objection codec_objection(codec_id codec, const uint8_t *payload, size_t size);

#endif
