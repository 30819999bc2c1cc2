/* What is written is read again as it was, whole or cut into datagrams; the input says what is
 * written. */
#include "harness.h"
#include "wire/rtcp_write.h"

/* Of the NACKs, PLIs and reports that a full buffer holds, no more than this can be read. */
enum { REPORTS_MOST = 1024, STREAMS_MOST = 31, NUMBERS_MOST = 200 };

static struct rtcp_report told[REPORTS_MOST];
static size_t told_count, heard;
/* A reader takes so many missing numbers of one datagram, whatever more there are. */
static int missing_left;

static void expect(enum rtcp_kind kind, struct rtcp_report report)
{
    CHECK(told_count < REPORTS_MOST);
    report.kind = kind;
    told[told_count++] = report;
}

static bool same_receiver(const struct receiver_report *a, const struct receiver_report *b)
{
    return a->ssrc == b->ssrc && a->lost == b->lost && a->total_lost == b->total_lost &&
           a->highest == b->highest && a->jitter == b->jitter && a->last_report == b->last_report &&
           a->delay == b->delay;
}

static bool same_nack(const struct nack *a, const struct nack *b)
{
    return a->ssrc == b->ssrc && a->count == b->count &&
           !memcmp(a->missing, b->missing, sizeof a->missing[0] * (size_t)a->count);
}

static void hear(void *context, const struct rtcp_report *report)
{
    (void)context;
    CHECK(heard < told_count);
    const struct rtcp_report *expected = &told[heard++];
    CHECK(report->kind == expected->kind);
    switch (report->kind) {
    case RTCP_SENDER_REPORT:
        CHECK(report->of.sender.ssrc == expected->of.sender.ssrc);
        CHECK(report->of.sender.ntp == expected->of.sender.ntp);
        CHECK(report->of.sender.timestamp == expected->of.sender.timestamp);
        CHECK(report->of.sender.packets == expected->of.sender.packets);
        CHECK(report->of.sender.octets == expected->of.sender.octets);
        break;
    case RTCP_RECEIVER_REPORT:
        CHECK(same_receiver(&report->of.receiver, &expected->of.receiver));
        break;
    case RTCP_NACK:
        CHECK(same_nack(&report->of.nack, &expected->of.nack));
        break;
    case RTCP_KEYFRAME_REQUEST:
        CHECK(report->of.keyframe_of == expected->of.keyframe_of);
        break;
    case RTCP_REFERENCE_TIME:
        CHECK(report->of.time.ssrc == expected->of.time.ssrc);
        CHECK(report->of.time.middle == expected->of.time.middle);
        break;
    case RTCP_REFERENCE_REPLY:
        CHECK(report->of.reply.ssrc == expected->of.reply.ssrc);
        CHECK(report->of.reply.last == expected->of.reply.last);
        CHECK(report->of.reply.delay == expected->of.reply.delay);
        break;
    default:
        CHECK(false && "a kind that is never written");
    }
}

static void write_receiver_report(struct rtcp_buffer *out, struct input *input)
{
    struct receiver_report reports[STREAMS_MOST];
    int count = (int)(take(input, 1) % (STREAMS_MOST + 1));
    for (int i = 0; i < count; i++) {
        reports[i] = (struct receiver_report){
            .ssrc = (uint32_t)take(input, 4),
            .lost = (uint8_t)take(input, 1),
            .total_lost = (int32_t)(uint32_t)take(input, 4),
            .highest = (uint32_t)take(input, 4),
            .jitter = (uint32_t)take(input, 2),
            .last_report = (uint32_t)take(input, 2),
            .delay = (uint32_t)take(input, 2),
        };
    }
    size_t before = out->size;
    rtcp_receiver_report(out, (uint32_t)take(input, 4), reports, count);
    for (int i = 0; i < count && out->size > before; i++) {
        struct receiver_report *report = &reports[i];
        if (report->total_lost < -0x800000)
            report->total_lost = -0x800000;
        if (report->total_lost > 0x7FFFFF)
            report->total_lost = 0x7FFFFF;
        expect(RTCP_RECEIVER_REPORT, (struct rtcp_report){.of.receiver = *report});
    }
}

