/* One incoming stream: its counters (RFC 3550, appendix A), gaps, ring and outstanding requests. A
 * simulcast layer is a track of its own. As `farmlive.media.engine.python.ingest.track`. */
#ifndef FARMLIVE_TRACK_H
#define FARMLIVE_TRACK_H

#include "ingest/disposable_frames.h"
#include "ingest/negotiated.h"
#include "ingest/ring.h"
#include "wire/rtcp.h"

enum { TRACK_MISSING_MOST = 400 };

/* A missing sequence number: how often it was requested and when it is due again. */
struct missing {
    uint16_t sequence;
    int tries;
    double due, asked;
};

/* A track from its first packet on; a new SSRC or numbering is a new track. Reference-counted: its
 * publisher holds it, and viewers' epochs do. */
struct track {
    unsigned holders;
    struct publishing *publishing;
    const struct incoming *incoming; /* one of `publishing` */
    int layer;                       /* its place in a simulcast, 0 the lowest */
    const char *rid;                 /* its name there, or "" */
    uint32_t ssrc;                   /* 0: no packet yet */
    uint32_t replaced; /* the SSRC that it had before it restarted, and when that was */
    double replaced_at;
    codec_id codec;
    struct ring *ring; /* NULL for audio */
    bool wrapped;      /* whether the last audio packet was RED */
    double last_at;    /* 0: no packet yet */
    long packets, octets, frames;
    struct picture_size size;
    double kbps, disposable_kbps, loss; /* disposable: of frames to which no other refers */
    bool has_report;
    struct sender_report report;
    double report_at;
    double moment_at; /* our time and RTP time of one moment */
    uint32_t moment;
    bool has_capture; /* RTP time of a frame, and when it was captured by its sender's clock */
    uint32_t capture;
    double captured_at;
    bool ended;        /* the sender has restarted its sequence numbers */
    int missing_count; /* in the order in which they were missed */
    struct missing missing[TRACK_MISSING_MOST];
    bool has_repair;
    double repair_s;
    bool overrun;          /* more was lost than can be requested */
    bool wanted;           /* a viewer waits for a keyframe */
    bool wanted_patiently; /* the same, for viewers that can wait a little longer */
    bool has_keyframe;
    double keyframe_at;
    bool has_held; /* the start of a keyframe that may lack packets before it */
    uint16_t held_sequence;
    uint32_t held_timestamp;
    /* Only track.c uses the rest. */
    uint16_t highest, unlike;
    bool has_unlike;
    int64_t base, cycles;
    int64_t expected_prior, received_prior;
    double transit, jitter;
    bool has_requested, has_asked;
    double requested_at, asked_at;
    struct disposable_frames marks;
    long octets_measured, repaired, lost_measured, expected_measured;
};

/* Return a new track of the publisher, with one reference. */
struct track *track_new(struct publishing *publishing, const struct incoming *incoming, int layer);
static inline struct track *track_hold(struct track *track)
{
    track->holders++;
    return track;
}
void track_release(struct track *track);
/* Release one reference. */
void publishing_release(struct publishing *publishing);

/* Start with the first packet; `track_add` counts it. */
void track_begin(struct track *track, uint32_t ssrc, codec_id codec, uint16_t sequence,
                 uint32_t timestamp, double now);

/* Count a packet that came as it was sent, and keep it if it is video; `arrival` is when the
 * network delivered it. Returns the packet for the caller to release, or NULL for a duplicate or
 * one that fits no numbering. */
struct packet *track_add(struct track *track, const struct rtp_packet *received, double now,
                         double arrival);

/* Count a packet that came by RTX, of at least two bytes, and keep it; NULL if it was not missing.
 * The caller releases it. */
struct packet *track_add_repaired(struct track *track, const struct rtp_packet *received,
                                  double now);

bool track_misses(const struct track *track, uint16_t sequence);

/* Get the sequence numbers to request now, in order, each again after a round trip (negative:
 * unknown). Returns how many are in `out`. */
int track_take_due_nacks(struct track *track, double now, double round_trip_s,
                         uint16_t out[TRACK_MISSING_MOST]);

/* Record a keyframe: 1 if it answers a request, 0 if it came too late for it, -1 without one. */
int track_record_keyframe(struct track *track, double now);
void track_forget_request(struct track *track);
bool track_unanswered(const struct track *track, double now);
/* Return for how long requests that can wait are put off. */
double track_patience_s(const struct track *track, double now);
/* Return how long a keyframe is away for a viewer that can wait; 0: an answer is due. */
double track_keyframe_within_s(const struct track *track, double now);
/* Return whether to request a keyframe now: requests are merged into one a second. */
bool track_request_due(struct track *track, double now);
/* Handle the first packet of a keyframe; true if a group of pictures begins. */
bool track_begins_group(struct track *track, uint16_t sequence, uint32_t timestamp, double now);

/* Record a sender report; `ours` is its moment on our clock. */
void track_record_sender_report(struct track *track, const struct sender_report *report,
                                double ours, double now);
uint32_t track_timestamp_at(const struct track *track, double when);
/* Get its RTP time at the moment of the other track's last report; false until both have one. */
bool track_timestamp_of(const struct track *track, const struct track *other, uint32_t *timestamp);

double track_jitter_ms(const struct track *track);
/* Update bitrate and loss over the time since the last call; negative: it is the first one. */
void track_measure(struct track *track, double span_s);
/* Get the receiver report on this track since the last one; false before its first packet. */
bool track_receiver_report(struct track *track, double now, struct receiver_report *report);

#endif
