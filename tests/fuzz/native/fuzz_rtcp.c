/* Compound packets from anyone who has a key. */
#include "harness.h"
#include "wire/rtcp.h"

static void count_report(void *context, const struct rtcp_report *report)
{
    size_t *count = context;
    *count += 1;
    switch (report->kind) {
    case RTCP_RECEIVER_REPORT:
        CHECK(report->of.receiver.total_lost >= -0x800000);
        CHECK(report->of.receiver.total_lost <= 0x7FFFFF);
        break;
    case RTCP_NACK:
        CHECK(report->of.nack.count >= 0 && report->of.nack.count <= RTCP_MISSING_MOST);
        break;
    case RTCP_ESTIMATE:
        CHECK(report->of.bitrate <= INT64_MAX);
        break;
    default:
        CHECK(report->kind >= RTCP_SENDER_REPORT && report->kind <= RTCP_REFERENCE_REPLY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    rtcp_parse(data, size, count_report, &count);
    CHECK(count <= 1 + size / 4);
    /* A lone report is protected all the same, with a trailer of 14 or 20 bytes. */
    if (rtcp_is_receiver_report_alone(data, size, 14, false))
        CHECK(rtcp_is_receiver_report_alone(data, size, 14, true));
    if (rtcp_is_receiver_report_alone(data, size, 20, true))
        CHECK(size >= 24 && data[1] == RTCP_RR);
    return 0;
}
