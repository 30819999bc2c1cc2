/* Rewrites sequence numbers, timestamps and sender report times so that a viewer's stream continues
 * while sources change. Pure arithmetic, as `farmlive.media.engine.python.ingest.rtp_rewrite`. */
#ifndef FARMLIVE_RTP_REWRITE_H
#define FARMLIVE_RTP_REWRITE_H

#include "wire/rtp.h"

/* Maps one source's packets onto the numbers of the stream that viewers get. Within a source
 * differences stay as they are, so that a gap stays a gap. Other modules read only
 * `timestamp_delta`. */
struct rewriter {
    uint32_t timestamp_delta;
    uint32_t timestamp;
    uint16_t sequence, sequence_delta, first;
    bool young, started;
    int clock_rate;
    double time; /* of the last timestamp, once started */
};

/* Continue after an imaginary last packet with this `sequence` and `timestamp`. */
void rewriter_init(struct rewriter *rewriter, int clock_rate, uint16_t sequence,
                   uint32_t timestamp);

/* Start a source at the packet with these numbers of its own: it comes right after the last one
 * sent, later by the time that has passed. */
void rewriter_begin(struct rewriter *rewriter, uint16_t sequence, uint32_t timestamp, double now);

/* Return the sequence number after the last one sent. */
uint16_t rewriter_next_sequence(const struct rewriter *rewriter);

/* Change a packet's numbers into the stream's; false, and unchanged, for a packet before the
 * source's first one. */
bool rewriter_map(struct rewriter *rewriter, uint16_t *sequence, uint32_t *timestamp, double now);

/* One mapping from a source's NTP clock to ours, for both its audio and its video: two would let
 * them drift apart. */
struct source_clock {
    bool reported;
    double offset;
};

void source_clock_init(struct source_clock *clock);

/* Return our time of the source's moment `source_s`, whose report came at `now_s`. */
double source_clock_report(struct source_clock *clock, double source_s, double now_s);

/* Return the timestamp offset for a viewer that switches to a track; `nudge` gets its excess.
 *
 * `last` is the viewer's last timestamp without its lead, `elapsed` the time since then, `latest`
 * the last timestamp that it was sent. `first` is its first timestamp of the new track, `live` that
 * of this moment, both in the track's own time. `aligned` is the offset by the sender reports. The
 * excess is by how much the offset is larger than that: `lead`, or more, since timestamps always
 * increase. */
uint32_t rtp_rewrite_splice(uint32_t last, int64_t elapsed, uint32_t first, uint32_t live,
                            bool has_aligned, uint32_t aligned, uint32_t latest, uint32_t lead,
                            uint32_t *nudge);

/* Return the timestamp of a past frame in a late joiner's batch; `live` is where live begins. Order
 * and difference of frames stay; the frame at `live` and later ones keep their own. */
uint32_t rtp_rewrite_compress(uint32_t timestamp, uint32_t live);

/* Return the offset of sequence numbers for a viewer that starts here: 0 or 32768. It puts the
 * viewer's first number into the lower half, so that both ends agree on the rollover counter even
 * if the first packets are lost (RFC 3711, section 3.3.1). */
uint16_t rtp_rewrite_base(uint16_t sequence);

#endif
