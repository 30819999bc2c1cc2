/* Makes of what each packet says of its frame a matter of whole frames.
 *
 * Always holds: a frame that has a packet that is needed, such as a parameter set, is not left half
 * marked by a packet after it. `wire/disposable` reads the packets. */
#include "ingest/disposable_frames.h"

/* How many packets that say nothing may precede a frame's first one that does. */
enum { UNSAID_MOST = 8 };

void disposable_frames_init(struct disposable_frames *frames, codec_id codec)
{
    references_init(&frames->references, codec);
    frames->octets = 0;
}

/* Return the packet that is so far before this one, if it belongs to the same frame. */
static struct packet *before(const struct ring *ring, const struct packet *packet, int back)
{
    struct packet *found = ring_get(ring, (uint16_t)(packet->sequence - back));
    return found != NULL && found->timestamp == packet->timestamp ? found : NULL;
}

static void mark(struct disposable_frames *frames, struct packet *packet)
{
    packet->disposable = true;
    frames->octets += packet->size;
}

/* Mark what precedes a frame's first packet that says that it is disposable; false if the frame is
 * needed: it has parameter sets, for example. */
static bool mark_before(struct disposable_frames *frames, const struct ring *ring,
                        const struct packet *packet)
{
    struct packet *unsaid[UNSAID_MOST], *found;
    int count = 0;
    while ((found = before(ring, packet, count + 1)) != NULL) {
        if (count == UNSAID_MOST ||
            !references_is_unsaid(&frames->references, found->payload, found->size))
            return false;
        unsaid[count++] = found;
    }
    while (count > 0)
        mark(frames, unsaid[--count]);
    return true;
}

void disposable_frames_mark(struct disposable_frames *frames, const struct ring *ring,
                            struct packet *packet, const struct rtp_packet *received,
                            int descriptor_id)
{
    size_t size = 0;
    const uint8_t *descriptor =
        descriptor_id > 0 ? rtp_extension(received, descriptor_id, &size) : NULL;
    enum frame_use use =
        references_read(&frames->references, packet->payload, packet->size, descriptor, size);
    if (use == USE_NEEDED)
        return;
    const struct packet *last = before(ring, packet, 1);
    bool is_disposable = last == NULL ? use == USE_DISPOSABLE
                                      : last->disposable || (use == USE_DISPOSABLE &&
                                                             mark_before(frames, ring, packet));
    if (is_disposable)
        mark(frames, packet);
}
