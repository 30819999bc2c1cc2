/* Drives the incoming half of the native engine by a script from standard input, one call a line,
 * and prints what each call returns or tells, for `test_publisher` to compare with Python's. */
#include "base/memory.h"
#include "driver.h"
#include "ingest/feedback.h"
#include "ingest/health_meter.h"
#include "ingest/receiver.h"

enum { LISTENERS = 2, KEPT = 16 };

static struct publishing *publishing;
static struct publisher *publisher;
static struct publisher_listener listeners[LISTENERS];
/* What viewers may remember for a while. */
static struct track *old_tracks[KEPT];
static struct packet *packets[KEPT];
static unsigned kept_tracks, kept_packets;

/* The listeners: they say what they are told, and change their places when a track begins anew. */

static void print_layers(void)
{
    for (int layer = 0; layer < publisher->layer_count; layer++)
        printf(" %u/%d/%d", publisher->layers[layer]->ssrc, publisher->layers[layer]->layer,
               publisher->flow.flowing[layer]);
}

static void renewed(struct publisher_listener *listener, struct track *old, struct track *fresh,
                    double now)
{
    printf("renewed %td %u %u %.17g", listener - listeners, old->ssrc, fresh->ssrc, now);
    print_layers();
    printf("\n");
    publisher_remove_listener(publisher, listener);
    publisher_add_listener(publisher, listener);
    unsigned place = kept_tracks++ % KEPT;
    track_release(old_tracks[place]);
    old_tracks[place] = track_hold(old);
}

static void layers_changed(struct publisher_listener *listener, double now)
{
    printf("aim %td %.17g", listener - listeners, now);
    print_layers();
    printf("\n");
}

/* What a publisher negotiated. */

static void read_publishing(void)
{
    publishing = memory_new(sizeof *publishing);
    publishing->holders = 1;
    publishing->transport_cc = (int)integer();
    publishing->rid = (int)integer();
    publishing->repaired_rid = (int)integer();
    publishing->dependency_descriptor = (int)integer();
    publishing->capture_time = (int)integer();
}

static void read_track(void)
{
    struct incoming *incoming = &publishing->tracks[publishing->count++];
    incoming->is_video = integer();
    incoming->nack = integer();
    incoming->pli = integer();
    incoming->clock_rate = (unsigned)integer();
    memset(incoming->repairs, -1, sizeof incoming->repairs);
    memset(incoming->red, -1, sizeof incoming->red);
    for (const char *rid; (rid = word_or_end()) != NULL;)
        snprintf(incoming->rids[incoming->layers++], RID_SIZE, "%s", rid);
}

static void read_type(void)
{
    struct incoming *incoming = &publishing->tracks[publishing->count - 1];
    const char *what = word();
    long long payload_type = integer(), value = integer();
    if (*what == 'c')
        incoming->codecs[payload_type] = (codec_id)value;
    else if (*what == 'r')
        incoming->repairs[payload_type] = (int8_t)value;
    else
        incoming->red[payload_type] = (int8_t)value;
}

static void start(void)
{
    publisher = publisher_new(publishing, (uint32_t)integer(), 7);
    for (int at = 0; at < LISTENERS; at++) {
        listeners[at] = (struct publisher_listener){renewed, layers_changed};
        publisher_add_listener(publisher, &listeners[at]);
    }
}

/* Calls. */

static void take(void)
{
    double now = real(), arrival = real();
    const char *hex = word();
    size_t size = strlen(hex) / 2;
    /* On the heap and of its size, so that nothing is read behind it unseen. */
    uint8_t *data = memory_checked(malloc(size));
    read_bytes(hex, data, size);
    struct rtp_packet received;
    struct taken taken;
    if (!rtp_split(data, size, &received)) {
        printf("malformed\n");
    } else if (!receiver_take(publisher, &received, now, arrival, &taken)) {
        printf("nothing\n");
    } else {
        struct packet *packet = taken.packet;
        printf("took %u %d %d %u %u %d %d ", taken.track->ssrc, taken.track->layer, taken.began,
               packet->sequence, packet->timestamp, packet->marker, packet->disposable);
        print_bytes(packet->payload, packet->size);
        unsigned place = kept_packets++ % KEPT;
        packet_release(packets[place]);
        packets[place] = packet;
    }
    free(data);
}

static void heard(void)
{
    struct sender_report report = {.ssrc = (uint32_t)integer()};
    report.ntp = strtoull(word(), NULL, 10);
    report.timestamp = (uint32_t)integer();
    feedback_take_report(publisher, &report, real());
}

static void answered(void)
{
    struct reference_reply reply = {.ssrc = (uint32_t)integer()};
    reply.last = (uint32_t)integer();
    reply.delay = (uint32_t)integer();
    feedback_take_reply(publisher, &reply, (uint32_t)integer());
}

static void tell(bool is_feedback)
{
    struct rtcp_buffer out = {0};
    double now = real();
    if (is_feedback) {
        bool report = integer();
        feedback_write(publisher, now, report, strtoull(word(), NULL, 10), &out);
    } else {
        feedback_request(publisher, now, &out);
    }
    print_bytes(out.data, out.size);
}

