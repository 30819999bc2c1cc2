/* A forwarder: one video track as an output sends it, with the packets that wait to be sent.
 * Sequence numbers are the source's; each group of viewers gets them shifted by its own offsets. As
 * `farmlive.media.engine.python.output.forwarder`. */
#ifndef FARMLIVE_FORWARDER_H
#define FARMLIVE_FORWARDER_H

#include "base/list.h"
#include "ingest/track.h"
#include "send/packet_batch.h"
#include "wire/picture_id.h"

struct publisher;

enum { SPLICES_MOST = 64 };

/* How a group of viewers gets a forwarder's packets: the payload type, and the offsets of sequence
 * number, timestamp and picture ids. */
struct rewrite_offset {
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    struct picture_id_offset pictures;
};

bool rewrite_offset_equal(const struct rewrite_offset *a, const struct rewrite_offset *b);

/* Where the latest viewers with these offsets started. */
struct splice {
    struct rewrite_offset offset;
    uint16_t start;
};

struct forwarder {
    struct list link; /* in the output's forwarders */
    struct publisher *publisher;
    struct track *track; /* holds it */
    struct list members; /* links of the viewers that get it */
    int pending_count, pending_room, whole;
    struct packet **pending; /* holds them */
    bool has_common;
    struct rewrite_offset common; /* the most frequent one, for new viewers */
    int splice_count;
    bool gave_up; /* there were more */
    struct splice splices[SPLICES_MOST];
    uint16_t splice_at;
};

struct forwarder *forwarder_new(struct publisher *publisher, struct track *track);
void forwarder_free(struct forwarder *forwarder);

/* Queue a packet. */
void forwarder_add(struct forwarder *forwarder, struct packet *packet);
/* Remove the first queued packets, which were sent. */
void forwarder_drop(struct forwarder *forwarder, int count);
/* Start a viewer with these offsets and the source's sequence number `start`. */
void forwarder_begin(struct forwarder *forwarder, const struct rewrite_offset *offset,
                     uint16_t start);
/* Drop the splices that late packets can't precede any more. Called before each writing. */
void forwarder_forget_splices(struct forwarder *forwarder);

/* Add packets to the batch, as one group of viewers gets them; those a little shorter than the
 * longest are padded to its size. With `live`, where live begins in the source's time, the
 * timestamps of earlier packets are compressed (`rtp_rewrite_compress`). */
void forwarder_write(struct packet_batch *batch, struct packet *const *packets, int count,
                     const struct rewrite_offset *offset, uint32_t ssrc, const uint32_t *live);
/* Do the same for the first `count` queued packets and viewers with these offsets: they get nothing
 * from before their splice, because it would reuse sequence numbers that they have had. */
void forwarder_write_gathered(struct packet_batch *batch, const struct forwarder *forwarder,
                              int count, const struct rewrite_offset *offset, uint32_t ssrc);

#endif
