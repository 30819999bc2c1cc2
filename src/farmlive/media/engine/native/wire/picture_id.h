/* Picture ids in the payload descriptors of VP8 (RFC 7741, section 4.2) and VP9 (RFC 9628, section
 * 4.2). As `farmlive.media.wire.picture_id`. */
#ifndef FARMLIVE_PICTURE_ID_H
#define FARMLIVE_PICTURE_ID_H

#include "wire/codecs.h"

/* The offsets of the picture id and of TL0PICIDX, the id of pictures of the lowest temporal layer;
 * with a codec of 0 there is no change. */
struct picture_id_offset {
    codec_id codec;
    uint16_t picture;
    uint8_t base;
};

/* The ids of a payload; -1 if absent. */
struct picture_ids {
    int picture, base;
};

struct picture_ids picture_id_read(codec_id codec, const uint8_t *payload, size_t size);

/* Change the ids in place. */
void picture_id_move(uint8_t *payload, size_t size, struct picture_id_offset by);

/* Return the offsets after this picture, if it is left out behind those with offsets `by`. Only
 * VP8's ids close up: pictures of VP9 refer to others by what is between their ids. What is left
 * out does not count in TL0PICIDX. */
struct picture_id_offset picture_id_close(codec_id codec, const uint8_t *payload, size_t size,
                                          struct picture_id_offset by);

/* Return the offsets by which the ids of this first payload continue after `last`. */
struct picture_id_offset picture_id_following(codec_id codec, const uint8_t *first, size_t size,
                                              struct picture_ids last);

#endif
