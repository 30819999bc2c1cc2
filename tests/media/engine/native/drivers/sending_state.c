/* Prints what is not seen by what is sent; sending_twins.py tells the same of Python's output. */
#include "sending_state.h"

#include <inttypes.h>
#include <stdio.h>

static void print_offset(const struct rewrite_offset *offset)
{
    printf(" %d %u %u %d:%d", offset->payload_type, offset->sequence, offset->timestamp,
           offset->pictures.codec ? offset->pictures.picture : -1,
           offset->pictures.codec ? offset->pictures.base : -1);
}

static void print_viewer(const struct viewer *viewer)
{
    static const char *const places[] = {"waits", "catches", "live"};
    printf("t viewer %" PRIu64 " %s moving %d target %u rtx %u left %d", viewer->peer,
           places[viewer->is], !list_is_empty(&viewer->moving),
           viewer->target ? viewer->target->ssrc : 0, viewer->rtx_sequence, viewer->rtx_left);
    if (viewer->has_audio_offset)
        printf(" hears %u", viewer->audio_offset);
    if (viewer->is == VIEWER_CATCHING)
        printf(" cursor %u", viewer->cursor);
    if (viewer->has_last)
        printf(" last %u %u %u %d:%d %.17g", viewer->last_sequence, viewer->last_timestamp,
               viewer->last_latest, viewer->last_pictures.picture, viewer->last_pictures.base,
               viewer->last_at);
    for (int at = 0; at < viewer->past_count; at++)
        printf(" past %u %u muted %d", viewer->past[at].track->ssrc, viewer->past[at].first,
               viewer->past[at].muted);
    const struct epoch *epoch = &viewer->epoch;
    if (viewer->has_epoch) {
        printf(" epoch %u %u", epoch->track->ssrc, epoch->first);
        print_offset(&epoch->offset);
        printf(" nudge %u squeezed %" PRId64, epoch->nudge,
               epoch->has_squeezed ? (int64_t)epoch->squeezed : -1);
    }
    putchar('\n');
}

void print_state(const struct output *output)
{
    printf("t sent %ld repaired %ld unrepaired %ld dropped %ld sound %ld %ld\n",
           output->sending.sent, output->rtx.repaired, output->rtx.unrepaired, output->dropped,
           output->sending.sound.packets, output->sending.sound.octets);
    list_each(link, &output->sending.forwarders) {
        const struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        printf("t lane %u", forwarder->track->ssrc);
        if (forwarder->has_common)
            print_offset(&forwarder->common);
        putchar('\n');
    }
    list_each(link, &output->sending.viewers)
        print_viewer(list_entry(link, struct viewer, all));
}
