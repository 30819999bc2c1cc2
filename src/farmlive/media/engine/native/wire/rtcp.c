/* Parses RTCP, one report after the other.
 *
 * Always holds: nothing is read outside the part of the compound packet that it belongs to; reports
 * before a malformed part are delivered. */
#include "wire/rtcp.h"

/* The size of an extended report with nothing but a reference time. */
enum { REFERENCE_TIME_SIZE = 20 };

/* The size of a report block. */
enum { BLOCK = 24 };

typedef void tell(void *context, const struct rtcp_report *report);

/* The content of a part after its first word, without its padding. */
struct body {
    const uint8_t *data;
    size_t size;
};

bool rtcp_is_receiver_report_alone(const uint8_t *data, size_t size, size_t trailer, bool timed)
{
    if (size < 8 || data[1] != RTCP_RR)
        return false;
    size_t report = 4 + 4 * (size_t)get16(data + 2) + trailer;
    return size == report || (timed && size == report + REFERENCE_TIME_SIZE);
}

static bool read_blocks(struct body body, size_t at, int count, tell *each, void *context)
{
    for (; count; count--, at += BLOCK) {
        if (at + BLOCK > body.size)
            return false;
        const uint8_t *block = body.data + at;
        int32_t total = (int32_t)get24(block + 5);
        struct rtcp_report report = {.kind = RTCP_RECEIVER_REPORT};
        report.of.receiver = (struct receiver_report){
            .ssrc = get32(block),
            .lost = block[4],
            .total_lost = total & 0x800000 ? total - (1 << 24) : total,
            .highest = get32(block + 8),
            .jitter = get32(block + 12),
            .last_report = get32(block + 16),
            .delay = get32(block + 20),
        };
        each(context, &report);
    }
    return true;
}

static bool read_sender_report(struct body body, int count, tell *each, void *context)
{
    if (body.size < 24)
        return false;
    struct rtcp_report report = {.kind = RTCP_SENDER_REPORT};
    report.of.sender = (struct sender_report){
        .ssrc = get32(body.data),
        .ntp = get64(body.data + 4),
        .timestamp = get32(body.data + 12),
        .packets = get32(body.data + 16),
        .octets = get32(body.data + 20),
    };
    each(context, &report);
    return read_blocks(body, 24, count, each, context);
}

/* Tell at most `left` of the missing numbers; a part beyond that tells nothing. */
static bool read_nack(struct body body, int *left, tell *each, void *context)
{
    if (body.size < 8)
        return false;
    if (*left == 0)
        return true;
    struct rtcp_report report = {.kind = RTCP_NACK};
    struct nack *nack = &report.of.nack;
    nack->ssrc = get32(body.data + 4);
    for (size_t at = 8; at + 4 <= body.size && nack->count < *left; at += 4) {
        uint16_t number = get16(body.data + at);
        uint32_t present = (uint32_t)get16(body.data + at + 2) << 1 | 1;
        for (; present; present >>= 1, number++) {
            if (present & 1 && nack->count < *left)
                nack->missing[nack->count++] = number;
        }
    }
    *left -= nack->count;
    each(context, &report);
    return true;
}

static void ask_keyframe(uint32_t ssrc, tell *each, void *context)
{
    struct rtcp_report report = {.kind = RTCP_KEYFRAME_REQUEST, .of.keyframe_of = ssrc};
    each(context, &report);
}

static bool read_payload_feedback(struct body body, int format, tell *each, void *context)
{
    if (format == PSFB_PLI) {
        if (body.size < 8)
            return false;
        ask_keyframe(get32(body.data + 4), each, context);
    } else if (format == PSFB_FIR) {
        /* The media SSRC of a FIR is 0; each entry names its stream. */
        for (size_t at = 8; at + 8 <= body.size; at += 8)
            ask_keyframe(get32(body.data + at), each, context);
    } else if (format == PSFB_ALFB && body.size >= 12 && !memcmp(body.data + 8, "REMB", 4)) {
        if (body.size < 16)
            return false;
        /* 18 bits, shifted by up to 63: from 46 on not all fit, unless they are 0. */
        uint32_t value = get32(body.data + 12);
        uint64_t mantissa = value & 0x3FFFF;
        unsigned offset = value >> 18 & 0x3F;
        struct rtcp_report report = {.kind = RTCP_ESTIMATE, .of.bitrate = INT64_MAX};
        if (mantissa <= (uint64_t)INT64_MAX >> offset)
            report.of.bitrate = mantissa << offset;
        each(context, &report);
    }
    return true;
}

/* Parse reference times and replies to them (RFC 3611, sections 4.4 and 4.5); a truncated block is
 * no error. */
static void read_extended(struct body body, tell *each, void *context)
{
    size_t at = 4;
    while (at + 4 <= body.size) {
        const uint8_t *block = body.data + at;
        size_t words = get16(block + 2), end = at + 4 + 4 * words;
        if (block[0] == XR_RRTR && words == 2 && end <= body.size) {
            struct rtcp_report report = {
                .kind = RTCP_REFERENCE_TIME,
                .of.time = {.ssrc = get32(body.data), .middle = get32(block + 6)},
            };
            each(context, &report);
        } else if (block[0] == XR_DLRR) {
            for (size_t sub = at + 4; sub + 12 <= end && sub + 12 <= body.size; sub += 12) {
                struct rtcp_report report = {.kind = RTCP_REFERENCE_REPLY};
                report.of.reply = (struct reference_reply){
                    .ssrc = get32(body.data + sub),
                    .last = get32(body.data + sub + 4),
                    .delay = get32(body.data + sub + 8),
                };
                each(context, &report);
            }
        }
        at = end;
    }
}

/* Parse one part; `count` is the low bits of its first byte, `missing_left` how many missing
 * numbers are still read. */
static bool read_part(int kind, int count, struct body body, int *missing_left, tell *each,
                      void *context)
{
    switch (kind) {
    case RTCP_SR:
        return read_sender_report(body, count, each, context);
    case RTCP_RR:
        return read_blocks(body, 4, count, each, context);
    case RTCP_RTPFB:
        return count != RTPFB_NACK || read_nack(body, missing_left, each, context);
    case RTCP_PSFB:
        return read_payload_feedback(body, count, each, context);
    case RTCP_XR:
        read_extended(body, each, context);
        return true;
    default:
        return true;
    }
}

bool rtcp_parse(const uint8_t *data, size_t size, tell *each, void *context)
{
    size_t at = 0;
    int missing_left = RTCP_MISSING_MOST;
    while (at < size) {
        if (at + 4 > size)
            return false;
        uint8_t first = data[at];
        size_t body_size = 4 * (size_t)get16(data + at + 2), end = at + 4 + body_size;
        if (first >> 6 != 2 || end > size)
            return false;
        if (first & 0x20) {
            /* Padding may have any length: transport-cc is padded by less than a word. */
            uint8_t padding = data[end - 1];
            if (!padding || padding > body_size)
                return false;
            body_size -= padding;
        }
        struct body body = {data + at + 4, body_size};
        if (!read_part(data[at + 1], first & 31, body, &missing_left, each, context))
            return false;
        at = end;
    }
    return true;
}
