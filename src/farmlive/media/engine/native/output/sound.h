/* An output's audio: one stream that continues across source switches, with RED (RFC 2198) for
 * viewers that negotiated it. As `farmlive.media.engine.python.output.sound`. */
#ifndef FARMLIVE_SOUND_H
#define FARMLIVE_SOUND_H

#include "ingest/rtp_rewrite.h"
#include "ingest/track.h"
#include "send/packet_batch.h"
#include "wire/red.h"

/* RTP clock rate (RFC 7587, section 4.1). */
enum { SOUND_CLOCK_RATE = 48000 };

/* How some viewers get audio: payload type, that of RED (-1: none), and a value to XOR with the
 * sequence number. */
struct hearing {
    uint8_t payload_type;
    int8_t red;
    uint16_t offset;
};

/* A packet in the output's numbers. */
struct sounded {
    struct packet *packet; /* holds it; its own numbers are the source's */
    uint16_t sequence;
    uint32_t timestamp;
    int block_count; /* 0 if it did not come as RED */
    struct red_block blocks[RED_BLOCKS_MOST];
};

struct sound {
    uint32_t ssrc;
    codec_id codec;       /* that of the last packet; 0 before the first */
    struct track *track;  /* holds it; NULL before the first */
    bool left;            /* the source on air has changed since */
    long packets, octets; /* sent so far */
    int pending_count, pending_room;
    struct sounded *pending;
    struct rewriter rewriter;
};

void sound_init(struct sound *sound, uint32_t ssrc, uint16_t sequence, uint32_t timestamp);
void sound_clear(struct sound *sound);

/* Queue a packet of the source on air. */
void sound_add(struct sound *sound, struct track *track, struct packet *packet, double now);
/* Return the sequence number of the next packet. */
uint16_t sound_next_sequence(const struct sound *sound);
/* Get the stream's RTP time at this moment of our clock; false before the first packet. */
bool sound_timestamp_at(const struct sound *sound, double when, uint32_t *timestamp);
/* Add all queued packets to the batch, as one group of viewers gets them. */
void sound_write(const struct sound *sound, struct packet_batch *batch,
                 const struct hearing *hearing);
/* Remove the queued packets, which were sent. */
void sound_drop(struct sound *sound);

#endif