static void measure(void)
{
    health_meter_measure(publisher, real());
    const struct health *health = &publisher->health;
    printf("health %d %d %d %.17g %.17g %.17g %.17g", (int)codec_family(health->codec),
           health->size.width, health->size.height, health->bitrate_kbps, health->disposable_kbps,
           health->fps, health->loss);
    print_optional(health->rtt_ms >= 0, health->rtt_ms);
    print_optional(health->keyframe_s >= 0, health->keyframe_s);
    print_optional(health->jitter_ms >= 0, health->jitter_ms);
    printf(" %d %d %d", health->keyframes_on_request, health->audio, (int)health->objection);
    printf(" %d %.17g", (int)health->delay_from, health->delay_ms);
    for (int layer = 0; layer < health->layer_count; layer++)
        printf(" %s:%d:%d:%.17g", health->layers[layer].rid, health->layers[layer].size.width,
               health->layers[layer].size.height, health->layers[layer].kbps);
    printf("\n");
}

static void print_ring(struct ring *ring, double now)
{
    uint16_t start = 0;
    uint32_t sum = 0;
    for (int at = 0; at < RING_SIZE; at++) {
        const struct packet *packet = ring->slots[at];
        if (packet != NULL)
            sum += packet->sequence * 7u + packet->timestamp * 3u + packet->size +
                   packet->disposable * packet->sequence;
    }
    bool has_start = ring_group_start(ring, &start);
    printf(" ring %u %u", ring->highest, sum);
    print_optional(ring->newest != NULL, ring->newest != NULL ? ring->newest->sequence : 0);
    print_optional(has_start, start);
    printf(" %.17g %d %d", ring->group_time, ring_starts_in_group(ring, now, false),
           ring_starts_in_group(ring, now, true));
}

static void print_track(struct track *track, double now)
{
    uint32_t aligned = 0;
    printf("track %u %d %d %s. %ld %ld %ld %.17g", track->ssrc, (int)track->codec, track->layer,
           track->rid, track->packets, track->octets, track->frames, track->last_at);
    printf(" %d %d %.17g %.17g %.17g", track->size.width, track->size.height, track->kbps,
           track->loss, track_jitter_ms(track));
    printf(" %d %d %d %d %d", publisher_has_layer(publisher, track), track->wrapped, track->overrun,
           track->wanted, track_unanswered(track, now));
    print_optional(track->has_repair, track->repair_s);
    print_optional(track->has_keyframe, track->keyframe_at);
    print_optional(track->has_held, track->has_held ? track->held_sequence : 0);
    print_optional(track->has_held, track->has_held ? track->held_timestamp : 0);
    printf(" %u", track_timestamp_at(track, now));
    bool is_aligned = track_timestamp_of(track, publisher->tracks[0], &aligned);
    print_optional(is_aligned, aligned);
    for (int at = 0; at < track->missing_count; at++)
        printf(" %u:%d:%.17g:%.17g", track->missing[at].sequence, track->missing[at].tries,
               track->missing[at].due, track->missing[at].asked);
    if (track->ring != NULL)
        print_ring(track->ring, now);
    printf("\n");
}

static void state(void)
{
    double now = real();
    printf("publisher %.17g %d %d", publisher_last_at(publisher), publisher_wanted(publisher),
           publisher_answers_requests(publisher));
    print_optional(publisher->round_trip_s >= 0, publisher->round_trip_s);
    printf(" %d %d", publisher->health.size.width, publisher->health.size.height);
    print_layers();
    printf("\n");
    for (int at = 0; at < publisher->track_count; at++)
        print_track(publisher->tracks[at], now);
}

static void want(void)
{
    long long layer = integer();
    publisher_want_keyframe(publisher, layer < 0 ? NULL : publisher->layers[layer]);
}

static void stop(void)
{
    publisher_free(publisher);
    for (int at = 0; at < KEPT; at++) {
        packet_release(packets[at]);
        track_release(old_tracks[at]);
    }
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        const char *call = first_word(line);
        if (strcmp(call, "publishing") == 0)
            read_publishing();
        else if (strcmp(call, "track") == 0)
            read_track();
        else if (strcmp(call, "type") == 0)
            read_type();
        else if (strcmp(call, "start") == 0)
            start();
        else if (strcmp(call, "take") == 0)
            take();
        else if (strcmp(call, "heard") == 0)
            heard();
        else if (strcmp(call, "answered") == 0)
            answered();
        else if (strcmp(call, "want") == 0)
            want();
        else if (strcmp(call, "request") == 0)
            tell(false);
        else if (strcmp(call, "feedback") == 0)
            tell(true);
        else if (strcmp(call, "look") == 0)
            printf("look %d\n", publisher_look(publisher, real()));
        else if (strcmp(call, "measure") == 0)
            measure();
        else if (strcmp(call, "state") == 0)
            state();
        else
            abort();
    }
    free(line);
    stop();
    return 0;
}
