/* H264 as far as a relay must understand it: NAL units in RTP (RFC 6184) and the sequence parameter
 * set (H.264, 7.3.2.1.1). As `farmlive.media.wire.h264`. */
#ifndef FARMLIVE_H264_H
#define FARMLIVE_H264_H

#include "base/bytes.h"

/* `reorder` is -1 if the set does not have it. */
struct h264_sps {
    int profile, constraints, level;
    int width, height;
    int reorder;
};

/* Whether an SPS or an IDR slice begins in this payload. */
bool h264_begins_keyframe(const uint8_t *payload, size_t size);

/* The sequence parameter set in this payload; false where there is none that can be read. */
bool h264_find_sps(const uint8_t *payload, size_t size, struct h264_sps *sps);

/* Read a set, its NAL header included; false where it can't be read, also for a picture of no
 * size, or of one that no level allows. */
bool h264_parse_sps(const uint8_t *unit, size_t size, struct h264_sps *sps);

#endif
