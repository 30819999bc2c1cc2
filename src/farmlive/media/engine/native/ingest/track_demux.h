/* Finds the track of a publisher's packet: by payload type and SSRC, by RID, or for RTX by the
 * track that misses the sequence number. Restarts tracks, and sorts the layers. */
#ifndef FARMLIVE_TRACK_DEMUX_H
#define FARMLIVE_TRACK_DEMUX_H

#include "ingest/publisher.h"

bool track_demux_is_red(const struct publisher *publisher, const struct rtp_packet *received);
bool track_demux_is_repair(const struct publisher *publisher, const struct rtp_packet *received);

/* Return the track of this payload type and SSRC if they are known, or NULL. */
struct track *track_demux_known(const struct publisher *publisher,
                                const struct rtp_packet *received);

/* Return the track of a new payload type and SSRC; NULL if it is ambiguous. */
struct track *track_demux_begin(struct publisher *publisher, const struct rtp_packet *received,
                                double now);

/* Start a track, or restart it with another SSRC, codec or numbering. Notifies the listeners, and
 * returns the new track; the old one may be gone. */
struct track *track_demux_renew(struct publisher *publisher, struct track *track,
                                const struct rtp_packet *received, double now);

/* Return the track that this RTX repairs, by its SSRC or its RID, or by which track misses this
 * number; NULL if it is ambiguous. */
struct track *track_demux_restore(struct publisher *publisher, const struct rtp_packet *received,
                                  uint16_t number);

/* Sort the layers by picture size, and notify the listeners: the order in the offer may be a guess.
 * If two are in the wrong order, all are taken to be reversed. */
void track_demux_sort_layers(struct publisher *publisher, double now);

#endif
