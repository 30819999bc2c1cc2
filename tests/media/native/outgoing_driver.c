/* Does what a script on the standard input says with publishers, outputs and viewers of the native
 * engine, and prints what each viewer would be sent in plain text (">", its number, the packet),
 * what was answered ("t") and the end of each command ("."). Numbers and words are apart by white
 * space; outgoing_twins.py has the commands. */
#include <stdio.h>

#include "memory.h"
#include "outgoing_state.h"
#include "plain_senders.h"
#include "ports.h"

enum { OUTPUTS_MOST = 4, PUBLISHERS_MOST = 256, VIEWERS_MOST = 1024 };

static struct output *outputs[OUTPUTS_MOST];
static struct publisher *publishers[PUBLISHERS_MOST];
static struct viewer *viewers[VIEWERS_MOST];

/* Nobody is on a stream. */
size_t port_held(const struct port *port, const struct address *address)
{
    (void)port;
    (void)address;
    return 0;
}

/* The script. */

static char word[16384];

static bool read_word(void) { return scanf("%16383s", word) == 1; }

static const char *next_word(void)
{
    if (!read_word()) {
        fputs("the script ends in a command\n", stderr);
        exit(2);
    }
    return word;
}

static int64_t next(void) { return strtoll(next_word(), NULL, 10); }
static double next_real(void) { return strtod(next_word(), NULL); }

static struct output *next_output(void) { return outputs[next()]; }
static struct publisher *next_publisher(void) { return publishers[next()]; }
static struct viewer *next_viewer(void) { return viewers[next()]; }

static void print_rtcp(const struct rtcp_buffer *buffer)
{
    printf("t ");
    print_bytes(buffer->data, buffer->size);
}

static void make_output(void)
{
    int64_t number = next();
    struct ssrcs ssrcs = {(uint32_t)next(), 0, 0};
    ssrcs.retransmission = (uint32_t)next();
    ssrcs.audio = (uint32_t)next();
    uint16_t sequence = (uint16_t)next();
    outputs[number] = output_new((uint64_t)number, ssrcs, sequence, (uint32_t)next());
}

/* Pairs of a payload type and what it stands for. */
static void next_types(int8_t *of)
{
    memset(of, -1, PAYLOAD_TYPES);
    for (int64_t left = next(); left > 0; left--) {
        int64_t payload_type = next();
        of[payload_type] = (int8_t)next();
    }
}

static void make_publisher(void)
{
    int64_t number = next();
    struct publishing *publishing = memory_new(sizeof *publishing);
    publishing->holders = 1;
    publishing->transport_cc = (int)next();
    publishing->rid = (int)next();
    publishing->repaired_rid = (int)next();
    publishing->count = (int)next();
    for (int at = 0; at < publishing->count; at++) {
        struct incoming *incoming = &publishing->tracks[at];
        incoming->is_video = next() != 0;
        incoming->clock_rate = (unsigned)next();
        incoming->nack = next() != 0;
        incoming->pli = next() != 0;
        for (int64_t left = next(); left > 0; left--) {
            int64_t payload_type = next();
            incoming->codecs[payload_type] = (codec_id)next();
        }
        next_types(incoming->repairs);
        next_types(incoming->red);
        incoming->layers = (int)next();
        for (int layer = 0; layer < incoming->layers; layer++)
            snprintf(incoming->rids[layer], RID_SIZE, "%.16s", next_word());
    }
    publishers[number] = publisher_new(publishing, 99, (uint64_t)number);
}

static void take(void)
{
    struct publisher *publisher = next_publisher();
    double now = next_real();
    uint8_t data[2048];
    size_t size = read_bytes(next_word(), data, sizeof data);
    struct rtp_packet received;
    struct taken taken;
    if (!rtp_split(data, size, &received) ||
        !publisher_take(publisher, &received, now, now, &taken))
        return;
    for (int at = OUTPUTS_MOST - 1; at >= 0; at--)
        for (int each = 0; each < publisher->output_count; each++)
            if (publisher->outputs[each] == outputs[at] &&
                output_feed(outputs[at], publisher, taken.track, taken.packet, taken.began, now)) {
                printf("t switched %d\n", at);
                break;
            }
    packet_release(taken.packet);
}

static int next_outgoing(struct outgoing *out)
{
    int count = (int)next();
    for (int at = 0; at < count; at++) {
        out[at].codec = (codec_id)next();
        out[at].payload_type = (int8_t)next();
        out[at].retransmission = (int8_t)next();
        out[at].red = (int8_t)next();
    }
    return count;
}

static void add_viewer(void)
{
    struct output *output = next_output();
    int64_t peer = next();
    uint16_t rtx_sequence = (uint16_t)next();
    double now = next_real();
    struct viewing viewing = {0};
    viewing.video_count = next_outgoing(viewing.video);
    viewing.audio_count = next_outgoing(viewing.audio);
    struct leg *leg = memory_new(sizeof *leg);
    leg->peer = (uint64_t)peer;
    viewers[peer] = viewer_new((uint64_t)peer, &viewing, leg, rtx_sequence, now);
    output_add(output, viewers[peer], now);
}

static void remove_viewer(int64_t peer)
{
    struct viewer *viewer = viewers[peer];
    output_remove(viewer->output, viewer);
    free(viewer->leg);
    viewer_free(viewer);
    viewers[peer] = NULL;
}

static void remove_publisher(int64_t number)
{
    for (int at = 0; at < OUTPUTS_MOST; at++)
        for (int each = 0; each < publishers[number]->output_count; each++)
            if (publishers[number]->outputs[each] == outputs[at]) {
                output_drop(outputs[at], publishers[number]);
                break;
            }
    publisher_free(publishers[number]);
    publishers[number] = NULL;
}

