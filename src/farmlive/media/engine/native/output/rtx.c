/* Sends lost packets again as RTX (RFC 4588). A viewer without RTX gets none: a packet sent again
 * under its own number would be encrypted twice under one nonce.
 *
 * Always holds: a viewer gets at most `rtx_left` packets in a second, and none that were left out
 * on purpose. */
#include "output/rtx.h"

#include "base/memory.h"
#include "send/senders.h"

void repairs_init(struct repairs *repairs, struct ssrcs ssrcs)
{
    *repairs = (struct repairs){.ssrcs = ssrcs};
}

/* Send a packet again that has this number for the viewer. */
static void repairs_send(const struct repairs *repairs, struct viewer *viewer,
                         const struct epoch *epoch, uint16_t number, struct packet *packet)
{
    struct burst *burst = burst_new(1);
    const struct shift *shift = &epoch->shift;
    uint8_t *out = burst_add(burst, RTP_HEADER + 2 + (size_t)packet->size);
    if (out != NULL) {
        rtp_head(out, false, (uint8_t)epoch->terms.retransmission, packet->marker,
                 viewer->rtx_sequence++,
                 epoch_timestamp(epoch, packet->timestamp) + shift->timestamp,
                 repairs->ssrcs.retransmission);
        put16(out + RTP_HEADER, number);
        uint8_t *payload = out + RTP_HEADER + 2;
        memcpy(payload, packet->payload, packet->size);
        if (shift->pictures.codec)
            pictures_move(payload, packet->size, shift->pictures);
        senders_send_one(viewer->leg, burst);
    }
    burst_release(burst);
}

void repairs_answer(struct repairs *repairs, struct viewer *viewer, const struct nack *nack)
{
    if (nack->ssrc != repairs->ssrcs.video)
        return;
    for (int at = 0; at < nack->count; at++) {
        uint16_t number = nack->missing[at];
        const struct epoch *epoch = viewer_epoch_of(viewer, number);
        if (epoch == NULL || epoch->terms.retransmission < 0) {
            repairs->unrepaired++;
            continue;
        }
        if (epoch->muted || viewer->stall.is_down)
            continue;
        struct packet *packet =
            ring_get(epoch->track->ring, (uint16_t)(number - epoch->shift.sequence));
        if (packet == NULL || viewer->rtx_left <= 0) {
            repairs->unrepaired++;
            continue;
        }
        viewer->rtx_left--;
        repairs_send(repairs, viewer, epoch, number, packet);
        repairs->repaired++;
    }
}

void repairs_repeat(const struct repairs *repairs, struct viewer *viewer, long octets)
{
    const struct epoch *epoch = &viewer->epoch;
    if (!viewer->has_epoch || epoch->terms.retransmission < 0)
        return;
    const struct ring *ring = epoch->track->ring;
    for (int back = 0; back < RTCP_MISSING_MOST && octets > 0; back++) {
        struct packet *packet = ring_get(ring, (uint16_t)(ring->highest - back));
        if (packet == NULL)
            return;
        octets -= packet->size;
        repairs_send(repairs, viewer, epoch, (uint16_t)(packet->sequence + epoch->shift.sequence),
                     packet);
    }
}
