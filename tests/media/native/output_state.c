/* Where everyone is, and in which numbers, a line each. */
#include "output_state.h"

#include <inttypes.h>

#include "driver.h"

static void print_shift(const struct shift *shift)
{
    printf("%d,%d,%" PRIu32 ",%d,%d,%d", shift->payload_type, shift->sequence, shift->timestamp,
           shift->pictures.codec, shift->pictures.picture, shift->pictures.base);
}

static void print_epoch(const struct epoch *epoch)
{
    printf(" %" PRIu32 ":%d:", epoch->track->ssrc, epoch->first);
    print_shift(&epoch->shift);
    printf(":%" PRIu32, epoch->nudge);
    if (epoch->has_squeezed)
        printf(":%" PRIu32, epoch->squeezed);
    else
        printf(":-");
    printf(":%d", epoch->muted);
    print_optional(epoch->has_ended, epoch->until);
}

static void print_viewer(const struct viewer *each)
{
    const struct choice *choice = &each->choice;
    const struct stall *stall = &each->stall;
    printf("v %" PRIu64 " %s", each->peer,
           (const char *[]){"waiting", "catching", "live"}[each->is]);
    if (each->target == NULL)
        printf(" -");
    else
        printf(" %" PRIu32 "/%d", each->target->ssrc, each->target->layer);
    if (each->is == VIEWER_CATCHING)
        printf(" %d", each->cursor);
    if (each->has_epoch)
        print_epoch(&each->epoch);
    printf(" past %d", each->past_count);
    for (int at = 0; at < each->past_count; at++)
        print_epoch(&each->past[at]);
    if (each->has_last)
        printf(" last %d %" PRIu32 " %d %d %.17g", each->last_sequence, each->last_timestamp,
               each->last_pictures.picture, each->last_pictures.base, each->last_at);
    printf(" rtx %d %d", each->rtx_sequence, each->rtx_left);
    printf(" sound %d", each->has_audio_shift ? each->audio_shift : -1);
    printf(" stall %ld %.17g", stall->dropped, stall->wait_s);
    print_optional(stall->is_down, stall->since);
    printf(" choice %d %d %d %.17g %.17g %.17g %.17g\n", choice->most, choice->probe, choice->limit,
           choice->loss, choice->up_at, choice->back_off, choice->base_loss);
}

static void print_peers(const char *name, const struct list *list, size_t offset)
{
    printf(" %s", name);
    list_each(link, list)
        printf(" %" PRIu64, ((struct viewer *)((char *)link - offset))->peer);
}

static void print_lanes(const struct output *each)
{
    list_each(link, &each->sending.lanes) {
        const struct lane *lane = list_entry(link, struct lane, link);
        printf("l %" PRIu64 " %" PRIu32 " %d %d ", lane->publisher->peer, lane->track->ssrc,
               lane->pending_count, lane->whole);
        if (lane->has_common)
            print_shift(&lane->common);
        print_peers(":", &lane->members, offsetof(struct viewer, place));
        putchar('\n');
    }
}

static void print_output(const struct output *each)
{
    printf("o %" PRIu64 " %d %d", each->number, each->on_air ? (int)each->on_air->peer : 0,
           each->following ? (int)each->following->peer : 0);
    print_peers("waiting", &each->joining.waiting, offsetof(struct viewer, place));
    print_peers("catching", &each->joining.catching, offsetof(struct viewer, place));
    print_peers("moving", &each->joining.moving, offsetof(struct viewer, moving));
    print_peers("probing", &each->joining.probing, offsetof(struct viewer, probing));
    printf(" sent %ld %ld %ld %ld %d", each->sending.sent, each->dropped, each->repairs.repaired,
           each->repairs.unrepaired, each->sending.stale);
    printf(" %.17g %d %ld %ld\n", each->switched_at, each->sending.sound.codec,
           each->sending.sound.packets, each->sending.sound.octets);
    print_lanes(each);
    list_each(link, &each->sending.viewers)
        print_viewer(list_entry(link, struct viewer, all));
}

void print_state(void)
{
    for (int at = 0; at < MOST; at++) {
        const struct publisher *each = publishers[at];
        if (each == NULL)
            continue;
        printf("p %d %d", at, publisher_answers_requests(each));
        for (int layer = 0; layer < each->layer_count; layer++)
            printf(" %" PRIu32 ":%d:%d:%.17g", each->layers[layer]->ssrc,
                   each->layers[layer]->wanted, each->flow.flowing[layer],
                   each->layers[layer]->kbps);
        printf(" to");
        for (int number = 0; number < MOST; number++)
            for (int place = 0; place < each->listener_count; place++)
                if ((int)output_listening(each->listeners[place])->number == number)
                    printf(" %d", number);
        putchar('\n');
    }
    for (int at = 0; at < MOST; at++)
        if (outputs[at] != NULL)
            print_output(outputs[at]);
}
