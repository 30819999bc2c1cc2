/* Retransmits lost packets as RTX (RFC 4588). A viewer without RTX gets none: a packet sent again
 * under its own sequence number would be encrypted twice with one nonce.
 *
 * Always holds: a viewer gets at most `rtx_left` packets in a second, and none that were left out
 * on purpose. */
#include "output/rtx.h"

#include "base/memory.h"
#include "send/senders.h"

void rtx_init(struct rtx *rtx, struct ssrcs ssrcs) { *rtx = (struct rtx){.ssrcs = ssrcs}; }

/* Retransmit the packet that has this number for the viewer. */
static void rtx_send(const struct rtx *rtx, struct viewer *viewer, const struct epoch *epoch,
                     uint16_t number, struct packet *packet)
{
    struct packet_batch *batch = packet_batch_new(1);
    const struct rewrite_offset *offset = &epoch->offset;
    uint8_t *out = packet_batch_add(batch, RTP_HEADER + 2 + (size_t)packet->size);
    if (out != NULL) {
        rtp_head(out, false, (uint8_t)epoch->terms.retransmission, packet->marker,
                 viewer->rtx_sequence++,
                 epoch_timestamp(epoch, packet->timestamp) + offset->timestamp,
                 rtx->ssrcs.retransmission);
        put16(out + RTP_HEADER, number);
        uint8_t *payload = out + RTP_HEADER + 2;
        memcpy(payload, packet->payload, packet->size);
        if (offset->pictures.codec)
            picture_id_move(payload, packet->size, offset->pictures);
        senders_send_one(viewer->leg, batch);
    }
    packet_batch_release(batch);
}

bool rtx_answer_nack(struct rtx *rtx, struct viewer *viewer, const struct nack *nack, double now)
{
    bool beyond = false;
    if (nack->ssrc != rtx->ssrcs.video)
        return false;
    for (int at = 0; at < nack->count; at++) {
        uint16_t number = nack->missing[at];
        const struct epoch *epoch = viewer_epoch_of(viewer, number);
        if (epoch == NULL || epoch->terms.retransmission < 0) {
            rtx->unrepaired++;
            continue;
        }
        if (epoch->muted || viewer->slow.is_down)
            continue;
        struct packet *packet =
            ring_get(epoch->track->ring, (uint16_t)(number - epoch->offset.sequence));
        if (packet == NULL || viewer->rtx_left <= 0) {
            rtx->unrepaired++;
            continue;
        }
        const uint16_t *cursor = viewer->is == VIEWER_CATCHING ? &viewer->cursor : NULL;
        if (viewer->link.state != LINK_WIDE && epoch_is_before_group(epoch, packet, cursor))
            continue;
        enum repair repair =
            link_estimate_repair(&viewer->link, number, packet->size, epoch->track->kbps, now);
        if (repair != REPAIR_SEND) {
            rtx->unrepaired += repair == REPAIR_BEYOND;
            beyond |= repair == REPAIR_BEYOND;
            continue;
        }
        viewer->rtx_left--;
        rtx_send(rtx, viewer, epoch, number, packet);
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
        struct packet *packet = ring_get(ring, (uint16_t)(newest - back));
        uint16_t number = (uint16_t)(newest - back + epoch->offset.sequence);
        /* What came before is another layer's under the same numbers. */
        if (packet == NULL || (double)sent >= octets || ahead16(number, epoch->first) < 0)
            break;
        sent += packet->size;
        rtx_send(rtx, viewer, epoch, number, packet);
    }
    return sent;
}
