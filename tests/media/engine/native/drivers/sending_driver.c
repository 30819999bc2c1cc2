/* Does what a script on the standard input says with publishers, outputs and viewers of the native
 * engine, and prints what each viewer would be sent in plain text (">", its number, the packet),
 * what was answered ("t") and the end of each command ("."). sending_twins.py has the commands. */
#include "base/memory.h"
#include "driver.h"
#include "ingest/feedback.h"
#include "ingest/health_meter.h"
#include "ingest/receiver.h"
#include "output/track_select.h"
#include "plain_senders.h"
#include "sending_state.h"

enum { OUTPUTS_MOST = 4, PUBLISHERS_MOST = 256, VIEWERS_MOST = 1024 };

static struct output *outputs[OUTPUTS_MOST];
static struct publisher *publishers[PUBLISHERS_MOST];
static struct viewer *viewers[VIEWERS_MOST];
static struct output *watched[VIEWERS_MOST]; /* by each of them */

/* Nobody is on a stream. */
static size_t nothing_held(const void *context)
{
    (void)context;
    return 0;
}

static struct output *next_output(void) { return outputs[integer()]; }
static struct publisher *next_publisher(void) { return publishers[integer()]; }
static struct viewer *next_viewer(void) { return viewers[integer()]; }

static void print_rtcp(const struct rtcp_buffer *buffer)
{
    printf("t ");
    print_bytes(buffer->data, buffer->size);
}

static void make_output(void)
{
    int64_t number = integer();
    struct ssrcs ssrcs = {(uint32_t)integer(), 0, 0};
    ssrcs.retransmission = (uint32_t)integer();
    ssrcs.audio = (uint32_t)integer();
    uint16_t sequence = (uint16_t)integer();
    outputs[number] = output_new((uint64_t)number, ssrcs, sequence, (uint32_t)integer());
}

/* Pairs of a payload type and what it stands for. */
static void next_types(int8_t *of)
{
    memset(of, -1, PAYLOAD_TYPES);
    for (int64_t left = integer(); left > 0; left--) {
        int64_t payload_type = integer();
        of[payload_type] = (int8_t)integer();
    }
}

static void make_publisher(void)
{
    int64_t number = integer();
    struct publishing *publishing = memory_new(sizeof *publishing);
    publishing->holders = 1;
    publishing->transport_cc = (int)integer();
    publishing->rid = (int)integer();
    publishing->repaired_rid = (int)integer();
    publishing->dependency_descriptor = -1;
    publishing->capture_time = (int)integer();
    publishing->count = (int)integer();
    for (int at = 0; at < publishing->count; at++) {
        struct incoming *incoming = &publishing->tracks[at];
        incoming->is_video = integer() != 0;
        incoming->clock_rate = (unsigned)integer();
        incoming->nack = integer() != 0;
        incoming->pli = integer() != 0;
        for (int64_t left = integer(); left > 0; left--) {
            int64_t payload_type = integer();
            incoming->codecs[payload_type] = (codec_id)integer();
        }
        next_types(incoming->repairs);
        next_types(incoming->red);
        incoming->layers = (int)integer();
        for (int layer = 0; layer < incoming->layers; layer++)
            snprintf(incoming->rids[layer], RID_SIZE, "%.16s", word());
    }
    publishers[number] = publisher_new(publishing, 99, (uint64_t)number);
}

static void take(void)
{
    struct publisher *publisher = next_publisher();
    double now = real();
    uint8_t data[2048];
    size_t size = read_bytes(word(), data, sizeof data);
    struct rtp_packet received;
    struct taken taken;
    if (!rtp_split(data, size, &received) || !receiver_take(publisher, &received, now, now, &taken))
        return;
    for (int at = OUTPUTS_MOST - 1; at >= 0; at--)
        for (int each = 0; each < publisher->listener_count; each++)
            if (output_listening(publisher->listeners[each]) == outputs[at] &&
                output_feed(outputs[at], publisher, taken.track, taken.packet, taken.began, now)) {
                printf("t switched %d\n", at);
                break;
            }
    packet_release(taken.packet);
}

