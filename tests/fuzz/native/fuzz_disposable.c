/* Packets of one stream and their dependency descriptors: what they say of their frames, and that
 * whole frames are marked by it. The input has both, a packet after another. */
#include "base/memory.h"
#include "harness.h"
#include "ingest/disposable_frames.h"

enum { PACKETS = 24, DESCRIPTOR_ID = 5 };

/* What a packet says is the same when it is asked again, and nothing beyond it is read. */
static void read(codec_id codec, struct input input)
{
    struct references references;
    references_init(&references, codec);
    while (input.size > 0) {
        size_t size = take(&input, 1) % 48, described = take(&input, 1) % 40;
        size = size < input.size ? size : input.size;
        uint8_t *payload = malloc(size), *descriptor = malloc(described);
        CHECK((payload != NULL || size == 0) && (descriptor != NULL || described == 0));
        if (size > 0)
            memcpy(payload, input.data, size);
        input.data += size;
        input.size -= size;
        for (size_t at = 0; at < described; at++)
            descriptor[at] = (uint8_t)take(&input, 1);
        enum frame_use use =
            references_read(&references, payload, size, described ? descriptor : NULL, described);
        CHECK(use == USE_NEEDED || use == USE_DISPOSABLE || use == USE_UNSAID);
        CHECK(use != USE_UNSAID || references_is_unsaid(&references, payload, size));
        CHECK(references.pictures >= 0 && references.pictures <= PICTURES_MOST);
        CHECK(references.templates >= 0 && references.templates <= TEMPLATES_MOST);
        CHECK(references.targets >= 0 && references.targets <= 32);
        free(payload);
        free(descriptor);
    }
}

/* No packet is marked whose predecessor belongs to the same frame and is not. */
static void mark(codec_id codec, struct input input)
{
    struct ring *ring = memory_new(sizeof *ring);
    struct disposable_frames frames;
    ring_init(ring);
    disposable_frames_init(&frames, codec);
    long octets = 0;
    for (int number = 0; number < PACKETS && input.size > 0; number++) {
        uint8_t how = (uint8_t)take(&input, 1), data[64];
        size_t size = how % sizeof data;
        for (size_t at = 0; at < size; at++)
            data[at] = (uint8_t)take(&input, 1);
        /* One-byte elements: the descriptor, and zeros behind it. */
        uint8_t extension[20] = {DESCRIPTOR_ID << 4 | 15};
        for (size_t at = 1; at < 17; at++)
            extension[at] = (uint8_t)take(&input, how & 0x40 ? 1 : 0);
        struct rtp_packet received = {.payload = data, .size = size, .profile = 0xBEDE};
        received.extension = how & 0x40 ? extension : NULL;
        received.extension_size = how & 0x40 ? sizeof extension : 0;
        /* Frames of three packets, some of which come late or not at all. */
        uint16_t sequence = (uint16_t)(how & 0x80 ? PACKETS + number : number);
        struct packet *packet = packet_new(sequence, sequence / 3u, false, data, size);
        disposable_frames_mark(&frames, ring, packet, &received, how & 0x20 ? DESCRIPTOR_ID : -1);
        const struct packet *before = ring_get(ring, (uint16_t)(sequence - 1));
        CHECK(!packet->disposable || before == NULL || before->timestamp != packet->timestamp ||
              before->disposable);
        CHECK(frames.octets >= octets && frames.octets <= octets + 9 * 64);
        octets = frames.octets;
        ring_put(ring, packet);
        packet_release(packet);
    }
    ring_clear(ring);
    free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int family = CODEC_NONE; family <= CODEC_OPUS; family++) {
        read((codec_id)(0x100 | family), (struct input){data, size});
        mark((codec_id)(0x100 | family), (struct input){data, size});
    }
    return 0;
}
