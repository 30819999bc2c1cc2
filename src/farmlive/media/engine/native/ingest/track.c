/* Counts a stream's packets, finds its gaps and decides when to request what.
 *
 * Always holds: `missing` has each number once, in the order in which the gaps were found.
 * `track_demux` finds the track of a packet. */
#include "ingest/track.h"

#include <math.h>

#include "base/decimal.h"
#include "base/memory.h"

/* A missing packet is requested again after this time, or after this many round trips, whichever is
 * longer. */
static const double NACK_AGAIN_S = 0.05, NACK_AGAIN_ROUND_TRIPS = 1.25;
/* Minimum interval of keyframe requests, and how soon after one a keyframe counts as its answer. */
static const double KEYFRAME_EVERY_S = 1.0, ANSWER_WITHIN_S = 0.7;
/* The same interval for requests that can wait: on behalf of joins and of narrow links. */
static const double PATIENT_EVERY_S = 2.0;
/* Weight of the last second in a track's loss; the rest is that of the seconds before. */
static const double LOSS_WEIGHT = 0.4;
/* A packet that came this much earlier or later than the one before has another clock. */
static const double CLOCK_JUMP_S = 10.0;

enum {
    NACK_TRIES = 10,
    NACK_MOST = 200,
    /* Older gaps are not requested: the ring would have no room for them. */
    NACK_BACK = 1000,
    /* A packet so far ahead or behind is no gap but a restarted numbering, if a second packet
     * agrees (RFC 3550, appendix A.1). */
    DROPOUT_MOST = 3000,
    DISORDER_MOST = 1000,
};
_Static_assert(2 * NACK_MOST <= TRACK_MISSING_MOST, "all that is missed has its place");

struct track *track_new(struct publishing *publishing, const struct incoming *incoming, int layer)
{
    struct track *track = memory_new(sizeof *track);
    track->holders = 1;
    track->publishing = publishing;
    publishing->holders++;
    track->incoming = incoming;
    track->layer = layer;
    track->rid = incoming->layers > 0 ? incoming->rids[layer] : "";
    if (incoming->is_video) {
        track->ring = memory_new(sizeof *track->ring);
        ring_init(track->ring);
    }
    return track;
}

void track_release(struct track *track)
{
    if (track == NULL || --track->holders > 0)
        return;
    if (track->ring != NULL)
        ring_clear(track->ring);
    free(track->ring);
    publishing_release(track->publishing);
    free(track);
}

void publishing_release(struct publishing *publishing)
{
    if (--publishing->holders == 0)
        free(publishing);
}

void track_begin(struct track *track, uint32_t ssrc, codec_id codec, uint16_t sequence,
                 uint32_t timestamp, double now)
{
    track->ssrc = ssrc;
    track->codec = codec;
    disposable_frames_init(&track->marks, codec);
    track->highest = (uint16_t)(sequence - 1);
    track->base = sequence;
    if (track->highest > sequence)
        track->cycles = -0x10000;
    track->moment_at = now;
    track->moment = timestamp;
}

double track_jitter_ms(const struct track *track)
{
    return track->jitter / track->incoming->clock_rate * 1000;
}

/* Return the index of this number among the missing, or -1. */
static int place(const struct track *track, uint16_t sequence)
{
    for (int at = 0; at < track->missing_count; at++)
        if (track->missing[at].sequence == sequence)
            return at;
    return -1;
}

bool track_misses(const struct track *track, uint16_t sequence)
{
    return place(track, sequence) >= 0;
}

/* Handle a number that came and may be a missing one. */
static void found(struct track *track, uint16_t sequence, double now)
{
    int at = place(track, sequence);
    if (at < 0)
        return;
    struct missing *entry = &track->missing[at];
    if (entry->tries == 1) {
        double took = now - entry->asked;
        track->repair_s = track->has_repair ? (track->repair_s + took) / 2 : took;
        track->has_repair = true;
    }
    track->missing_count--;
    memmove(entry, entry + 1, (size_t)(track->missing_count - at) * sizeof *entry);
}

/* Record the gap before a packet that is this far ahead of the highest. */
static void gap(struct track *track, int distance, double now)
{
    if (distance > NACK_MOST || track->missing_count + distance > 2 * NACK_MOST) {
        /* Too much to request again: only a new keyframe helps. */
        track->missing_count = 0;
        track->overrun = true;
        return;
    }
    for (int step = 1; step < distance; step++) {
        uint16_t sequence = (uint16_t)(track->highest + step);
        int at = place(track, sequence);
        if (at < 0)
            at = track->missing_count++;
        track->missing[at] = (struct missing){.sequence = sequence, .due = now, .asked = now};
    }
}