static int next_outgoing(struct outgoing *out)
{
    int count = (int)integer();
    for (int at = 0; at < count; at++) {
        out[at].codec = (codec_id)integer();
        out[at].payload_type = (int8_t)integer();
        out[at].retransmission = (int8_t)integer();
        out[at].red = (int8_t)integer();
    }
    return count;
}

static void add_viewer(void)
{
    struct output *output = next_output();
    int64_t peer = integer();
    uint16_t rtx_sequence = (uint16_t)integer();
    double now = real();
    bool controlled = integer() != 0;
    struct viewing viewing = {0};
    viewing.video_count = next_outgoing(viewing.video);
    viewing.audio_count = next_outgoing(viewing.audio);
    struct leg *leg = memory_new(sizeof *leg);
    leg->peer = (uint64_t)peer;
    viewers[peer] =
        viewer_new((uint64_t)peer, &viewing, leg, (struct backpressure){nothing_held, NULL},
                   rtx_sequence, now, controlled);
    watched[peer] = output;
    output_add(output, viewers[peer], now);
}

static void remove_viewer(int64_t peer)
{
    struct viewer *viewer = viewers[peer];
    output_remove(watched[viewer->peer], viewer);
    free(viewer->leg);
    viewer_free(viewer);
    viewers[peer] = NULL;
}

static void remove_publisher(int64_t number)
{
    for (int at = 0; at < OUTPUTS_MOST; at++)
        for (int each = 0; each < publishers[number]->listener_count; each++)
            if (output_listening(publishers[number]->listeners[each]) == outputs[at]) {
                output_drop(outputs[at], publishers[number]);
                break;
            }
    publisher_free(publishers[number]);
    publishers[number] = NULL;
}

static void answer_nack(void)
{
    struct viewer *viewer = next_viewer();
    struct nack nack = {.ssrc = (uint32_t)integer()};
    nack.count = (int)integer();
    for (int at = 0; at < nack.count; at++)
        nack.missing[at] = (uint16_t)integer();
    output_repair(watched[viewer->peer], viewer, &nack, real());
}

static void take_report(void)
{
    struct viewer *viewer = next_viewer();
    struct receiver_report report = {.ssrc = watched[viewer->peer]->sending.ssrcs.video};
    report.highest = (uint32_t)integer();
    report.total_lost = (int32_t)integer();
    double rtt_s = real(), now = real();
    /* It answers a sender report. */
    if (rtt_s >= 0)
        catch_up_wants_sender_report(viewer, true, now - rtt_s);
    struct round_trip round_trip = {rtt_s, now - rtt_s, true};
    bool due = output_reported(watched[viewer->peer], viewer, &report,
                               rtt_s >= 0 ? &round_trip : NULL, now);
    printf("t %d\n", due);
}

static void hear_sender(void)
{
    struct publisher *publisher = next_publisher();
    struct sender_report report = {.ssrc = (uint32_t)integer()};
    report.ntp = strtoull(word(), NULL, 10);
    report.timestamp = (uint32_t)integer();
    feedback_take_report(publisher, &report, real());
}

static void note_reference(void)
{
    struct viewer *viewer = next_viewer();
    viewer->has_reference = true;
    viewer->reference.ssrc = (uint32_t)integer();
    viewer->reference.middle = (uint32_t)integer();
    viewer->reference_at = real();
}

static void write_report(void)
{
    struct viewer *viewer = next_viewer();
    double now = real();
    struct rtcp_buffer buffer = {.size = 0};
    sending_report(&watched[viewer->peer]->sending, viewer, now, real(), &buffer);
    print_rtcp(&buffer);
}

static void write_feedback(void)
{
    struct publisher *publisher = next_publisher();
    double now = real();
    struct rtcp_buffer buffer = {.size = 0};
    feedback_write(publisher, now, false, 0, &buffer);
    print_rtcp(&buffer);
}

