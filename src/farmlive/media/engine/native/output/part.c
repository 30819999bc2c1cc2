/* The next part of a viewer's track. */
#include "output/part.h"

/* A narrow viewer's picture may be this late, in its clock, before it waits for a keyframe; what
 * follows a viewer's keyframe may be this late. */
static const double LATE = 0.6 * VIDEO_CLOCK_RATE, AFTER_LATE = 2.5 * VIDEO_CLOCK_RATE;

/* Return whether the link of a paced viewer carries this packet later than that. A keyframe always
 * goes out: it is a picture. */
static bool is_late(const struct ring *ring, const struct packet *packet, double most)
{
    return ahead32(ring->newest->timestamp, packet->timestamp) > most;
}

/* Return whether a packet is of what follows a viewer's keyframe, and none is newer. */
static bool follows(const struct viewer *viewer, const struct ring *ring,
                    const struct packet *packet)
{
    uint16_t start;
    return viewer_gets_more(viewer) && ring_group_start(ring, &start) && start == viewer->entered &&
           !is_late(ring, packet, AFTER_LATE);
}

struct part part_take(struct viewer *viewer, double room, bool paced)
{
    struct part part = {0};
    const struct ring *ring = viewer->epoch.track->ring;
    bool still = viewer->rung == RUNG_KEYFRAMES;
    while (part.count < PART_MOST && part.octets < room && !part.is_shown && !part.has_left &&
           ahead16(ring->highest, viewer->cursor) >= 0) {
        struct packet *packet = ring_get(ring, viewer->cursor);
        if (packet != NULL) {
            bool of_keyframe = viewer_is_of_keyframe(viewer, &viewer->epoch, packet);
            part.has_left = join_trial_ends_before(&viewer->trial, of_keyframe);
            if (part.has_left)
                break;
            bool fewer = still || viewer->rung == RUNG_FEWER_FRAMES;
            part.is_over = still && !of_keyframe && !follows(viewer, ring, packet);
            if (part.is_over)
                break;
            if (!of_keyframe && epoch_leaves_out(&viewer->epoch, packet, fewer)) {
                /* What follows has other numbers. */
                if (part.count > 0)
                    break;
                epoch_leave_out(&viewer->epoch, packet);
                viewer->cursor++;
                continue;
            }
            part.gives_up = !still && paced && !of_keyframe && is_late(ring, packet, LATE);
            if (part.gives_up)
                break;
            if (part.count > 0 &&
                epoch_begins_anew(&viewer->epoch, part.packets[part.count - 1], packet))
                break;
            part.packets[part.count++] = packet;
            part.octets += packet->size;
            part.is_shown = still && of_keyframe && packet->marker;
            part.has_left = join_trial_ends_with(&viewer->trial, packet->marker, part.octets);
        }
        viewer->cursor++;
    }
    for (int at = 0; at < part.count; at++)
        epoch_leave(&viewer->epoch, part.packets[at]->timestamp);
    return part;
}
