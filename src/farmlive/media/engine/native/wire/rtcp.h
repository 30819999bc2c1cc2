/* Parses RTCP: SR, RR, SDES (RFC 3550), NACK, PLI (RFC 4585), FIR (RFC 5104), REMB
 * (draft-alvestrand-rmcat-remb-03), reference times (RFC 3611). As `farmlive.media.wire.rtcp`;
 * `rtcp_write` writes it, `transport_cc` has transport-wide feedback. */
#ifndef FARMLIVE_RTCP_H
#define FARMLIVE_RTCP_H

#include "base/bytes.h"

enum { RTCP_SR = 200, RTCP_RR, RTCP_SDES, RTCP_RTPFB = 205, RTCP_PSFB, RTCP_XR };
/* Formats of transport feedback and of payload feedback, and types of extended reports' blocks. */
enum { RTPFB_NACK = 1, RTPFB_TRANSPORT_CC = 15 };
enum { PSFB_PLI = 1, PSFB_FIR = 4, PSFB_ALFB = 15 };
enum { XR_RRTR = 4, XR_DLRR = 5 };

/* The most bytes of a plain packet: with SRTCP it is below every path's MTU. */
enum { RTCP_MOST = 1200 };

/* The missing sequence numbers of one datagram that are read, in however many NACKs they are. */
enum { RTCP_MISSING_MOST = 100 };

enum rtcp_kind {
    RTCP_SENDER_REPORT,
    RTCP_RECEIVER_REPORT,
    RTCP_NACK,
    RTCP_KEYFRAME_REQUEST,
    RTCP_ESTIMATE,
    RTCP_REFERENCE_TIME,
    RTCP_REFERENCE_REPLY,
};

struct sender_report {
    uint32_t ssrc;
    uint64_t ntp;
    uint32_t timestamp, packets, octets;
};

/* `lost` is the fraction of 256, `delay` in 1/65536 s. */
struct receiver_report {
    uint32_t ssrc;
    uint8_t lost;
    int32_t total_lost;
    uint32_t highest, jitter, last_report, delay;
};

struct nack {
    uint32_t ssrc;
    int count;
    uint16_t missing[RTCP_MISSING_MOST];
};

/* A receiver's reference time, the middle 32 bits of its NTP time; `ssrc` is its own. */
struct reference_time {
    uint32_t ssrc, middle;
};

/* A sender's reply to the receiver `ssrc`: the reference time, and how long ago it came. */
struct reference_reply {
    uint32_t ssrc, last, delay;
};

struct rtcp_report {
    enum rtcp_kind kind;
    union {
        struct sender_report sender;
        struct receiver_report receiver;
        struct nack nack;
        uint32_t keyframe_of; /* the SSRC */
        uint64_t bitrate;     /* bits a second, at most 2^63 - 1 */
        struct reference_time time;
        struct reference_reply reply;
    } of;
};

/* Return whether a protected packet is one receiver report and nothing more; `trailer` is what
 * protection adds. With `timed`, a report followed by as many bytes as a reference time has counts
 * too. */
bool rtcp_is_receiver_report_alone(const uint8_t *data, size_t size, size_t trailer, bool timed);

/* Parse a compound packet: `each` gets one report after the other, valid during the call. False if
 * a part is malformed; the reports before it were delivered. */
bool rtcp_parse(const uint8_t *data, size_t size,
                void (*each)(void *context, const struct rtcp_report *report), void *context);

#endif
