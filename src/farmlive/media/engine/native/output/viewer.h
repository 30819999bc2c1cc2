/* One viewer of an output: its sequence numbers and its progress. `output` decides what the viewer
 * gets, and when. As `farmlive.media.engine.python.output.viewer`.
 *
 * Always holds: it is live on a forwarder, or catches up from `cursor` on, or waits; in the first
 * two states it has an epoch. */
#ifndef FARMLIVE_VIEWER_H
#define FARMLIVE_VIEWER_H

#include "link/layer_select.h"
#include "link/link_estimate.h"
#include "link/packet_train.h"
#include "link/quality_ladder.h"
#include "link/slow_viewer.h"
#include "output/epoch.h"
#include "output/forwarder.h"
#include "send/leg.h"

/* Packets that are sent again in a second, and numbers that are looked up for that: a browser names
 * what it misses several times. */
enum { RTX_PER_S = 600, NACKED_PER_S = 2400 };

enum { EPOCHS_MOST = 4 };

enum viewer_is { VIEWER_WAITING, VIEWER_CATCHING, VIEWER_LIVE };

/* Packets and octets sent of a stream, as in a sender report: modulo 2^32. */
struct sent {
    uint32_t packets, octets;
};

/* Returns how many bytes are queued for a viewer. Called before a part of a batch and for a viewer
 * that is behind, never for each packet. */
struct backpressure {
    size_t (*held)(const void *context);
    const void *context;
};

struct viewer {
    struct list all;       /* among all viewers of the output */
    struct list place;     /* among those that wait or catch up, or in the forwarder's members */
    struct list moving;    /* among those that get another track meanwhile */
    struct list probing;   /* among those whose link is checked or probed */
    struct list measuring; /* among those whose link a sender report is to measure now */
    enum viewer_is is;
    uint64_t peer;
    struct viewing viewing;
    struct leg *leg;
    struct backpressure backpressure;
    struct slow_viewer slow;
    struct choice choice;
    bool adapts; /* it gets what its link carries, or all */
    struct link_estimate link;
    struct quality_ladder ladder; /* what it is to get of its track */
    enum rung rung;               /* what it gets until the next group of pictures */
    struct packet_train train;
    bool has_audio_offset;
    uint16_t audio_offset;
    struct track *target; /* the track that it should get, one of the publisher's on air; or NULL */
    struct forwarder *forwarder; /* NULL unless it is live */
    uint16_t cursor;             /* next packet of the ring to send, while catching up */
    bool has_epoch;
    struct epoch epoch;
    uint16_t entered;  /* the first packet of the group that it began with */
    double began_at;   /* when it began with that */
    double hurried_at; /* when a keyframe was last requested for it that could not wait */
    bool gently;       /* it gets that hardly faster than it comes */
    /* A group that its link did not carry to the end: it waits for another one. Holds the track. */
    struct track *spent;
    uint16_t spent_start;
    int past_count; /* the earlier stretches, the newest last */
    struct epoch past[EPOCHS_MOST];
    bool has_last; /* where the last of them ended */
    uint16_t last_sequence;
    uint32_t last_timestamp, last_latest; /* without its lead; the last one that it was sent */
    struct picture_ids last_pictures;
    double last_at;
    uint32_t answered;  /* the middle of the time of the last sender report that it answered */
    bool has_reference; /* the reference time that our next report answers, and when it came */
    struct reference_time reference;
    double reference_at;
    uint16_t rtx_sequence;
    int rtx_left, nacked_left;
    struct sent video;        /* while it is live, minus what its track had counted before */
    struct sent sound_before; /* what the output had counted of audio before its first packet */
};

struct viewer *viewer_new(uint64_t peer, const struct viewing *viewing, struct leg *leg,
                          struct backpressure backpressure, uint16_t rtx_sequence, double now,
                          bool controlled);
void viewer_free(struct viewer *viewer);

/* Note that it is reached by another route, by UDP or not: forget the limits of the old one. */
void viewer_moved(struct viewer *viewer, bool by_udp, double now);
/* Return how many bytes are queued for it. */
size_t viewer_queued_bytes(const struct viewer *viewer);
/* Return whether it may get a keyframe now. */
bool viewer_may_resume(const struct viewer *viewer, double now);
/* Return what it gets of its track now: sound alone while it can't keep up. */
enum rung viewer_gets(const struct viewer *viewer);
/* Return whether it negotiated RTX. */
bool viewer_repeats(const struct viewer *viewer);
bool viewer_can_play(const struct viewer *viewer, const struct track *track);
/* Return whether this payload type is one of its audio. */
bool viewer_hears(const struct viewer *viewer, uint8_t payload_type);
/* Count packets that were sent to it individually; start it live on a forwarder. */
void viewer_count_sent(struct viewer *viewer, uint32_t packets, uint32_t octets);
void viewer_go_live(struct viewer *viewer, struct forwarder *forwarder);
/* Note the group that it is in by now: it may have gone on into a newer one. */
void viewer_note_group(struct viewer *viewer);
/* Return whether checks should show what a narrow link makes of frames that go on and on. */
bool viewer_is_tried(const struct viewer *viewer);
/* Return whether it gets keyframes and, after each, what its link carries of the frames that
 * follow: not if it wants no more, nor where nothing tells what that is. */
bool viewer_gets_more(const struct viewer *viewer);
/* Return whether a packet of this stretch belongs to the keyframe of the viewer's group. */
bool viewer_is_of_keyframe(const struct viewer *viewer, const struct epoch *epoch,
                           const struct packet *packet);
/* Return whether it has had a part of its group's keyframe, and the rest is to come. */
bool viewer_is_in_keyframe(const struct viewer *viewer);
/* Return whether it gets what follows its group's keyframe. */
bool viewer_is_after_keyframe(const struct viewer *viewer);
/* Go on at its own pace, from the next packet of its track on. */
void viewer_leave_live(struct viewer *viewer);
/* Note that its link did not carry the group that it began with; or, with false, forget that. */
void viewer_spend(struct viewer *viewer, bool spent);
/* Return the bitrate of the track that it gets, or is to get; 0 while that is unknown. */
double viewer_stream_kbps(const struct viewer *viewer);
/* Return the video sent to it. */
struct sent viewer_video(const struct viewer *viewer);
/* End its video after the source's sequence number `sent`; `muted`: it could not keep up. */
void viewer_end_epoch(struct viewer *viewer, uint16_t sent, bool muted);
/* Return the stretch that contains this sequence number of the viewer's stream, or NULL. */
struct epoch *viewer_epoch_of(struct viewer *viewer, uint16_t sequence);
/* Forget stretches that ended some seconds ago or have left the ring; called once a second. */
void viewer_forget_past(struct viewer *viewer, double now);

#endif