static void answer_nack(void)
{
    struct viewer *viewer = next_viewer();
    struct nack nack = {.ssrc = (uint32_t)next()};
    nack.count = (int)next();
    for (int at = 0; at < nack.count; at++)
        nack.missing[at] = (uint16_t)next();
    repairs_answer(viewer->output, viewer, &nack);
}

static void take_report(void)
{
    struct viewer *viewer = next_viewer();
    struct receiver_report report = {.ssrc = viewer->output->ssrcs.video};
    report.highest = (uint32_t)next();
    report.total_lost = (int32_t)next();
    bool due = output_reported(viewer->output, viewer, &report, next_real());
    printf("t %d\n", due);
}

static void hear_sender(void)
{
    struct publisher *publisher = next_publisher();
    struct sender_report report = {.ssrc = (uint32_t)next()};
    report.ntp = strtoull(next_word(), NULL, 10);
    report.timestamp = (uint32_t)next();
    publisher_heard(publisher, &report, next_real());
}

static void note_reference(void)
{
    struct viewer *viewer = next_viewer();
    viewer->has_reference = true;
    viewer->reference.ssrc = (uint32_t)next();
    viewer->reference.middle = (uint32_t)next();
    viewer->reference_at = next_real();
}

static void write_report(void)
{
    struct viewer *viewer = next_viewer();
    double now = next_real();
    struct rtcp_buffer buffer = {.size = 0};
    sending_report(viewer->output, viewer, now, next_real(), &buffer);
    print_rtcp(&buffer);
}

static void write_feedback(void)
{
    struct publisher *publisher = next_publisher();
    double now = next_real();
    struct rtcp_buffer buffer = {.size = 0};
    publisher_feedback(publisher, now, false, 0, &buffer);
    print_rtcp(&buffer);
}

static void look(void)
{
    struct publisher *publisher = next_publisher();
    double now = next_real();
    if (publisher_look(publisher, now))
        for (int at = 0; at < publisher->output_count; at++)
            output_aim_all(publisher->outputs[at], now);
}

static void fall(void)
{
    struct viewer *viewer = next_viewer();
    int dropped = (int)next();
    stall_fall(&viewer->stall, dropped, next_real());
    output_fall(viewer->output, viewer);
}

static void prefer(void)
{
    struct viewer *viewer = next_viewer();
    viewer->choice.most = (int)next();
    bool due = output_aim(viewer->output, viewer, next_real());
    printf("t %d\n", due);
}

static bool obey_output(void)
{
    if (strcmp(word, "output") == 0)
        make_output();
    else if (strcmp(word, "whole") == 0)
        printf("t %d\n", output_send_whole(next_output()));
    else if (strcmp(word, "flush") == 0)
        output_flush(next_output());
    else if (strcmp(word, "air") == 0) {
        struct output *output = next_output();
        int64_t number = next();
        output_put_on_air(output, number < 0 ? NULL : publishers[number]);
    } else if (strcmp(word, "pump") == 0) {
        output_pump(next_output());
    } else if (strcmp(word, "want") == 0) {
        struct output *output = next_output();
        output_want_keyframes(output, next_real());
    } else if (strcmp(word, "probe") == 0) {
        struct output *output = next_output();
        output_probe(output, next_real());
    } else if (strcmp(word, "state") == 0)
        print_state(next_output());
    else
        return false;
    return true;
}

static bool obey_publisher(void)
{
    if (strcmp(word, "publisher") == 0)
        make_publisher();
    else if (strcmp(word, "take") == 0)
        take();
    else if (strcmp(word, "heard") == 0)
        hear_sender();
    else if (strcmp(word, "look") == 0)
        look();
    else if (strcmp(word, "feedback") == 0)
        write_feedback();
    else if (strcmp(word, "gone") == 0)
        remove_publisher(next());
    else if (strcmp(word, "measure") == 0) {
        struct publisher *publisher = next_publisher();
        publisher_measure(publisher, next_real());
    } else
        return false;
    return true;
}

static bool obey_viewer(void)
{
    if (strcmp(word, "viewer") == 0)
        add_viewer();
    else if (strcmp(word, "remove") == 0)
        remove_viewer(next());
    else if (strcmp(word, "nack") == 0)
        answer_nack();
    else if (strcmp(word, "report") == 0)
        take_report();
    else if (strcmp(word, "reference") == 0)
        note_reference();
    else if (strcmp(word, "sender-report") == 0)
        write_report();
    else if (strcmp(word, "fall") == 0)
        fall();
    else if (strcmp(word, "prefer") == 0)
        prefer();
    else if (strcmp(word, "estimate") == 0) {
        struct viewer *viewer = next_viewer();
        double kbps = next_real();
        choice_estimated(&viewer->choice, kbps, next_real());
    } else if (strcmp(word, "keyframe") == 0) {
        struct viewer *viewer = next_viewer();
        output_keyframe_requested(viewer);
    } else if (strcmp(word, "second") == 0) {
        struct viewer *viewer = next_viewer();
        printf("t %d\n", output_second(viewer->output, viewer, next_real()));
    } else
        return false;
    return true;
}

int main(void)
{
    while (read_word()) {
        if (!obey_output() && !obey_publisher() && !obey_viewer()) {
            fprintf(stderr, "no such command: %s\n", word);
            return 2;
        }
        puts(".");
    }
    for (int64_t peer = 0; peer < VIEWERS_MOST; peer++)
        if (viewers[peer] != NULL)
            remove_viewer(peer);
    for (int64_t number = 0; number < PUBLISHERS_MOST; number++)
        if (publishers[number] != NULL)
            remove_publisher(number);
    for (int at = 0; at < OUTPUTS_MOST; at++)
        output_free(outputs[at]);
    return 0;
}