static void out_of_line(struct track *track, uint16_t sequence)
{
    track->ended = track->has_unlike && sequence == track->unlike;
    track->unlike = (uint16_t)(sequence + 1);
    track->has_unlike = true;
}

/* Return whether the packet fits the stream's numbering and is the first with its number. */
static bool fits(struct track *track, uint16_t sequence, double now)
{
    int distance = ahead16(sequence, track->highest);
    if (distance > 0) {
        if (distance > DROPOUT_MOST) {
            out_of_line(track, sequence);
            return false;
        }
        if (distance > 1 && track->incoming->nack)
            gap(track, distance, now);
        if (sequence < track->highest)
            track->cycles += 0x10000;
        track->highest = sequence;
    } else if (distance < -DISORDER_MOST) {
        out_of_line(track, sequence);
        return false;
    } else if (track->ring != NULL && ring_get(track->ring, sequence) != NULL) {
        /* Its RTX came first. Sending it again with other bytes would reuse the nonce. */
        return false;
    } else {
        found(track, sequence, now);
    }
    return true;
}

static void keep(struct track *track, struct packet *packet, const struct rtp_packet *received)
{
    disposable_frames_mark(&track->marks, track->ring, packet, received,
                           track->publishing->dependency_descriptor);
    ring_put(track->ring, packet);
    if (ahead16(track->ring->highest, track->held_sequence) >= RING_SIZE)
        track->has_held = false;
}

struct packet *track_add(struct track *track, const struct rtp_packet *received, double now,
                         double arrival)
{
    if (!fits(track, received->sequence, now))
        return NULL;
    track->packets++;
    track->octets += (long)received->size;
    track->last_at = now;
    struct packet *packet = packet_new(received->sequence, received->timestamp, received->marker,
                                       received->payload, received->size);
    if (track->ring != NULL) {
        keep(track, packet, received);
        if (!received->marker)
            return packet;
        track->frames++;
    }
    double rate = track->incoming->clock_rate;
    double transit = arrival * rate - received->timestamp;
    double change = fabs(transit - track->transit);
    track->transit = transit;
    if (change < rate * CLOCK_JUMP_S)
        track->jitter += (change - track->jitter) / 16; /* RFC 3550, section 6.4.1 */
    return packet;
}

struct packet *track_add_repaired(struct track *track, const struct rtp_packet *received,
                                  double now)
{
    uint16_t sequence = get16(received->payload);
    if (!track_misses(track, sequence))
        return NULL;
    found(track, sequence, now);
    struct packet *packet = packet_new(sequence, received->timestamp, received->marker,
                                       received->payload + 2, received->size - 2);
    track->repaired++;
    track->packets++;
    track->octets += packet->size;
    track->last_at = now;
    if (received->marker)
        track->frames++;
    if (track->ring != NULL)
        keep(track, packet, received);
    return packet;
}

int track_take_due_nacks(struct track *track, double now, double round_trip_s,
                         uint16_t out[TRACK_MISSING_MOST])
{
    double known = round_trip_s;
    if (round_trip_s < 0)
        known = track->has_repair ? track->repair_s : 0;
    double wait = fmax(NACK_AGAIN_S, NACK_AGAIN_ROUND_TRIPS * known);
    int kept = 0, count = 0;
    for (int at = 0; at < track->missing_count; at++) {
        struct missing entry = track->missing[at];
        if (entry.tries >= NACK_TRIES || ahead16(track->highest, entry.sequence) > NACK_BACK)
            continue;
        if (entry.due <= now) {
            if (entry.tries == 0)
                entry.asked = now;
            entry.tries++;
            entry.due = now + wait;
            out[count++] = entry.sequence;
        }
        track->missing[kept++] = entry;
    }
    track->missing_count = kept;
    return count;
}

/* Keyframes. */

int track_record_keyframe(struct track *track, double now)
{
    track->has_keyframe = true;
    track->keyframe_at = now;
    track->wanted = track->wanted_patiently = false;
    if (!track->has_asked)
        return -1;
    track->has_asked = false;
    return now - track->asked_at <= ANSWER_WITHIN_S;
}

void track_forget_request(struct track *track) { track->has_asked = false; }

bool track_unanswered(const struct track *track, double now)
{
    return track->has_asked && now - track->asked_at > ANSWER_WITHIN_S;
}

double track_patience_s(const struct track *track, double now)
{
    if (!track->has_requested && !track->has_keyframe)
        return 0;
    double last = track->has_requested ? track->requested_at : track->keyframe_at;
    return fmax(0.0, PATIENT_EVERY_S - (now - last));
}

