/* H264 for a relay: NAL units in RTP (RFC 6184) and the sequence parameter set (H.264, 7.3.2.1.1).
 * As `farmlive.media.wire.h264`. */
#ifndef FARMLIVE_H264_H
#define FARMLIVE_H264_H

#include "base/bytes.h"

/* `reorder` is -1 if the set does not contain it. */
struct h264_sps {
    int profile, constraints, level;
    int width, height;
    int reorder;
};

/* Return whether an SPS or an IDR slice begins in this payload. */
bool h264_begins_keyframe(const uint8_t *payload, size_t size);

/* Get the sequence parameter set in this payload; false without a readable one. */
bool h264_find_sps(const uint8_t *payload, size_t size, struct h264_sps *sps);

/* Parse a set, including its NAL header; false if it is malformed, or if its picture is empty or
 * larger than any level allows. */
bool h264_parse_sps(const uint8_t *unit, size_t size, struct h264_sps *sps);

#endif
