/* A stretch of one track in a viewer's video: how its numbers follow from the source's, also where
 * frames are left out. As `farmlive.media.engine.python.output.epoch`. */
#ifndef FARMLIVE_EPOCH_H
#define FARMLIVE_EPOCH_H

#include "output/forwarder.h"

/* Frames left out of which the numbers are remembered: some seconds. */
enum { LEFT_OUT_MOST = 64 };

/* A frame that a viewer was not sent: its timestamp, and the offsets before it with the source's
 * sequence number since which they held. */
struct left_out_frame {
    uint32_t timestamp;
    uint16_t since;
    struct rewrite_offset offset;
};

/* Frames of a burst of which is remembered where live was when they left: some seconds. */
enum { LIVE_MOST = 256 };

/* A frame of a burst, by its timestamp, and where live was when it began to leave. */
struct left_frame {
    uint32_t timestamp, live;
};

/* `first` is the first sequence number that the viewer gets of what the ring spans; `since` is the
 * source's first one that `offset` holds for; `squeezed` is where live begins for a late joiner, in
 * the source's time, or with `moves`, where live was when a frame left; `nudge` is by how much
 * later its timestamps are than the source's, of which sender reports leave out the `lead`. */
struct epoch {
    struct track *track; /* holds it */
    struct outgoing terms;
    uint16_t first, since;
    struct rewrite_offset offset;
    uint32_t nudge, lead;
    bool has_squeezed;
    uint32_t squeezed;
    bool moves;              /* its burst takes so long that live moves meanwhile */
    int left_count;          /* its last frames, the newest last */
    struct left_frame *left; /* LIVE_MOST of them, or NULL; the epoch holds them */
    bool has_ended, muted;   /* muted: its missing packets were left out on purpose */
    double until;
    /* The last frame about which was decided whether it is left out. */
    bool has_decided, leaves_out;
    uint32_t decided;
    int left_out_count;              /* the newest last */
    struct left_out_frame *left_out; /* LEFT_OUT_MOST of them, or NULL; the epoch holds them */
};

/* Release what the epoch holds. */
void epoch_release(struct epoch *epoch);

/* Return the timestamp that the viewer gets for one of the source's, before the offset. */
uint32_t epoch_timestamp(const struct epoch *epoch, uint32_t timestamp);

/* Get where live is for a frame of this timestamp, in the source's time; false once that is
 * forgotten. */
bool epoch_live_of(const struct epoch *epoch, uint32_t timestamp, uint32_t *live);
/* Forget where live was. */
void epoch_forget_squeezed(struct epoch *epoch);
/* Return whether this packet, which follows the `last` one of a part of a burst, begins a frame
 * after the rest of one of which a part has left: that has another time. */
bool epoch_begins_anew(const struct epoch *epoch, const struct packet *last,
                       const struct packet *packet);
/* Record that a frame begins to leave now, if that is of a burst in which live moves: it is dated
 * by that. By where live was when the burst began, frames that leave for seconds would be a few
 * milliseconds apart, and a player would take that for the pace of what follows. Such a burst is
 * over once it has reached live. */
void epoch_leave(struct epoch *epoch, uint32_t timestamp);

/* Return whether nobody needs the packet any more: a newer keyframe has come, and has been sent;
 * `cursor` is the next packet to send, NULL if the stretch is live. */
bool epoch_is_before_group(const struct epoch *epoch, const struct packet *packet,
                           const uint16_t *cursor);

/* Let the stretch begin where the ring begins: sequence numbers wrap around, and after half a cycle
 * the newest would seem older than it. */
void epoch_forget_first(struct epoch *epoch);

/* Return whether to leave out this packet, the next one of the track, from a viewer that gets
 * `fewer` frames: whole ones, to which no other frame refers. */
bool epoch_leaves_out(struct epoch *epoch, const struct packet *packet, bool fewer);
/* Return whether the newest frame of the track is one that is left out: the rest of it may come, so
 * that the viewer does not go live yet. */
bool epoch_is_leaving_out(const struct epoch *epoch);
/* Leave out this packet, the next one of the track: later numbers close up. Whatever was taken from
 * the ring before must have been sent. */
void epoch_leave_out(struct epoch *epoch, const struct packet *packet);
/* Return the offsets of this sequence number of the viewer; NULL if that is too long ago. */
const struct rewrite_offset *epoch_offset_of(const struct epoch *epoch, uint16_t number);
/* Return whether the packet belongs to a frame that was left out lately. */
bool epoch_is_left_out(const struct epoch *epoch, const struct packet *packet);

#endif
