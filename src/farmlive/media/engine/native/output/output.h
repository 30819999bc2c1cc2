/* An output: what all viewers of a broadcast get, as one continuous stream for each.
 *
 * Follows the source on air and hands its packets to forwarders. `track_select` chooses each
 * viewer's track, `catch_up` brings the viewer onto it, `sending` writes each packet once for all
 * viewers with the same numbers. As `farmlive.media.engine.python.output.output`. */
#ifndef FARMLIVE_OUTPUT_H
#define FARMLIVE_OUTPUT_H

#include "ingest/publisher.h"
#include "link/shared_delay.h"
#include "output/catch_up.h"
#include "output/rtx.h"
#include "output/sending.h"

struct output {
    struct publisher_listener listener; /* to publishers on air, followed or still seen */
    struct list link;                   /* in the core's outputs */
    uint64_t number;
    struct publisher *on_air, *following;
    struct rtx rtx;
    struct sending sending;
    struct catch_up catch_up;
    struct shared_delay delay;
    long dropped;                    /* of viewers that are gone */
    double switched_at, followed_at; /* 0: not checked since it follows */
    /* For `timers`. */
    bool is_fed, has_flush, is_quiet, has_sent_before;
    double flush_at;
    long sent_before;
};

/* How long a round trip took, in seconds, and when the sender report left that shows it. */
struct round_trip {
    double took_s, sent_at;
    bool is_first; /* whether no other report answered that sender report */
};

static inline struct output *output_listening(struct publisher_listener *listener)
{
    return list_entry(listener, struct output, listener);
}

struct output *output_new(uint64_t number, struct ssrcs ssrcs, uint16_t sound_sequence,
                          uint32_t sound_timestamp);
/* Its viewers must have been removed. */
void output_free(struct output *output);

/* Follow this publisher from its next keyframe on; NULL: no source, at once. */
void output_put_on_air(struct output *output, struct publisher *publisher);
/* Switch to the followed publisher at once if no source is on air and its current group serves: its
 * next keyframe may be seconds away. True if switched. */
bool output_switch_at_once(struct output *output, double now);
/* Switch to the followed publisher if only its audio has come for some seconds; called often while
 * one is followed. True if switched. */
bool output_switch_to_audio_only(struct output *output, double now);
/* Remove a publisher that is gone: its viewers wait for the next one. */
void output_drop(struct output *output, struct publisher *publisher);

/* Handle a publisher's packet; return true if it completes the switch to this publisher. `began`: a
 * group of pictures begins with the packet's frame. */
bool output_feed(struct output *output, struct publisher *publisher, struct track *track,
                 struct packet *packet, bool began, double now);
/* Send audio and the frames that are complete; return whether packets of an incomplete frame
 * wait. */
bool output_send_whole(struct output *output);
/* Send all queued packets. */
void output_flush(struct output *output);

/* Add a viewer: it starts with the current group of pictures, or at the next keyframe. */
void output_add(struct output *output, struct viewer *viewer, double now);
/* Remove a viewer; the caller frees it. */
void output_remove(struct output *output, struct viewer *viewer);
/* Send a slow viewer audio alone until it may continue. */
void output_stop_video(struct output *output, struct viewer *viewer);

/* Select each viewer's track; return true if a viewer now needs another keyframe. */
bool output_aim_all(struct output *output, double now);
bool output_aim(struct output *output, struct viewer *viewer, double now);
/* Mark the keyframes that viewers wait for. If the publisher answers no requests, start waiting
 * viewers with the current group. */
void output_want_keyframes(struct output *output, double now);
/* Send all viewers that catch up, or are paced, the next part of their batch. */
void output_send_bursts(struct output *output, double now);

/* Handle a viewer's receiver report, with the round trip by it, NULL if unknown; return true if the
 * viewer now needs another layer's keyframe. */
bool output_reported(struct output *output, struct viewer *viewer,
                     const struct receiver_report *report, const struct round_trip *round_trip,
                     double now);
/* Answer a NACK; return true if the viewer now needs a keyframe. */
bool output_repair(struct output *output, struct viewer *viewer, const struct nack *nack,
                   double now);
/* Handle the answer to a check of a viewer's link; return true if it now needs another keyframe. */
bool output_checked(struct output *output, struct viewer *viewer, double round_trip_s, double now);
/* Send the viewers whose link is probed what is due of that; return whether any is probed. */
bool output_probe(struct output *output, double now);
/* Return whether the source on air has layers to select from. */
bool output_is_layered(const struct output *output);
/* Do a viewer's work of each second; return true if it now needs another keyframe. */
bool output_each_second(struct output *output, struct viewer *viewer, double now);

#endif
