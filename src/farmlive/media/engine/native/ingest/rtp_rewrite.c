/* Rewrites sequence numbers and timestamps, and maps a source's audio and video to one clock.
 *
 * Always holds: numbers wrap at 2^16 and 2^32; a rewriter's numbers never go back when a new source
 * begins. */
#include "ingest/rtp_rewrite.h"

#include <math.h>

/* Reports that place two layers further apart than this are ignored. */
enum { APART_MOST = 5 * VIDEO_CLOCK_RATE };

/* Timestamps of past frames in a batch are compressed to a twentieth, so that a player does not
 * keep the age of the group as delay. */
enum { SQUEEZE = 20 };

void rewriter_init(struct rewriter *rewriter, int clock_rate, uint16_t sequence, uint32_t timestamp)
{
    *rewriter =
        (struct rewriter){.clock_rate = clock_rate, .sequence = sequence, .timestamp = timestamp};
}

void rewriter_begin(struct rewriter *rewriter, uint16_t sequence, uint32_t timestamp, double now)
{
    int64_t elapsed = 0;
    if (rewriter->started) {
        elapsed = (int64_t)nearbyint((now - rewriter->time) * rewriter->clock_rate);
        if (elapsed < 1)
            elapsed = 1;
    }
    rewriter->first = (uint16_t)(rewriter->sequence + 1);
    rewriter->sequence_delta = (uint16_t)(rewriter->first - sequence);
    rewriter->sequence = rewriter->first;
    rewriter->timestamp += (uint32_t)elapsed;
    rewriter->timestamp_delta = rewriter->timestamp - timestamp;
    rewriter->time = now;
    rewriter->started = rewriter->young = true;
}

uint16_t rewriter_next_sequence(const struct rewriter *rewriter)
{
    return (uint16_t)(rewriter->sequence + 1);
}

bool rewriter_map(struct rewriter *rewriter, uint16_t *sequence, uint32_t *timestamp, double now)
{
    uint16_t number = (uint16_t)(*sequence + rewriter->sequence_delta);
    uint32_t stamp = *timestamp + rewriter->timestamp_delta;
    /* During half a cycle after the start, an earlier number belongs before the splice. */
    if (rewriter->young) {
        int since = ahead16(number, rewriter->first);
        if (since < 0)
            return false;
        if (since > 0x4000)
            rewriter->young = false;
    }
    if (ahead16(number, rewriter->sequence) > 0) {
        rewriter->sequence = number;
        if (ahead32(stamp, rewriter->timestamp) > 0) {
            rewriter->timestamp = stamp;
            rewriter->time = now;
        }
    }
    *sequence = number;
    *timestamp = stamp;
    return true;
}

void source_clock_init(struct source_clock *clock)
{
    *clock = (struct source_clock){.reported = false};
}

double source_clock_report(struct source_clock *clock, double source_s, double now_s)
{
    double offset = now_s - source_s;
    /* The smallest delay seen is the most accurate; it may grow again only slowly, to follow clocks
     * of different speed. */
    if (!clock->reported || offset < clock->offset || offset > clock->offset + 5)
        clock->offset = offset;
    else
        clock->offset += (offset - clock->offset) * 0.01;
    clock->reported = true;
    return source_s + clock->offset;
}

uint32_t rtp_rewrite_splice(uint32_t last, int64_t elapsed, uint32_t first, uint32_t live,
                            bool has_aligned, uint32_t aligned, uint32_t latest, uint32_t lead,
                            uint32_t *nudge)
{
    uint32_t added = last + (uint32_t)(elapsed > 1 ? elapsed : 1) - live;
    if (has_aligned) {
        int64_t apart = ahead32(aligned, added);
        if (-APART_MOST < apart && apart < APART_MOST)
            added = aligned;
    }
    int64_t least = 1 - (int64_t)ahead32(first + added, latest);
    *nudge = least > (int64_t)lead ? (uint32_t)least : lead;
    return added + *nudge;
}

uint32_t rtp_rewrite_compress(uint32_t timestamp, uint32_t live)
{
    int32_t behind = ahead32(live, timestamp);
    if (behind <= 0)
        return timestamp;
    uint32_t squeezed = (uint32_t)behind / SQUEEZE;
    return live - (squeezed > 1 ? squeezed : 1);
}

uint16_t rtp_rewrite_base(uint16_t sequence) { return sequence & 0x8000; }
