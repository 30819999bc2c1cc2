/* What a publisher and a viewer negotiated. Mirrors `farmlive.media.engine.interface`. */
#ifndef FARMLIVE_NEGOTIATED_H
#define FARMLIVE_NEGOTIATED_H

#include "link/layer_select.h"
#include "wire/codecs.h"

enum { INCOMING_MOST = 4, OUTGOING_MOST = 24, RID_SIZE = 256, PAYLOAD_TYPES = 128 };

/* One track that a publisher sends. By payload type: its codec, the payload type that this RTX
 * repairs, and the one inside this RED; 0 and -1 for none. `rids` name the layers of a simulcast,
 * the lowest quality first. */
struct incoming {
    bool is_video, nack, pli;
    unsigned clock_rate;
    codec_id codecs[PAYLOAD_TYPES];
    int8_t repairs[PAYLOAD_TYPES];
    int8_t red[PAYLOAD_TYPES];
    int layers; /* 0: no simulcast */
    char rids[LAYERS_MOST][RID_SIZE];
};

/* What a publisher negotiated, with the ids of its header extensions; -1 for none.
 * Reference-counted: the publisher and its tracks hold it, and viewers may hold tracks for a while
 * after the publisher is gone. */
struct publishing {
    unsigned holders;
    int count;
    struct incoming tracks[INCOMING_MOST];
    int transport_cc, rid, repaired_rid, dependency_descriptor, capture_time;
};

/* A viewer's payload types for one codec: its own, and those of RTX and RED; -1 for none. */
struct outgoing {
    codec_id codec;
    int8_t payload_type, retransmission, red;
};

/* The SSRCs of an output: the same for all its viewers, for as long as the output exists. */
struct ssrcs {
    uint32_t video, retransmission, audio;
};

/* What a viewer negotiated, for each kind of track. `exempt`: it gets every frame of the top layer,
 * whatever its link carries. */
struct viewing {
    bool exempt;
    int video_count, audio_count;
    struct outgoing video[OUTGOING_MOST], audio[OUTGOING_MOST];
};

/* Return the viewer's terms for this codec, or NULL if it did not negotiate it. */
static inline const struct outgoing *viewing_of(const struct outgoing *each, int count,
                                                codec_id codec)
{
    for (int at = 0; at < count; at++)
        if (each[at].codec == codec)
            return &each[at];
    return NULL;
}

#endif
