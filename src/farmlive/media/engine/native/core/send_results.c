/* Handles the senders' reports.
 *
 * Always holds: a report on a peer that is gone is ignored, except that its leg was freed. */
#include "core/send_results.h"

#include <stdlib.h>

/* A protected packet of a viewer's media goes into its connection, or is dropped. */
static void stream(struct peer *peer, const uint8_t *data, size_t size, double now)
{
    struct viewer *viewer = peer->viewer;
    bool is_video = !viewer_hears(viewer, data[1] & 0x7F);
    if (is_video && viewer->stall.is_down) {
        viewer->stall.dropped++;
        return;
    }
    int dropped =
        port_stream(peer->reached.port, &peer->reached.address, data, size, is_video, now);
    if (dropped > 0) {
        bool was_down = viewer->stall.is_down;
        stall_fall(&viewer->stall, dropped, now);
        if (!was_down)
            output_fall(peer->output, viewer);
    }
}

static void heard(struct peer *peer, const struct report *report, double now)
{
    struct viewer *viewer = peer->viewer;
    if (report->kind == REPORT_REFUSED) {
        if (viewer != NULL && stall_refuse(&viewer->stall, report->packets, now))
            output_fall(peer->output, viewer);
    } else if (viewer != NULL && !rtp_is_rtcp(report->data, report->size)) {
        stream(peer, report->data, report->size, now);
    } else if (ice_is_proved(peer)) {
        port_send(peer->at.port, report->data, report->size, &peer->at.address, now);
    }
}

void delivery_hear(struct core *core, double now)
{
    struct report *next;
    for (struct report *report = reports_take(&core->reports); report != NULL; report = next) {
        next = report->next;
        struct peer *peer = core_peer(core, report->peer);
        if (report->kind == REPORT_FREED)
            events_push(core->events, EVENT_FREED, report->peer, 0, OBJECTION_NONE, NULL, 0);
        else if (peer != NULL)
            heard(peer, report, now);
        free(report);
    }
}
