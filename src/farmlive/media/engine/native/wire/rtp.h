/* Parses and writes RTP packets (RFC 3550, section 5.1), header extensions (RFC 8285) and NTP time.
 * As `farmlive.media.wire.rtp`. */
#ifndef FARMLIVE_RTP_H
#define FARMLIVE_RTP_H

#include "base/bytes.h"

enum { RTP_HEADER = 12 };

/* RTP clock rate of every video codec. */
enum { VIDEO_CLOCK_RATE = 90000 };
/* Units of short NTP times in a second (RFC 3550, section 4). */
enum { NTP_SHORT_SECOND = 1 << 16 };

/* A received packet, without its padding and CSRCs; all pointers are into the datagram. */
struct rtp_packet {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    const uint8_t *payload;
    size_t size;
    const uint8_t *extension; /* NULL: there is none */
    size_t extension_size;
    uint16_t profile;
};

/* Return whether a datagram of multiplexed RTP and RTCP is RTCP (RFC 5761, section 4). */
static inline bool rtp_is_rtcp(const uint8_t *data, size_t size)
{
    return size >= 2 && data[1] >= 192 && data[1] <= 223;
}

/* Parse a packet; false if it is malformed. */
bool rtp_split(const uint8_t *data, size_t size, struct rtp_packet *packet);

/* Return the value of the extension with this id and its size, or NULL. */
const uint8_t *rtp_extension(const struct rtp_packet *packet, int id, size_t *size);

/* Write a header without CSRCs and extension; with `padded` the P bit is set. */
static inline void rtp_head(uint8_t out[RTP_HEADER], bool padded, uint8_t payload_type, bool marker,
                            uint16_t sequence, uint32_t timestamp, uint32_t ssrc)
{
    out[0] = padded ? 0xA0 : 0x80;
    out[1] = (uint8_t)(marker ? payload_type | 0x80 : payload_type);
    put16(out + 2, sequence);
    put32(out + 4, timestamp);
    put32(out + 8, ssrc);
}

/* Convert seconds since 1970 to a 64-bit NTP time, and back. */
uint64_t ntp_of(double seconds);
double ntp_seconds(uint64_t ntp);

#endif
