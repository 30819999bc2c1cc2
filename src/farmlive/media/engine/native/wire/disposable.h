/* Disposable frames: those that no other frame refers to, by what a stream's packets say of it. As
 * `farmlive.media.wire.disposable`. */
#ifndef FARMLIVE_DISPOSABLE_H
#define FARMLIVE_DISPOSABLE_H

#include "wire/codecs.h"

/* P_DIFF has seven bits. */
enum { PICTURES_MOST = 32, PICTURES_SPAN = 128, TEMPLATES_MOST = 64 };

/* What a packet says about its frame: that another refers to it, or may do so; that none does; or
 * nothing. */
enum frame_use { USE_NEEDED, USE_DISPOSABLE, USE_UNSAID };

/* What the packets of one stream have said about which frames are referred to. */
struct references {
    codec_id codec;
    /* VP9: the picture group of the last scalability structure, the picture id with which it
     * begins, the temporal layers of its pictures, and which of them others refer to. */
    int pictures;
    uint16_t start;
    uint8_t layers[PICTURES_MOST];
    uint32_t referred;
    /* VP9 in flexible mode: the temporal layers of the last pictures, the last picture, the top
     * layer since the last keyframe, and how many pictures did not refer to that. */
    uint8_t layer_of[PICTURES_SPAN];
    int last, quiet;
    uint8_t top;
    /* AV1: the last dependency structure: its templates, which of them are of disposable frames,
     * and the number of decode targets. */
    int templates, targets;
    uint8_t offset;
    uint64_t disposable;
};

void references_init(struct references *references, codec_id codec);

/* Return what this packet says; `descriptor` is its dependency descriptor, NULL if it has none.
 * For bytes that can't be read, a frame is needed. */
enum frame_use references_read(struct references *references, const uint8_t *payload, size_t size,
                               const uint8_t *descriptor, size_t descriptor_size);

/* Return whether a packet that came before says nothing of its frame. */
bool references_is_unsaid(const struct references *references, const uint8_t *payload, size_t size);

#endif
