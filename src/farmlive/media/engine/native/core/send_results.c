/* Handles the senders' reports.
 *
 * Always holds: a report on a peer that is gone is ignored, except that its leg was freed. */
#include "core/send_results.h"

#include <stdlib.h>

/* Pass a protected packet of a viewer's media to its connection, or drop it. */
static void stream(struct peer *peer, const uint8_t *data, size_t size, double now)
{
    struct viewer *viewer = peer->viewer;
    bool is_video = !viewer_hears(viewer, data[1] & 0x7F);
    if (is_video && viewer->slow.is_down) {
        viewer->slow.dropped++;
        return;
    }
    int dropped =
        port_stream(peer->reached.port, &peer->reached.address, data, size, is_video, now);
    if (dropped > 0) {
        bool was_down = viewer->slow.is_down;
        slow_viewer_stop_video(&viewer->slow, dropped, now);
        if (!was_down)
            output_stop_video(peer->output, viewer);
    }
}

static void heard(struct peer *peer, const struct send_feedback_item *report, double now)
{
    struct viewer *viewer = peer->viewer;
    if (report->kind == REPORT_REFUSED) {
        if (viewer != NULL && slow_viewer_count_refused(&viewer->slow, report->packets, now))
            output_stop_video(peer->output, viewer);
    } else if (viewer != NULL && !rtp_is_rtcp(report->data, report->size)) {
        stream(peer, report->data, report->size, now);
    } else if (ice_is_proved(peer)) {
        port_send(peer->at.port, report->data, report->size, &peer->at.address, now);
    }
}

void send_results_handle(struct core *core, double now)
{
    struct send_feedback_item *next;
    for (struct send_feedback_item *report = send_feedback_take(&core->send_feedback);
         report != NULL; report = next) {
        next = report->next;
        struct peer *peer = core_peer(core, report->peer);
        if (report->kind == REPORT_FREED)
            events_push(core->events, EVENT_FREED, report->peer, 0, OBJECTION_NONE, NULL, 0);
        else if (peer != NULL)
            heard(peer, report, now);
        free(report);
    }
}
