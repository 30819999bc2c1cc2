/* Computes the numbers with which a viewer's video continues on another track.
 *
 * Always holds: for a viewer with earlier packets, sequence numbers continue by one and timestamps
 * increase. `catch_up` decides when. */
#include "output/splice.h"

#include <math.h>

#include "ingest/rtp_rewrite.h"

/* Get the timestamp offset for this track by sender reports, on it and on the viewer's last
 * layer. */
static bool splice_aligned(const struct viewer *viewer, const struct track *track, uint32_t *added)
{
    if (viewer->past_count == 0)
        return false;
    const struct epoch *before = &viewer->past[viewer->past_count - 1];
    uint32_t here;
    if (before->track->incoming != track->incoming || !before->track->has_report ||
        !track_timestamp_of(track, before->track, &here))
        return false;
    *added = before->track->report.timestamp + before->offset.timestamp - before->nudge - here;
    return true;
}

bool splice_begin_epoch(const struct viewer *viewer, struct track *track, uint16_t start,
                        const struct rewrite_offset *common, double now, double lead_s,
                        struct epoch *epoch)
{
    const struct viewing *viewing = &viewer->viewing;
    const struct outgoing *terms = viewing_of(viewing->video, viewing->video_count, track->codec);
    const struct packet *first = ring_get(track->ring, start), *newest = track->ring->newest;
    if (terms == NULL || first == NULL || newest == NULL)
        return false;
    struct rewrite_offset offset = {0};
    uint32_t nudge = 0, lead = 0;
    if (!viewer->has_last) {
        /* It starts in the lower half of the sequence numbers. */
        if (common != NULL)
            offset = *common;
        offset.sequence ^= rtp_rewrite_base((uint16_t)(start + offset.sequence));
    } else {
        uint32_t aligned = 0;
        bool has_aligned = splice_aligned(viewer, track, &aligned);
        offset.pictures =
            picture_id_following(track->codec, first->payload, first->size, viewer->last_pictures);
        offset.sequence = (uint16_t)(viewer->last_sequence + 1 - start);
        lead = (uint32_t)nearbyint(lead_s * VIDEO_CLOCK_RATE);
        offset.timestamp =
            rtp_rewrite_splice(viewer->last_timestamp,
                               (int64_t)nearbyint((now - viewer->last_at) * VIDEO_CLOCK_RATE),
                               rtp_rewrite_compress(first->timestamp, newest->timestamp),
                               newest->timestamp, has_aligned, aligned, viewer->last_latest, lead,
                               &nudge);
    }
    offset.payload_type = (uint8_t)terms->payload_type;
    *epoch = (struct epoch){
        .track = track_hold(track),
        .terms = *terms,
        .first = (uint16_t)(start + offset.sequence),
        .since = start,
        .offset = offset,
        .nudge = nudge,
        .lead = lead,
        .has_squeezed = true,
        .squeezed = newest->timestamp,
    };
    return true;
}
