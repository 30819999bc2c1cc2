/* A lane: one track of video as an output sends it, with the packets that wait to leave. Sequence
 * numbers are the source's; each group of viewers gets them shifted by its own amounts. As
 * `farmlive.media.engine.python.forwarder`. */
#ifndef FARMLIVE_FORWARDER_H
#define FARMLIVE_FORWARDER_H

#include "base/list.h"
#include "ingest/track.h"
#include "send/packet_batch.h"
#include "wire/picture_id.h"

struct publisher;

enum { SEAMS_MOST = 64 };

/* How packets of a lane are written for some viewers: payload type, and what is added to sequence
 * number, timestamp and the numbers of pictures. */
struct shift {
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    struct pictures pictures;
};

bool shift_equal(const struct shift *a, const struct shift *b);

/* Where viewers with these shifts came in. */
struct seam {
    struct shift shift;
    uint16_t start;
};

struct lane {
    struct list link; /* in the output's lanes */
    struct publisher *publisher;
    struct track *track; /* holds it */
    struct list members; /* links of the viewers that get it */
    int pending_count, pending_room, whole;
    struct packet **pending; /* holds them */
    bool has_common;
    struct shift common; /* the most frequent one, for new viewers */
    int seam_count;
    bool gave_up; /* there were more */
    struct seam seams[SEAMS_MOST];
    uint16_t seam_at;
};

struct lane *lane_new(struct publisher *publisher, struct track *track);
void lane_free(struct lane *lane);

/* Gather a packet. */
void lane_add(struct lane *lane, struct packet *packet);
/* Forget the first packets of what was gathered: they have been sent. */
void lane_drop(struct lane *lane, int count);
/* A viewer with these shifts begins with the source's number `start`. */
void lane_begin(struct lane *lane, const struct shift *shift, uint16_t start);
/* Drop the seams once they are safe from what comes late. Called before each writing. */
void lane_forget_seams(struct lane *lane);

/* Add packets of a frame or more to the burst, as one group of viewers gets them; those a
 * little shorter than the longest are padded to its size. With `live`, where live begins in the
 * source's time, those before it are squeezed (`rewrite_squeeze`). */
void lane_write(struct burst *burst, struct packet *const *packets, int count,
                const struct shift *shift, uint32_t ssrc, const uint32_t *live);
/* The same for the first `count` that were gathered, as those get them who have these shifts:
 * nothing from before their seam, which would take the numbers of what they got before. */
void lane_write_gathered(struct burst *burst, const struct lane *lane, int count,
                         const struct shift *shift, uint32_t ssrc);

#endif
