/* Retransmits lost packets as RTX (RFC 4588). A viewer without RTX gets none: a packet sent again
 * under its own sequence number would be encrypted twice with one nonce.
 *
 * Always holds: a viewer gets at most `rtx_left` packets in a second, and none that were left out
 * on purpose. */
#include "output/rtx.h"

#include "base/memory.h"
#include "send/senders.h"

/* The RTP header and the number in front of a retransmission's payload. */
enum { HEADERS = RTP_HEADER + 2 };

void rtx_init(struct rtx *rtx, struct ssrcs ssrcs) { *rtx = (struct rtx){.ssrcs = ssrcs}; }

/* What to retransmit under which number of the viewer; `is_empty`: of no frame that the viewer
 * gets. */
struct retransmission {
    const struct epoch *epoch;
    const struct rewrite_offset *offset;
    uint16_t number;
    const struct packet *packet;
    bool is_empty;
};

static void rtx_send(const struct rtx *rtx, struct viewer *viewer,
                     const struct retransmission *repaired)
{
    struct packet_batch *batch = packet_batch_new(1);
    const struct epoch *epoch = repaired->epoch;
    const struct rewrite_offset *offset = repaired->offset;
    const struct packet *packet = repaired->packet;
    size_t size = repaired->is_empty ? 0 : packet->size;
    uint8_t *out = packet_batch_add(batch, HEADERS + size);
    if (out != NULL) {
        rtp_head(out, false, (uint8_t)epoch->terms.retransmission, packet->marker,
                 viewer->rtx_sequence++,
                 epoch_timestamp(epoch, packet->timestamp) + offset->timestamp,
                 rtx->ssrcs.retransmission);
        put16(out + RTP_HEADER, repaired->number);
        uint8_t *payload = out + HEADERS;
        memcpy(payload, packet->payload, size);
        if (offset->pictures.codec)
            picture_id_move(payload, size, offset->pictures);
        senders_send_one(viewer->leg, batch);
    }
    packet_batch_release(batch);
}

bool rtx_answer_nack(struct rtx *rtx, struct viewer *viewer, const struct nack *nack, double now)
{
    bool beyond = false;
    if (nack->ssrc != rtx->ssrcs.video)
        return false;
    if (viewer->rtx_left <= 0) {
        rtx->unrepaired += nack->count;
        return false;
    }
    for (int at = 0; at < nack->count; at++) {
        uint16_t number = nack->missing[at];
        const struct epoch *epoch = viewer_epoch_of(viewer, number);
        if (epoch == NULL || epoch->terms.retransmission < 0) {
            rtx->unrepaired++;
            continue;
        }
        if (epoch->muted || viewer->slow.is_down)
            continue;
        const struct rewrite_offset *offset = epoch_offset_of(epoch, number);
        const struct packet *packet = NULL;
        if (offset != NULL)
            packet = ring_get(epoch->track->ring, (uint16_t)(number - offset->sequence));
        if (packet == NULL || viewer->rtx_left <= 0) {
            rtx->unrepaired++;
            continue;
        }
        bool more = viewer_gets_more(viewer) && epoch == &viewer->epoch;
        bool of_keyframe = viewer_is_of_keyframe(viewer, epoch, packet);
        if (viewer->rung == RUNG_KEYFRAMES && !more && !of_keyframe)
            continue;
        const uint16_t *cursor = viewer->is == VIEWER_CATCHING ? &viewer->cursor : NULL;
        if (viewer->link.state != LINK_WIDE && epoch_is_before_group(epoch, packet, cursor))
            continue;
        /* It came late, at the edge of its frame. A player would wait for its number. */
        bool is_empty = epoch_is_left_out(epoch, packet);
        /* What follows a keyframe makes room for the rest of that. */
        bool rests = !viewer->has_epoch || (more && of_keyframe);
        enum repair repair =
            link_estimate_repair(&viewer->link, number, HEADERS + (is_empty ? 0 : packet->size),
                                 epoch->track->kbps, now, viewer->rung == RUNG_KEYFRAMES && rests);
        if (repair != REPAIR_SEND) {
            rtx->unrepaired += repair != REPAIR_SKIP;
            beyond |= repair == REPAIR_BEYOND;
            continue;
        }
        viewer->rtx_left--;
        rtx_send(rtx, viewer, &(struct retransmission){epoch, offset, number, packet, is_empty});
        rtx->repaired++;
    }
    return beyond;
}

long rtx_send_probe(const struct rtx *rtx, struct viewer *viewer, double octets)
{
    const struct epoch *epoch = &viewer->epoch;
    long sent = 0;
    if (!viewer->has_epoch || epoch->terms.retransmission < 0)
        return 0;
    const struct ring *ring = epoch->track->ring;
    uint16_t newest =
        viewer->is == VIEWER_CATCHING ? (uint16_t)(viewer->cursor - 1) : ring->highest;
    for (int back = 0; back < RTCP_MISSING_MOST; back++) {
        uint16_t sequence = (uint16_t)(newest - back);
        const struct packet *packet = ring_get(ring, sequence);
        /* What came before has other numbers, or is another layer's under the same. */
        if (packet == NULL || (double)sent >= octets || ahead16(sequence, epoch->since) < 0)
            break;
        sent += HEADERS + packet->size;
        uint16_t number = (uint16_t)(sequence + epoch->offset.sequence);
        rtx_send(rtx, viewer,
                 &(struct retransmission){epoch, &epoch->offset, number, packet, false});
    }
    return sent;
}
