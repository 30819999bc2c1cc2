/* Drives one epoch of the native engine by a script from standard input, one call a line, and
 * prints what each call returns, for `test_epoch` to compare with Python's. */
#include "base/memory.h"
#include "driver.h"
#include "output/epoch.h"

static struct publishing *publishing;
static struct track *track;
static struct epoch epoch;

static struct packet *packet_of(void)
{
    uint16_t sequence = (uint16_t)integer();
    uint32_t timestamp = (uint32_t)integer();
    bool disposable = integer();
    uint8_t payload[64];
    size_t size = read_bytes(word(), payload, sizeof payload);
    struct packet *packet = packet_new(sequence, timestamp, false, payload, size);
    packet->disposable = disposable;
    return packet;
}

static void begin(void)
{
    publishing = memory_new(sizeof *publishing);
    publishing->holders = 1;
    publishing->tracks[0].is_video = true;
    publishing->tracks[0].clock_rate = VIDEO_CLOCK_RATE;
    track = track_new(publishing, &publishing->tracks[0], 0);
    track_begin(track, 1, (codec_id)integer(), 0, 0, 0);
    uint16_t start = (uint16_t)integer();
    epoch = (struct epoch){.track = track, .since = start};
    epoch.offset.payload_type = 96;
    epoch.offset.sequence = (uint16_t)integer();
    epoch.first = (uint16_t)(start + epoch.offset.sequence);
}

static void print_state(void)
{
    const struct picture_id_offset *pictures = &epoch.offset.pictures;
    printf("%u %u %u %d:%u:%u %d", epoch.first, epoch.since, epoch.offset.sequence, pictures->codec,
           pictures->picture, pictures->base, epoch.left_out_count);
    for (int at = 0; at < epoch.left_out_count; at++)
        printf(" %u:%u:%u", epoch.left_out[at].timestamp, epoch.left_out[at].since,
               epoch.left_out[at].offset.sequence);
    printf("\n");
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        const char *call = first_word(line);
        if (strcmp(call, "begin") == 0) {
            begin();
        } else if (strcmp(call, "put") == 0) {
            struct packet *packet = packet_of();
            ring_put(track->ring, packet);
            packet_release(packet);
        } else if (strcmp(call, "next") == 0) {
            bool fewer = integer();
            struct packet *packet = packet_of();
            bool leaves_out = epoch_leaves_out(&epoch, packet, fewer);
            if (leaves_out)
                epoch_leave_out(&epoch, packet);
            packet_release(packet);
            printf("%d ", leaves_out);
            print_state();
        } else if (strcmp(call, "number") == 0) {
            const struct rewrite_offset *offset = epoch_offset_of(&epoch, (uint16_t)integer());
            printf("%d\n", offset != NULL ? offset->sequence : -1);
        } else if (strcmp(call, "late") == 0) {
            struct packet *packet = packet_of();
            printf("%d\n", epoch_is_left_out(&epoch, packet));
            packet_release(packet);
        } else if (strcmp(call, "forget") == 0) {
            epoch_forget_first(&epoch);
            print_state();
        } else {
            abort();
        }
    }
    free(line);
    epoch_release(&epoch);
    publishing_release(publishing);
    return 0;
}
