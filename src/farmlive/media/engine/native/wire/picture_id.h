/* Picture numbers in the payload descriptors of VP8 (RFC 7741, section 4.2) and VP9 (RFC 9628,
 * section 4.2). As `farmlive.media.wire.picture_id` does. */
#ifndef FARMLIVE_PICTURE_ID_H
#define FARMLIVE_PICTURE_ID_H

#include "wire/codecs.h"

/* What is added to the numbers of pictures and of pictures of the lowest temporal layer; with a
 * codec of 0 nothing is. */
struct pictures {
    codec_id codec;
    uint16_t picture;
    uint8_t base;
};

/* The numbers of a payload; -1 for one that is not there. */
struct picture_numbers {
    int picture, base;
};

struct picture_numbers pictures_read(codec_id codec, const uint8_t *payload, size_t size);

/* Change the numbers in place. */
void pictures_move(uint8_t *payload, size_t size, struct pictures by);

/* What makes the numbers go on after `last` with this first payload. */
struct pictures pictures_following(codec_id codec, const uint8_t *first, size_t size,
                                   struct picture_numbers last);

#endif
