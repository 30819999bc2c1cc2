/* Follows the numbers of one stretch of a viewer's video.
 *
 * Always holds: `left_out` is in the order of the source's numbers, and the offsets of each number
 * are those of the newest entry that begins before it. `catch_up` decides what to send. */
#include "output/epoch.h"

#include "base/memory.h"
#include "ingest/rtp_rewrite.h"

/* The most packets missing within a frame whose numbers close up with it. */
enum { HOLE_MOST = 32 };

void epoch_release(struct epoch *epoch)
{
    track_release(epoch->track);
    free(epoch->left_out);
    epoch->left_out = NULL;
    epoch->left_out_count = 0;
    epoch_forget_squeezed(epoch);
}

uint32_t epoch_timestamp(const struct epoch *epoch, uint32_t timestamp)
{
    uint32_t live;
    return epoch_live_of(epoch, timestamp, &live) ? rtp_rewrite_compress(timestamp, live)
                                                  : timestamp;
}

bool epoch_live_of(const struct epoch *epoch, uint32_t timestamp, uint32_t *live)
{
    *live = epoch->has_squeezed ? epoch->squeezed : 0;
    for (int at = epoch->left_count - 1; at >= 0; at--) {
        if (ahead32(timestamp, epoch->left[at].timestamp) >= 0) {
            *live = epoch->left[at].live;
            return true;
        }
    }
    return epoch->has_squeezed;
}

void epoch_forget_squeezed(struct epoch *epoch)
{
    epoch->has_squeezed = false;
    free(epoch->left);
    epoch->left = NULL;
    epoch->left_count = 0;
}

static bool has_left(const struct epoch *epoch, uint32_t timestamp)
{
    return epoch->left_count > 0 && epoch->left[epoch->left_count - 1].timestamp == timestamp;
}

bool epoch_begins_anew(const struct epoch *epoch, const struct packet *last,
                       const struct packet *packet)
{
    return last->timestamp != packet->timestamp && has_left(epoch, last->timestamp);
}

void epoch_leave(struct epoch *epoch, uint32_t timestamp)
{
    const struct packet *newest = epoch->track->ring->newest;
    if (!epoch->moves || newest == NULL || has_left(epoch, timestamp))
        return;
    if (epoch->left == NULL)
        epoch->left = memory_new(LIVE_MOST * sizeof *epoch->left);
    if (epoch->left_count == LIVE_MOST)
        memmove(epoch->left, epoch->left + 1, (size_t)--epoch->left_count * sizeof *epoch->left);
    epoch->left[epoch->left_count++] = (struct left_frame){timestamp, newest->timestamp};
    epoch->moves = timestamp != newest->timestamp;
}

bool epoch_is_before_group(const struct epoch *epoch, const struct packet *packet,
                           const uint16_t *cursor)
{
    uint16_t start;
    if (epoch->has_ended || !ring_group_start(epoch->track->ring, &start) ||
        (cursor != NULL && ahead16(*cursor, start) <= 0))
        return false;
    return ahead16(packet->sequence, start) < 0;
}

/* Forget the oldest frame that was left out. */
static void forget_oldest(struct epoch *epoch)
{
    epoch->left_out_count--;
    memmove(epoch->left_out, epoch->left_out + 1,
            (size_t)epoch->left_out_count * sizeof *epoch->left_out);
}

void epoch_forget_first(struct epoch *epoch)
{
    uint16_t oldest = (uint16_t)(epoch->track->ring->highest - (RING_SIZE - 1));
    while (epoch->left_out_count > 0) {
        struct left_out_frame *before = epoch->left_out;
        uint16_t after = epoch->left_out_count > 1 ? before[1].since : epoch->since;
        if (ahead16(oldest, after) < 0) {
            if (ahead16(oldest, before->since) > 0)
                before->since = oldest;
            break;
        }
        forget_oldest(epoch);
    }
    if (ahead16(oldest, epoch->since) > 0)
        epoch->since = oldest;
    bool has_before = epoch->left_out_count > 0;
    uint16_t since = has_before ? epoch->left_out[0].since : epoch->since;
    uint16_t by = has_before ? epoch->left_out[0].offset.sequence : epoch->offset.sequence;
    uint16_t number = (uint16_t)(since + by);
    if (ahead16(number, epoch->first) > 0)
        epoch->first = number;
}

bool epoch_leaves_out(struct epoch *epoch, const struct packet *packet, bool fewer)
{
    if (!epoch->has_decided || epoch->decided != packet->timestamp) {
        const struct packet *before =
            ring_get(epoch->track->ring, (uint16_t)(packet->sequence - 1));
        /* The viewer had the beginning of the frame while it was live. */
        bool has_begun = before != NULL && before->timestamp == packet->timestamp;
        epoch->leaves_out = fewer && packet->disposable && !has_begun;
        epoch->has_decided = true;
        epoch->decided = packet->timestamp;
    }
    return epoch->leaves_out;
}

bool epoch_is_leaving_out(const struct epoch *epoch)
{
    const struct packet *newest = epoch->track->ring->newest;
    return newest != NULL && epoch->has_decided && epoch->leaves_out &&
           epoch->decided == newest->timestamp;
}

/* Get how many packets are missing since the offsets changed; false if one of them came. What came
 * may have been sent: its number is not used again, whatever timestamps say. */
static bool hole_before(const struct epoch *epoch, const struct packet *packet, int *hole)
{
    *hole = ahead16(packet->sequence, epoch->since);
    if (*hole < 0 || *hole > HOLE_MOST)
        return false;
    for (int at = 0; at < *hole; at++)
        if (ring_get(epoch->track->ring, (uint16_t)(epoch->since + at)) != NULL)
            return false;
    return true;
}

void epoch_leave_out(struct epoch *epoch, const struct packet *packet)
{
    int count = epoch->left_out_count, hole, removed = 1;
    bool goes_on = count > 0 && epoch->left_out[count - 1].timestamp == packet->timestamp;
    if (goes_on && hole_before(epoch, packet, &hole)) {
        removed += hole;
    } else {
        if (epoch->left_out == NULL)
            epoch->left_out = memory_new(LEFT_OUT_MOST * sizeof *epoch->left_out);
        if (count == LEFT_OUT_MOST)
            forget_oldest(epoch);
        epoch->left_out[epoch->left_out_count++] =
            (struct left_out_frame){packet->timestamp, epoch->since, epoch->offset};
        if (!goes_on)
            epoch->offset.pictures = picture_id_close(epoch->track->codec, packet->payload,
                                                      packet->size, epoch->offset.pictures);
    }
    epoch->since = (uint16_t)(packet->sequence + 1);
    epoch->offset.sequence = (uint16_t)(epoch->offset.sequence - removed);
}

static bool holds_for(uint16_t since, const struct rewrite_offset *offset, uint16_t number)
{
    return ahead16(number, (uint16_t)(since + offset->sequence)) >= 0;
}

const struct rewrite_offset *epoch_offset_of(const struct epoch *epoch, uint16_t number)
{
    if (holds_for(epoch->since, &epoch->offset, number))
        return &epoch->offset;
    for (int at = epoch->left_out_count - 1; at >= 0; at--)
        if (holds_for(epoch->left_out[at].since, &epoch->left_out[at].offset, number))
            return &epoch->left_out[at].offset;
    return NULL;
}

bool epoch_is_left_out(const struct epoch *epoch, const struct packet *packet)
{
    for (int at = 0; at < epoch->left_out_count; at++)
        if (epoch->left_out[at].timestamp == packet->timestamp)
            return true;
    return false;
}
