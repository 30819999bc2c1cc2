/* Outputs, publishers and viewers of the native engine, run by a script: a call a line on standard
 * input, and on standard output what each viewer would be sent, in plain text. Senders and ports
 * are replaced. */
#include "base/memory.h"
#include "driver.h"
#include "ingest/feedback.h"
#include "ingest/health_meter.h"
#include "ingest/receiver.h"
#include "output/track_select.h"
#include "output_state.h"
#include "plain_senders.h"

struct publisher *publishers[MOST];
struct output *outputs[MOST];
static struct viewer *viewers[MOST];

/* Which output each watches, and how many bytes it has not taken. */
static struct output *watched[MOST];
static size_t held[MOST];

static size_t held_of(const void *context) { return *(const size_t *)context; }

/* The words of a call. */

static int small(void) { return (int)integer(); }
static struct output *output(void) { return outputs[integer()]; }
static struct publisher *publisher(void) { return publishers[integer()]; }
static struct viewer *viewer(void) { return viewers[integer()]; }

/* Making what there is. */

static void pairs(int8_t to[PAYLOAD_TYPES])
{
    for (int count = small(); count > 0; count--) {
        int from = small();
        to[from] = (int8_t)small();
    }
}

static void make_publisher(void)
{
    static const char *rids[] = {"a", "b", "c", "d"};
    int number = small();
    uint32_t ssrc = (uint32_t)integer();
    struct publishing *publishing = memory_new(sizeof *publishing);
    publishing->holders = 1;
    publishing->transport_cc = publishing->repaired_rid = publishing->capture_time = -1;
    publishing->rid = small();
    publishing->count = small();
    for (int at = 0; at < publishing->count; at++) {
        struct incoming *incoming = &publishing->tracks[at];
        incoming->is_video = integer();
        incoming->clock_rate = (unsigned)integer();
        incoming->nack = integer();
        incoming->pli = integer();
        incoming->layers = small();
        for (int layer = 0; layer < incoming->layers; layer++)
            strcpy(incoming->rids[layer], rids[layer]);
        memset(incoming->repairs, -1, sizeof incoming->repairs);
        memset(incoming->red, -1, sizeof incoming->red);
        for (int count = small(); count > 0; count--) {
            int payload_type = small();
            incoming->codecs[payload_type] = (codec_id)integer();
        }
        pairs(incoming->repairs);
        pairs(incoming->red);
    }
    publishers[number] = publisher_new(publishing, ssrc, (uint64_t)number);
}

static void make_output(void)
{
    int number = small();
    struct ssrcs ssrcs = {0};
    ssrcs.video = (uint32_t)integer();
    ssrcs.retransmission = (uint32_t)integer();
    ssrcs.audio = (uint32_t)integer();
    uint16_t sequence = (uint16_t)integer();
    uint32_t timestamp = (uint32_t)integer();
    outputs[number] = output_new((uint64_t)number, ssrcs, sequence, timestamp);
}

static int wanted(struct outgoing *to)
{
    int count = small();
    for (int at = 0; at < count; at++) {
        to[at].codec = (codec_id)integer();
        to[at].payload_type = (int8_t)integer();
        to[at].retransmission = (int8_t)integer();
        to[at].red = (int8_t)integer();
    }
    return count;
}

static void make_viewer(void)
{
    int number = small();
    struct output *where = output();
    struct viewing viewing = {0};
    viewing.video_count = wanted(viewing.video);
    viewing.audio_count = wanted(viewing.audio);
    uint16_t rtx_sequence = (uint16_t)integer();
    double now = real();
    struct leg *leg = memory_new(sizeof *leg);
    leg->peer = (uint64_t)number;
    viewers[number] =
        viewer_new((uint64_t)number, &viewing, leg, (struct backpressure){held_of, &held[number]},
                   rtx_sequence, now, false);
    held[number] = 0;
    watched[number] = where;
    output_add(where, viewers[number], now);
}

static void remove_viewer(struct viewer *gone)
{
    viewers[gone->peer] = NULL;
    output_remove(watched[gone->peer], gone);
    free(gone->leg);
    viewer_free(gone);
}

static void remove_publisher(struct publisher *gone)
{
    while (gone->listener_count > 0)
        output_drop(output_listening(gone->listeners[0]), gone);
    publishers[gone->peer] = NULL;
    publisher_free(gone);
}

/* What comes. */

static void take(struct publisher *from, double now, const char *hex)
{
    uint8_t data[2048];
    size_t size = read_bytes(hex, data, sizeof data);
    struct rtp_packet received;
    struct taken taken;
    if (!rtp_split(data, size, &received) || !receiver_take(from, &received, now, now, &taken)) {
        puts("= -");
        return;
    }
    struct output *hearers[MOST];
    int count = from->listener_count;
    for (int at = 0; at < count; at++)
        hearers[at] = output_listening(from->listeners[at]);
    bool switched[MOST] = {0};
    for (int at = 0; at < count; at++)
        switched[hearers[at]->number] =
            output_feed(hearers[at], from, taken.track, taken.packet, taken.began, now);
    packet_release(taken.packet);
    printf("= %d", taken.began);
    for (int at = 0; at < MOST; at++)
        if (switched[at])
            printf(" %d", at);
    putchar('\n');
}

static void print_rtcp(const struct rtcp_buffer *buffer)
{
    printf("= ");
    print_bytes(buffer->data, buffer->size);
}