static void write_nack(struct rtcp_buffer *out, struct input *input)
{
    uint16_t missing[NUMBERS_MOST];
    struct rtcp_report report = {.of.nack = {.ssrc = (uint32_t)take(input, 4)}};
    struct nack *nack = &report.of.nack;
    int count = (int)(take(input, 1) % (NUMBERS_MOST + 1));
    uint16_t number = (uint16_t)take(input, 2);
    if (missing_left == 0)
        return;
    /* Cut, each datagram has the limit for itself: only a NACK that is the first may go beyond it.
     */
    if (missing_left < RTCP_MISSING_MOST && count > missing_left)
        count = missing_left;
    for (int i = 0; i < count; i++) {
        missing[i] = number;
        if (nack->count < missing_left)
            nack->missing[nack->count++] = number;
        number = (uint16_t)(number + 1 + take(input, 1));
    }
    size_t before = out->size;
    rtcp_nack(out, 1, nack->ssrc, missing, count);
    if (out->size == before)
        return;
    missing_left -= nack->count;
    expect(RTCP_NACK, report);
}

static void write_description(struct rtcp_buffer *out, struct input *input)
{
    uint32_t ssrcs[STREAMS_MOST];
    char name[300] = "";
    int count = (int)(take(input, 1) % (STREAMS_MOST + 1));
    for (int i = 0; i < count; i++)
        ssrcs[i] = (uint32_t)i;
    memset(name, 'x', take(input, 2) % sizeof name);
    rtcp_source_description(out, ssrcs, count, name);
}

static void write_part(struct rtcp_buffer *out, struct input *input)
{
    size_t before = out->size;
    switch (take(input, 1) % 7) {
    case 0: {
        struct sender_report report = {
            (uint32_t)take(input, 4), take(input, 8),           (uint32_t)take(input, 4),
            (uint32_t)take(input, 4), (uint32_t)take(input, 4),
        };
        rtcp_sender_report(out, &report);
        if (out->size > before)
            expect(RTCP_SENDER_REPORT, (struct rtcp_report){.of.sender = report});
        break;
    }
    case 1:
        write_receiver_report(out, input);
        break;
    case 2:
        write_nack(out, input);
        break;
    case 3: {
        uint32_t ssrc = (uint32_t)take(input, 4);
        rtcp_picture_loss(out, 1, ssrc);
        if (out->size > before)
            expect(RTCP_KEYFRAME_REQUEST, (struct rtcp_report){.of.keyframe_of = ssrc});
        break;
    }
    case 4: {
        uint64_t ntp = take(input, 8);
        struct reference_time time = {(uint32_t)take(input, 4), (uint32_t)(ntp >> 16)};
        rtcp_reference_time(out, time.ssrc, ntp);
        if (out->size > before)
            expect(RTCP_REFERENCE_TIME, (struct rtcp_report){.of.time = time});
        break;
    }
    case 5: {
        struct reference_reply reply = {(uint32_t)take(input, 4), (uint32_t)take(input, 4), 5};
        rtcp_reference_reply(out, 1, &reply);
        if (out->size > before)
            expect(RTCP_REFERENCE_REPLY, (struct rtcp_report){.of.reply = reply});
        break;
    }
    default:
        write_description(out, input);
    }
    CHECK(out->size <= sizeof out->data && out->size % 4 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rtcp_buffer out;
    struct input input = {data, size};
    out.size = told_count = heard = 0;
    missing_left = RTCP_MISSING_MOST;
    while (input.size)
        write_part(&out, &input);
    CHECK(rtcp_parse(out.data, out.size, hear, NULL));
    CHECK(heard == told_count);
    heard = 0;
    size_t at = 0, part;
    for (; (part = rtcp_part(&out, at)); at += part) {
        /* Longer than a datagram is only a packet that can't be cut. */
        CHECK(part <= 1200 || part == 4 + 4 * (size_t)get16(out.data + at + 2));
        CHECK(rtcp_parse(out.data + at, part, hear, NULL));
    }
    CHECK(at == out.size && heard == told_count);
    return 0;
}