double track_keyframe_within_s(const struct track *track, double now)
{
    if (track->has_asked && now - track->asked_at <= ANSWER_WITHIN_S)
        return 0;
    return track_patience_s(track, now);
}

bool track_request_due(struct track *track, double now)
{
    if (track->wanted_patiently && track_patience_s(track, now) <= 0)
        track->wanted = true;
    if (track->overrun) {
        track->overrun = false;
        track->wanted = true;
    }
    if (!track->wanted || (track->has_requested && now - track->requested_at < KEYFRAME_EVERY_S))
        return false;
    track->has_requested = true;
    track->requested_at = now;
    track->wanted_patiently = false;
    if (!track->has_asked) {
        track->has_asked = true;
        track->asked_at = now;
    }
    return true;
}

bool track_begins_group(struct track *track, uint16_t sequence, uint32_t timestamp, double now)
{
    track->has_held = false;
    if (ring_has_begun(track->ring, sequence, timestamp))
        return false;
    /* H264 has its parameter sets in packets of their own: a keyframe that may lack an earlier
     * packet waits for it, since viewers can't start without them. */
    uint16_t start = ring_frame_start(track->ring, sequence, timestamp);
    track->has_held =
        codec_family(track->codec) == CODEC_H264 && track_misses(track, (uint16_t)(start - 1));
    if (track->has_held) {
        track->held_sequence = sequence;
        track->held_timestamp = timestamp;
        return false;
    }
    return ring_begin_group(track->ring, sequence, timestamp, now);
}

/* Sender and receiver reports. */

void track_record_sender_report(struct track *track, const struct sender_report *report,
                                double ours, double now)
{
    track->has_report = true;
    track->report = *report;
    track->report_at = now;
    track->moment_at = ours;
    track->moment = report->timestamp;
}

/* Return a time in ticks of the stream's clock, rounded. */
static uint32_t ticks(const struct track *track, double seconds)
{
    return (uint32_t)llrint(seconds * track->incoming->clock_rate);
}

uint32_t track_timestamp_at(const struct track *track, double when)
{
    return track->moment + ticks(track, when - track->moment_at);
}

bool track_timestamp_of(const struct track *track, const struct track *other, uint32_t *timestamp)
{
    if (!track->has_report || !other->has_report)
        return false;
    /* RFC 3550, section 6.4.1. */
    double apart = ntp_seconds(other->report.ntp) - ntp_seconds(track->report.ntp);
    *timestamp = track->report.timestamp + ticks(track, apart);
    return true;
}

/* Return how many packets should have come. */
static int64_t expected_of(const struct track *track)
{
    return track->cycles + track->highest - track->base + 1;
}

void track_measure(struct track *track, double span_s)
{
    if (span_s > 0) {
        double bits = (double)((track->octets - track->octets_measured) * 8);
        track->kbps = decimal_round(bits / span_s / 1000, 1);
        bits = (double)(track->marks.octets * 8);
        track->disposable_kbps = decimal_round(bits / span_s / 1000, 1);
    }
    track->octets_measured = track->octets;
    track->marks.octets = 0;
    if (track->ssrc == 0)
        return;
    long expected = (long)expected_of(track);
    long lost = expected - track->packets + track->repaired;
    if (expected > track->expected_measured) {
        double share =
            (double)(lost - track->lost_measured) / (double)(expected - track->expected_measured);
        track->loss += (fmin(1.0, fmax(0.0, share)) - track->loss) * LOSS_WEIGHT;
    }
    track->expected_measured = expected;
    track->lost_measured = lost;
}

bool track_receiver_report(struct track *track, double now, struct receiver_report *report)
{
    if (track->ssrc == 0)
        return false;
    int64_t expected = expected_of(track), lost = expected - track->packets;
    int64_t since_expected = expected - track->expected_prior;
    int64_t since_lost = since_expected - (track->packets - track->received_prior);
    track->expected_prior = expected;
    track->received_prior = track->packets;
    int64_t fraction = 0;
    if (since_expected > 0 && since_lost > 0)
        fraction = (since_lost << 8) / since_expected;
    *report = (struct receiver_report){
        .ssrc = track->ssrc,
        .lost = (uint8_t)(fraction < 255 ? fraction : 255),
        .total_lost = (int32_t)fmin(INT32_MAX, fmax(INT32_MIN, (double)lost)),
        .highest = (uint32_t)(track->cycles + track->highest),
        .jitter = (uint32_t)(int64_t)track->jitter,
    };
    if (track->has_report) {
        report->last_report = (uint32_t)(track->report.ntp >> 16);
        report->delay = (uint32_t)(int64_t)((now - track->report_at) * NTP_SHORT_SECOND);
    }
    return true;
}
