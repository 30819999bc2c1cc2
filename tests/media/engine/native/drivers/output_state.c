/* Where everyone is, and in which numbers, a line each. */
#include "output_state.h"

#include <inttypes.h>

#include "driver.h"

static void print_offset(const struct rewrite_offset *offset)
{
    printf("%d,%d,%" PRIu32 ",%d,%d,%d", offset->payload_type, offset->sequence, offset->timestamp,
           offset->pictures.codec, offset->pictures.picture, offset->pictures.base);
}

static void print_epoch(const struct epoch *epoch)
{
    printf(" %" PRIu32 ":%d:", epoch->track->ssrc, epoch->first);
    print_offset(&epoch->offset);
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
    const struct slow_viewer *slow = &each->slow;
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
        printf(" last %d %" PRIu32 " %" PRIu32 " %d %d %.17g", each->last_sequence,
               each->last_timestamp, each->last_latest, each->last_pictures.picture,
               each->last_pictures.base, each->last_at);
    printf(" rtx %d %d", each->rtx_sequence, each->rtx_left);
    printf(" sound %d", each->has_audio_offset ? each->audio_offset : -1);
    printf(" stall %ld %.17g", slow->dropped, slow->wait_s);
    print_optional(slow->is_down, slow->since);
    printf(" choice %d %d %d %.17g %.17g %.17g %.17g\n", choice->most, choice->probe, choice->limit,
           choice->loss, choice->up_at, choice->back_off, choice->base_loss);
}

static void print_peers(const char *name, const struct list *list, size_t offset)
{
    printf(" %s", name);
    list_each(link, list)
        printf(" %" PRIu64, ((struct viewer *)((char *)link - offset))->peer);
}

static void print_forwarders(const struct output *each)
{
    list_each(link, &each->sending.forwarders) {
        const struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        printf("l %" PRIu64 " %" PRIu32 " %d %d ", forwarder->publisher->peer,
               forwarder->track->ssrc, forwarder->pending_count, forwarder->whole);
        if (forwarder->has_common)
            print_offset(&forwarder->common);
        print_peers(":", &forwarder->members, offsetof(struct viewer, place));
        putchar('\n');
    }
}

static void print_output(const struct output *each)
{
    printf("o %" PRIu64 " %d %d", each->number, each->on_air ? (int)each->on_air->peer : 0,
           each->following ? (int)each->following->peer : 0);
    print_peers("waiting", &each->catch_up.waiting, offsetof(struct viewer, place));
    print_peers("catching", &each->catch_up.catching, offsetof(struct viewer, place));
    print_peers("moving", &each->catch_up.moving, offsetof(struct viewer, moving));
    print_peers("probing", &each->catch_up.probing, offsetof(struct viewer, probing));
    printf(" sent %ld %ld %ld %ld %d", each->sending.sent, each->dropped, each->rtx.repaired,
           each->rtx.unrepaired, each->sending.stale);
    printf(" %.17g %d %ld %ld\n", each->switched_at, each->sending.sound.codec,
           each->sending.sound.packets, each->sending.sound.octets);
    print_forwarders(each);
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
