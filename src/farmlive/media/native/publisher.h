/* A publisher's packets on their way in: which track, what is missing, what to tell it back. As
 * `farmlive.media.publisher`.
 *
 * Decides and writes RTCP; sending it, and what viewers get, is `intake`'s, `upkeep`'s and
 * `output`'s part. */
#ifndef FARMLIVE_PUBLISHER_H
#define FARMLIVE_PUBLISHER_H

#include "rewrite.h"
#include "track.h"
#include "transport_cc.h"

struct output;

enum { TRACKS_MOST = INCOMING_MOST * LAYERS_MOST, KNOWN_MOST = 64, REPAIRING_MOST = 16 };

/* One layer of a simulcast over the last second; the RID is that of the publishing. */
struct layer_health {
    const char *rid;
    struct picture_size size;
    double kbps;
};

/* How a publisher does, over the last second or so; negative, 0 of a size and CODEC_NONE where it
 * is not known yet. Mirrors `farmlive.media.engine.Health`. */
struct health {
    codec_id codec;
    struct picture_size size;
    double bitrate_kbps, fps, loss, rtt_ms, keyframe_s, jitter_ms;
    bool keyframes_on_request, audio;
    enum objection objection;
    int layer_count; /* 0 where there is no simulcast */
    struct layer_health layers[LAYERS_MOST];
};

/* What a payload type and SSRC that have been heard belong to. */
struct known {
    uint8_t payload_type;
    uint32_t ssrc;
    struct track *track;
};

struct publisher {
    uint64_t peer;
    uint32_t own_ssrc;
    struct publishing *publishing;
    /* Those that have it on air or wait for its keyframe; they see to it themselves. */
    struct output **outputs;
    int output_count, output_room;
    int track_count;
    struct track *tracks[TRACKS_MOST]; /* holds them */
    int layer_count;                   /* of video, the lowest first; one without simulcast */
    struct track *layers[LAYERS_MOST];
    struct flow flow;
    bool asking; /* whether `publisher_request` will be called in a moment */
    double ask_at;
    double round_trip_s; /* negative: not known */
    struct health health;
    /* The rest is for publisher.c, sorting.c and feedback.c alone. */
    int known_count, repairing_count;
    struct known known[KNOWN_MOST];
    struct known repairing[REPAIRING_MOST]; /* by the RTX's SSRC */
    struct arrivals arrivals;
    struct source_clock clock;
    bool answered;    /* the last request for a keyframe */
    double health_at; /* 0: not measured yet */
    long octets, frames;
};

/* Takes over the holder of `publishing`. */
struct publisher *publisher_new(struct publishing *publishing, uint32_t own_ssrc, uint64_t peer);
void publisher_free(struct publisher *publisher);

/* A packet that was sorted in. */
struct taken {
    struct track *track;   /* the publisher holds it */
    struct packet *packet; /* for the caller to release */
    bool began;            /* a group of pictures begins with its frame */
};

/* Sort a packet in; one that came as RTX is restored. False for one that carries nothing for
 * viewers. May renew a track, of which it tells the outputs (`output_renewed`, `output_aim_all`).
 */
bool publisher_take(struct publisher *publisher, const struct rtp_packet *received, double now,
                    double arrival, struct taken *taken);

double publisher_last_at(const struct publisher *publisher);
/* Whether someone waits for a keyframe. */
bool publisher_wanted(const struct publisher *publisher);
/* Whether a keyframe can be had by asking. */
bool publisher_answers_requests(const struct publisher *publisher);
bool publisher_has_layer(const struct publisher *publisher, const struct track *track);

void publisher_heard(struct publisher *publisher, const struct sender_report *report, double now);
/* It answers to a reference time of ours; `middle_now` is the middle of our NTP time. */
void publisher_answered(struct publisher *publisher, const struct reference_reply *reply,
                        uint32_t middle_now);

/* Someone needs a keyframe of this track, or, with NULL, of any. */
void publisher_want_keyframe(struct publisher *publisher, struct track *track);
/* Write what can't wait for the next feedback, or nothing. */
void publisher_request(struct publisher *publisher, double now, struct rtcp_buffer *out);
/* Write what is to be told now; `report`: a receiver report is due, which with `wall_ntp` (not 0)
 * asks for the round trip. */
void publisher_feedback(struct publisher *publisher, double now, bool report, uint64_t wall_ntp,
                        struct rtcp_buffer *out);
/* See which layers come, ten times a second; true where that has changed. */
bool publisher_look(struct publisher *publisher, double now);
/* Bring the health up to date, once a second. */
void publisher_measure(struct publisher *publisher, double now);

#endif
