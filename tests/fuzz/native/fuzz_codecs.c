/* Payloads of every codec, and of none: where a decoder can start, sizes, objections. */
#include "harness.h"
#include "wire/codecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int family = CODEC_NONE; family <= CODEC_OPUS + 1; family++) {
        codec_id codec = (codec_id)(0x100 | family);
        bool keyframe = codec_begins_keyframe(codec, data, size);
        struct picture_size told = codec_picture_size(codec, data, size);
        enum objection objection = codec_objection(codec, data, size);
        /* Either both are told or none, and only where a keyframe begins. */
        CHECK(told.width >= 0 && told.width <= 16880 && told.height >= 0 && told.height <= 16880);
        CHECK((told.width > 0) == (told.height > 0));
        CHECK(keyframe || !told.width);
        CHECK(!objection || (family == CODEC_H264 && told.width));
        CHECK(family != CODEC_NONE && family < CODEC_OPUS ? size > 0 || !keyframe : !keyframe);
    }
    return 0;
}
