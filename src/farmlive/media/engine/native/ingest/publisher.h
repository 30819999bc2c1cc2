/* A publisher: its tracks, its layers and its listeners. As
 * `farmlive.media.engine.python.ingest.publisher`.
 *
 * `receiver` handles its packets, `track_demux` finds the track of each, and `feedback` writes its
 * RTCP. */
#ifndef FARMLIVE_PUBLISHER_H
#define FARMLIVE_PUBLISHER_H

#include "ingest/rtp_rewrite.h"
#include "ingest/track.h"
#include "wire/transport_cc.h"

enum { TRACKS_MOST = INCOMING_MOST * LAYERS_MOST, KNOWN_MOST = 64, REPAIRING_MOST = 16 };

/* One layer of a simulcast over the last second; the RID is in the publishing. */
struct layer_health {
    const char *rid;
    struct picture_size size;
    double kbps;
};

/* Where a frame was, from the end of its way to the beginning. */
enum delay_from { DELAY_FROM_SERVER, DELAY_FROM_SENDER, DELAY_FROM_CAMERA };

/* Quality of a publisher's stream over about the last second; negative, 0 for a size and CODEC_NONE
 * if unknown. Mirrors `farmlive.media.engine.interface.Health`. */
struct health {
    codec_id codec;
    struct picture_size size;
    double bitrate_kbps, disposable_kbps, fps, loss, rtt_ms, keyframe_s, jitter_ms;
    bool keyframes_on_request, audio;
    enum objection objection;
    /* Where a frame was this long before the time that viewers' sender reports give it. */
    enum delay_from delay_from;
    double delay_ms;
    int layer_count; /* 0 without simulcast */
    struct layer_health layers[LAYERS_MOST];
};

/* The track of a payload type and SSRC that have arrived. */
struct known {
    uint8_t payload_type;
    uint32_t ssrc;
    struct track *track;
};

/* A listener gets the publisher's packets. Its callbacks report rare changes only: `demux` goes
 * through the listeners for each packet and calls directly. A callback may add and remove
 * listeners. */
struct publisher_listener {
    /* A track restarted as `fresh`; `old` is still valid. */
    void (*renewed)(struct publisher_listener *listener, struct track *old, struct track *fresh,
                    double now);
    /* Other layers arrive, or they have another order. */
    void (*layers_changed)(struct publisher_listener *listener, double now);
};

struct publisher {
    uint64_t peer;
    uint32_t own_ssrc;
    struct publishing *publishing;
    struct publisher_listener **listeners; /* in order of addition */
    int listener_count, listener_room;
    int track_count;
    struct track *tracks[TRACKS_MOST]; /* holds them */
    int layer_count;                   /* of video, the lowest first; one without simulcast */
    struct track *layers[LAYERS_MOST];
    struct flow flow;
    bool asking; /* whether a call of `feedback_request` is scheduled */
    double ask_at;
    bool is_patient; /* the same for a keyframe request that can wait */
    double patient_until;
    double round_trip_s; /* negative: unknown */
    struct health health;
    /* Other modules than those named above do not use the rest. */
    int known_count, repairing_count;
    struct known known[KNOWN_MOST];
    struct known repairing[REPAIRING_MOST]; /* by the RTX's SSRC */
    struct arrivals arrivals;
    struct source_clock clock;
    bool answered;              /* the last request for a keyframe */
    double hurries, hurried_at; /* keyframes that viewers need not wait for; and when that was */
    double health_at;           /* 0: not measured yet */
    long octets, frames;
};

/* Takes the caller's reference to `publishing`. */
struct publisher *publisher_new(struct publishing *publishing, uint32_t own_ssrc, uint64_t peer);
void publisher_free(struct publisher *publisher);

/* Both do nothing if nothing changes. */
void publisher_add_listener(struct publisher *publisher, struct publisher_listener *listener);
void publisher_remove_listener(struct publisher *publisher,
                               const struct publisher_listener *listener);
void publisher_tell_renewed(const struct publisher *publisher, struct track *old,
                            struct track *fresh, double now);
void publisher_tell_layers(const struct publisher *publisher, double now);

/* Sort the layers by their places, and the first of equal ones first. */
void publisher_arrange(struct publisher *publisher);

double publisher_last_at(const struct publisher *publisher);
/* Whether a viewer waits for a keyframe. */
bool publisher_wanted(const struct publisher *publisher);
/* Return whether the publisher answers keyframe requests. */
bool publisher_answers_requests(const struct publisher *publisher);
bool publisher_has_layer(const struct publisher *publisher, const struct track *track);
/* Return whether no lower layer than this track flows. */
bool publisher_is_lowest(const struct publisher *publisher, const struct track *track);

/* Note that a viewer needs a keyframe of this track, or, with NULL, of each; the second: one that
 * can wait until others have had no keyframe for a while. */
void publisher_want_keyframe(struct publisher *publisher, struct track *track);
void publisher_want_keyframe_patiently(struct track *track);
/* Return whether a viewer's keyframe need not wait for those that others get, and count it: all
 * viewers pay for it. */
bool publisher_may_hurry(struct publisher *publisher, double now);
/* Return for how long a keyframe request is put off that can wait, infinity without one. */
double publisher_patient_for_s(const struct publisher *publisher, double now);
/* Check which layers come, ten times a second; return true if that has changed. */
bool publisher_look(struct publisher *publisher, double now);
#endif
