/* Finds the track of a publisher's packet: by payload type and SSRC, by RID, or for RTX by the
 * track that misses the number. Begins tracks anew, and orders the layers. */
#ifndef FARMLIVE_TRACK_DEMUX_H
#define FARMLIVE_TRACK_DEMUX_H

#include "ingest/publisher.h"

bool track_demux_is_red(const struct publisher *publisher, const struct rtp_packet *received);
bool track_demux_is_repair(const struct publisher *publisher, const struct rtp_packet *received);

/* The track of this payload type and SSRC, if they have arrived before, or NULL. */
struct track *track_demux_known(const struct publisher *publisher,
                                const struct rtp_packet *received);

/* The track of a new payload type and SSRC; NULL if it is ambiguous. */
struct track *track_demux_begin(struct publisher *publisher, const struct rtp_packet *received,
                                double now);

/* Begin a track, or restart it with another SSRC, codec or numbering. Tells the listeners, and
 * returns the new track; the old one may be gone. */
struct track *track_demux_renew(struct publisher *publisher, struct track *track,
                                const struct rtp_packet *received, double now);

/* The track that this RTX repairs, by its SSRC or its RID, or by which track misses this number;
 * NULL if it is ambiguous. */
struct track *track_demux_repaired(struct publisher *publisher, const struct rtp_packet *received,
                                   uint16_t number);

/* Order the layers by the sizes of their pictures, and tell the listeners: what an offer says
 * of their order may be a guess. Two that are the wrong way round are taken for all. */
void track_demux_put_in_order(struct publisher *publisher, double now);

#endif
