/* RTP packets and their header extensions; times of any size. */
#include "harness.h"
#include "wire/rtp.h"

static void read_times(uint64_t ntp)
{
    double seconds = ntp_seconds(ntp);
    /* Neither before 1970 nor where it rounds up to the end of the era, in 2036. */
    if (seconds < 0 || seconds >= 2085978496.0)
        return;
    /* A double of this size tells half a microsecond apart. */
    double again = ntp_seconds(ntp_of(seconds));
    CHECK(seconds - again < 1e-6 && again - seconds < 1e-6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_packet packet;
    if (size >= 8)
        read_times(get64(data));
    if (!rtp_split(data, size, &packet))
        return 0;
    CHECK_WITHIN(packet.payload, packet.size, data, size);
    if (packet.extension)
        CHECK_WITHIN(packet.extension, packet.extension_size, data, size);
    for (int id = 0; id < 257; id++) {
        size_t value_size = 0;
        const uint8_t *value = rtp_extension(&packet, id, &value_size);
        if (value)
            CHECK_WITHIN(value, value_size, packet.extension, packet.extension_size);
    }
    /* A packet without CSRCs and extension is the same when it is written. */
    if (packet.payload == data + RTP_HEADER) {
        uint8_t head[RTP_HEADER];
        rtp_head(head, data[0] & 0x20, packet.payload_type, packet.marker, packet.sequence,
                 packet.timestamp, packet.ssrc);
        CHECK(!memcmp(head, data, RTP_HEADER));
    }
    return 0;
}
