/* RTP packets and NTP time.
 *
 * Always holds: the payload and the extension of a packet are inside its datagram. */
#include "wire/rtp.h"

/* Between 1900 and 1970. */
static const int64_t NTP_EPOCH_S = 2208988800;

static const double NTP_SECOND = 4294967296.0;

bool rtp_split(const uint8_t *data, size_t size, struct rtp_packet *packet)
{
    if (size < RTP_HEADER || data[0] >> 6 != 2)
        return false;
    *packet = (struct rtp_packet){
        .payload_type = data[1] & 127,
        .marker = data[1] > 127,
        .sequence = get16(data + 2),
        .timestamp = get32(data + 4),
        .ssrc = get32(data + 8),
    };
    size_t start = RTP_HEADER + 4 * (size_t)(data[0] & 15), padding = 0;
    if (data[0] & 0x10) {
        if (size < start + 4)
            return false;
        packet->profile = get16(data + start);
        packet->extension_size = 4 * (size_t)get16(data + start + 2);
        packet->extension = data + start + 4;
        start += 4 + packet->extension_size;
    }
    if (data[0] & 0x20) {
        padding = data[size - 1];
        if (!padding)
            return false;
    }
    if (start + padding > size)
        return false;
    packet->payload = data + start;
    packet->size = size - padding - start;
    return true;
}

const uint8_t *rtp_extension(const struct rtp_packet *packet, int id, size_t *size)
{
    const uint8_t *body = packet->extension;
    if (!body)
        return NULL;
    bool one_byte = packet->profile == 0xBEDE;
    if (!one_byte && packet->profile >> 4 != 0x100)
        return NULL;
    size_t at = 0, end = packet->extension_size;
    while (at < end) {
        uint8_t head = body[at];
        int name = head;
        size_t length;
        if (!head) {
            at++;
            continue;
        }
        if (one_byte) {
            name = head >> 4;
            length = (size_t)(head & 15) + 1;
            /* Section 4.2: an element of id 15, or of id 0 with a length, ends the parsing. */
            if (name == 0 || name == 15)
                return NULL;
            at++;
        } else {
            if (at + 2 > end)
                return NULL;
            length = body[at + 1];
            at += 2;
        }
        if (name == id) {
            *size = length;
            return length <= end - at ? body + at : NULL;
        }
        at += length;
    }
    return NULL;
}

uint64_t ntp_of(double seconds)
{
    int64_t whole = (int64_t)seconds;
    uint64_t fraction = (uint64_t)(int64_t)((seconds - (double)whole) * NTP_SECOND);
    return (uint64_t)(whole + NTP_EPOCH_S) << 32 | fraction;
}

double ntp_seconds(uint64_t ntp)
{
    int64_t whole = (int64_t)(ntp >> 32) - NTP_EPOCH_S;
    return (double)whole + (double)(ntp & 0xFFFFFFFF) / NTP_SECOND;
}
