/* The audio packets of the source on air, with the numbers of one continuous stream.
 *
 * Always holds: queued blocks are in the payloads of their packets, which are held. Blocks of other
 * codecs than the source's are left out. `sending` decides when they are sent. */
#include "output/sound.h"

#include "base/memory.h"

void sound_init(struct sound *sound, uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
{
    *sound = (struct sound){.ssrc = ssrc};
    rewriter_init(&sound->rewriter, SOUND_CLOCK_RATE, sequence, timestamp);
}

void sound_clear(struct sound *sound)
{
    sound_drop(sound);
    free(sound->pending);
    if (sound->track != NULL)
        track_release(sound->track);
    sound->pending = NULL;
    sound->pending_room = 0;
    sound->track = NULL;
}

/* Get the blocks of RED in the track's codec; 0 if it can't be parsed, or the primary block has
 * another codec. */
static int sound_read_blocks(const struct track *track, const struct packet *packet,
                             struct red_block blocks[RED_BLOCKS_MOST])
{
    const codec_id *inner = track->incoming->codecs;
    int count = red_parse(packet->payload, packet->size, blocks), kept = 0;
    if (count == 0 || !inner[blocks[count - 1].payload_type])
        return 0;
    for (int at = 0; at < count; at++)
        if (inner[blocks[at].payload_type])
            blocks[kept++] = blocks[at];
    return kept;
}

void sound_add(struct sound *sound, struct track *track, struct packet *packet, double now)
{
    if (sound->track != track || sound->left) {
        sound->left = false;
        track_hold(track);
        if (sound->track != NULL)
            track_release(sound->track);
        sound->track = track;
        sound->codec = track->codec;
        rewriter_begin(&sound->rewriter, packet->sequence, packet->timestamp, now);
    }
    if (sound->pending_count == sound->pending_room) {
        sound->pending_room = sound->pending_room ? 2 * sound->pending_room : 4;
        sound->pending =
            memory_grow(sound->pending, (size_t)sound->pending_room, sizeof *sound->pending);
    }
    struct sounded *sounded = &sound->pending[sound->pending_count];
    sounded->block_count = 0;
    if (track->wrapped) {
        sounded->block_count = sound_read_blocks(track, packet, sounded->blocks);
        if (sounded->block_count == 0)
            return;
    }
    sounded->sequence = packet->sequence;
    sounded->timestamp = packet->timestamp;
    if (!rewriter_map(&sound->rewriter, &sounded->sequence, &sounded->timestamp, now))
        return;
    sounded->packet = packet_hold(packet);
    sound->pending_count++;
}

uint16_t sound_next_sequence(const struct sound *sound)
{
    return sound->pending_count ? sound->pending[0].sequence
                                : rewriter_next_sequence(&sound->rewriter);
}

bool sound_timestamp_at(const struct sound *sound, double when, uint32_t *timestamp)
{
    if (sound->track == NULL)
        return false;
    *timestamp = track_timestamp_at(sound->track, when) + sound->rewriter.timestamp_delta;
    return true;
}

void sound_write(const struct sound *sound, struct packet_batch *batch,
                 const struct hearing *hearing)
{
    for (int at = 0; at < sound->pending_count; at++) {
        const struct sounded *sounded = &sound->pending[at];
        const uint8_t *payload = sounded->packet->payload;
        size_t size = sounded->packet->size;
        uint8_t payload_type = hearing->payload_type;
        uint8_t wrapped[PACKET_MOST];
        if (sounded->block_count && hearing->red >= 0) {
            size = red_write(sounded->blocks, sounded->block_count, payload_type, wrapped,
                             sizeof wrapped);
            if (size == 0)
                continue;
            payload = wrapped;
            payload_type = (uint8_t)hearing->red;
        } else if (sounded->block_count) {
            payload = sounded->blocks[sounded->block_count - 1].data;
            size = sounded->blocks[sounded->block_count - 1].size;
        }
        uint8_t *out = packet_batch_add(batch, RTP_HEADER + size);
        if (out == NULL)
            continue;
        rtp_head(out, false, payload_type, sounded->packet->marker,
                 sounded->sequence ^ hearing->offset, sounded->timestamp, sound->ssrc);
        memcpy(out + RTP_HEADER, payload, size);
    }
}

void sound_drop(struct sound *sound)
{
    for (int at = 0; at < sound->pending_count; at++) {
        sound->packets++;
        sound->octets += sound->pending[at].packet->size;
        packet_release(sound->pending[at].packet);
    }
    sound->pending_count = 0;
}