static void look(void)
{
    struct publisher *publisher = next_publisher();
    double now = real();
    if (publisher_look(publisher, now))
        publisher_tell_layers(publisher, now);
}

static void fall(void)
{
    struct viewer *viewer = next_viewer();
    int dropped = (int)integer();
    slow_viewer_stop_video(&viewer->slow, dropped, real());
    output_stop_video(watched[viewer->peer], viewer);
}

/* Take the viewer's link to carry this layer. */
static void carries(void)
{
    struct viewer *viewer = next_viewer();
    viewer->choice.limit = (int)integer();
}

static void prefer(void)
{
    struct viewer *viewer = next_viewer();
    viewer->choice.most = (int)integer();
    bool due = output_aim(watched[viewer->peer], viewer, real());
    printf("t %d\n", due);
}

static bool obey_output(const char *command)
{
    if (strcmp(command, "output") == 0)
        make_output();
    else if (strcmp(command, "whole") == 0)
        printf("t %d\n", output_send_whole(next_output()));
    else if (strcmp(command, "flush") == 0)
        output_flush(next_output());
    else if (strcmp(command, "air") == 0) {
        struct output *output = next_output();
        int64_t number = integer();
        output_put_on_air(output, number < 0 ? NULL : publishers[number]);
    } else if (strcmp(command, "pump") == 0) {
        struct output *output = next_output();
        output_send_bursts(output, real());
    } else if (strcmp(command, "want") == 0) {
        struct output *output = next_output();
        output_want_keyframes(output, real());
    } else if (strcmp(command, "sound-alone") == 0) {
        struct output *output = next_output();
        printf("t %d\n", output_switch_to_audio_only(output, real()));
    } else if (strcmp(command, "probe") == 0) {
        struct output *output = next_output();
        output_probe(output, real());
    } else if (strcmp(command, "state") == 0)
        print_state(next_output());
    else
        return false;
    return true;
}

static bool obey_publisher(const char *command)
{
    if (strcmp(command, "publisher") == 0)
        make_publisher();
    else if (strcmp(command, "take") == 0)
        take();
    else if (strcmp(command, "heard") == 0)
        hear_sender();
    else if (strcmp(command, "look") == 0)
        look();
    else if (strcmp(command, "feedback") == 0)
        write_feedback();
    else if (strcmp(command, "gone") == 0)
        remove_publisher(integer());
    else if (strcmp(command, "measure") == 0) {
        struct publisher *publisher = next_publisher();
        health_meter_measure(publisher, real());
    } else
        return false;
    return true;
}

static bool obey_viewer(const char *command)
{
    if (strcmp(command, "viewer") == 0)
        add_viewer();
    else if (strcmp(command, "remove") == 0)
        remove_viewer(integer());
    else if (strcmp(command, "nack") == 0)
        answer_nack();
    else if (strcmp(command, "report") == 0)
        take_report();
    else if (strcmp(command, "reference") == 0)
        note_reference();
    else if (strcmp(command, "sender-report") == 0)
        write_report();
    else if (strcmp(command, "fall") == 0)
        fall();
    else if (strcmp(command, "carries") == 0)
        carries();
    else if (strcmp(command, "prefer") == 0)
        prefer();
    else if (strcmp(command, "estimate") == 0) {
        struct viewer *viewer = next_viewer();
        double kbps = real();
        choice_estimated(&viewer->choice, kbps, real());
    } else if (strcmp(command, "keyframe") == 0) {
        struct viewer *viewer = next_viewer();
        track_select_keyframe_requested(viewer, watched[viewer->peer]->on_air, real());
    } else if (strcmp(command, "second") == 0) {
        struct viewer *viewer = next_viewer();
        printf("t %d\n", output_each_second(watched[viewer->peer], viewer, real()));
    } else
        return false;
    return true;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        const char *command = first_word(line);
        if (!obey_output(command) && !obey_publisher(command) && !obey_viewer(command)) {
            fprintf(stderr, "no such command: %s\n", command);
            return 2;
        }
        puts(".");
    }
    free(line);
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