static void nack(struct viewer *by)
{
    struct nack nack = {.ssrc = (uint32_t)integer(), .count = 0};
    for (int count = small(); nack.count < count; nack.count++)
        nack.missing[nack.count] = (uint16_t)integer();
    output_repair(watched[by->peer], by, &nack, 0);
}

static void reported(struct viewer *by)
{
    struct receiver_report report = {.ssrc = (uint32_t)integer()};
    report.highest = (uint32_t)integer();
    report.total_lost = (int32_t)integer();
    printf("= %d\n", output_reported(watched[by->peer], by, &report, NULL, real()));
}

static void checked(struct viewer *by)
{
    double round_trip_s = real();
    printf("= %d\n", output_checked(watched[by->peer], by, round_trip_s, real()));
}

static void heard(struct publisher *from)
{
    struct sender_report report = {.ssrc = (uint32_t)integer()};
    report.ntp = strtoull(word(), NULL, 10);
    report.timestamp = (uint32_t)integer();
    feedback_take_report(from, &report, real());
}

static void referred(struct viewer *by)
{
    by->has_reference = true;
    by->reference.ssrc = (uint32_t)integer();
    by->reference.middle = (uint32_t)integer();
    by->reference_at = real();
}

static void refused(struct viewer *by)
{
    int packets = small();
    if (slow_viewer_count_refused(&by->slow, packets, real()))
        output_stop_video(watched[by->peer], by);
}

static void measure(struct publisher *each)
{
    double now = real();
    bool moved = false;
    health_meter_measure(each, now);
    if (publisher_look(each, now))
        for (int at = 0; at < each->listener_count; at++)
            moved |= output_aim_all(output_listening(each->listeners[at]), now);
    printf("= %d\n", moved);
}

static void feedback(struct publisher *each)
{
    static struct rtcp_buffer buffer;
    buffer.size = 0;
    double now = real();
    bool report = integer();
    feedback_write(each, now, report, 0, &buffer);
    print_rtcp(&buffer);
}

static void report(struct viewer *to)
{
    static struct rtcp_buffer buffer;
    buffer.size = 0;
    double now = real(), wall = real();
    sending_report(&watched[to->peer]->sending, to, now, wall, &buffer);
    print_rtcp(&buffer);
}

static void tick(struct output *each)
{
    double now = real();
    if (!list_is_empty(&each->catch_up.probing))
        output_probe(each, now);
    output_want_keyframes(each, now);
}

static void call(const char *verb)
{
#define IS(name) (strcmp(verb, name) == 0)
    if (IS("rtp")) {
        struct publisher *from = publisher();
        double now = real();
        take(from, now, word());
    } else if (IS("whole")) {
        printf("= %d\n", output_send_whole(output()));
    } else if (IS("flush")) {
        output_flush(output());
    } else if (IS("pump")) {
        output_send_bursts(output(), 0);
    } else if (IS("tick")) {
        tick(output());
    } else if (IS("second")) {
        struct viewer *each = viewer();
        printf("= %d\n", output_each_second(watched[each->peer], each, real()));
    } else if (IS("measure")) {
        measure(publisher());
    } else if (IS("feedback")) {
        feedback(publisher());
    } else if (IS("report")) {
        report(viewer());
    } else if (IS("sr")) {
        heard(publisher());
    } else if (IS("rr")) {
        reported(viewer());
    } else if (IS("checked")) {
        checked(viewer());
    } else if (IS("remb")) {
        struct viewer *each = viewer();
        double kbps = real();
        choice_estimated(&each->choice, kbps, real());
    } else if (IS("nack")) {
        nack(viewer());
    } else if (IS("pli")) {
        struct viewer *each = viewer();
        struct output *where = watched[each->peer];
        struct publisher *asked = track_select_keyframe_requested(each, where->on_air, real());
        printf("= %d\n", asked ? (int)asked->peer : 0);
    } else if (IS("reference")) {
        referred(viewer());
    } else if (IS("refused")) {
        refused(viewer());
    } else if (IS("held")) {
        size_t *of = &held[viewer()->peer];
        *of = (size_t)integer();
    } else if (IS("prefer")) {
        struct viewer *each = viewer();
        each->choice.most = small();
        printf("= %d\n", output_aim(watched[each->peer], each, real()));
    } else if (IS("hears")) {
        struct viewer *each = viewer();
        printf("= %d\n", viewer_hears(each, (uint8_t)integer()));
    } else if (IS("moved")) {
        output()->sending.stale = true;
    } else if (IS("air")) {
        struct output *each = output();
        output_put_on_air(each, publisher());
    } else if (IS("publisher")) {
        make_publisher();
    } else if (IS("gone")) {
        remove_publisher(publisher());
    } else if (IS("output")) {
        make_output();
    } else if (IS("viewer")) {
        make_viewer();
    } else if (IS("leave")) {
        remove_viewer(viewer());
    } else if (IS("state")) {
        print_state();
    } else {
        fprintf(stderr, "no such call: %s\n", verb);
        exit(2);
    }
#undef IS
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        call(first_word(line));
        puts(".");
        fflush(stdout);
    }
    free(line);
    for (int at = 0; at < MOST; at++)
        if (viewers[at] != NULL)
            remove_viewer(viewers[at]);
    for (int at = 0; at < MOST; at++)
        if (publishers[at] != NULL)
            remove_publisher(publishers[at]);
    for (int at = 0; at < MOST; at++)
        output_free(outputs[at]);
    return 0;
}
