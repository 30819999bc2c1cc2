/* A publisher: its tracks and listeners.
 *
 * Always holds: `layer_select` are the video tracks in the order of their places; a listener is
 * listed once. */
#include "ingest/publisher.h"

#include <math.h>

#include "base/memory.h"

/* The burst and the refill interval, in seconds, of a publisher's urgent keyframe requests, those
 * that can't wait for the next keyframe of the others; however many viewers ask. */
static const double HURRIES_MOST = 3.0, HURRY_EVERY_S = 5.0;

struct publisher *publisher_new(struct publishing *publishing, uint32_t own_ssrc, uint64_t peer)
{
    struct publisher *publisher = memory_new(sizeof *publisher);
    publisher->peer = peer;
    publisher->own_ssrc = own_ssrc;
    publisher->publishing = publishing;
    for (int at = 0; at < publishing->count; at++) {
        const struct incoming *incoming = &publishing->tracks[at];
        for (int layer = 0; layer == 0 || layer < incoming->layers; layer++)
            publisher->tracks[publisher->track_count++] = track_new(publishing, incoming, layer);
    }
    publisher_arrange(publisher);
    flow_init(&publisher->flow, publisher->layer_count);
    arrivals_init(&publisher->arrivals);
    source_clock_init(&publisher->clock);
    publisher->answered = true;
    publisher->hurries = HURRIES_MOST;
    publisher->round_trip_s = -1;
    publisher->health = (struct health){.rtt_ms = -1, .keyframe_s = -1, .jitter_ms = -1};
    return publisher;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    for (int at = 0; at < publisher->track_count; at++)
        track_release(publisher->tracks[at]);
    publishing_release(publisher->publishing);
    free(publisher->listeners);
    free(publisher);
}

/* Listeners. */

static int place_of(const struct publisher *publisher, const struct publisher_listener *listener)
{
    int at = 0;
    while (at < publisher->listener_count && publisher->listeners[at] != listener)
        at++;
    return at;
}

void publisher_add_listener(struct publisher *publisher, struct publisher_listener *listener)
{
    int count = publisher->listener_count;
    if (place_of(publisher, listener) < count)
        return;
    if (count == publisher->listener_room) {
        publisher->listener_room = count ? 2 * count : 4;
        publisher->listeners = memory_grow(publisher->listeners, (size_t)publisher->listener_room,
                                           sizeof *publisher->listeners);
    }
    publisher->listeners[publisher->listener_count++] = listener;
}

void publisher_remove_listener(struct publisher *publisher,
                               const struct publisher_listener *listener)
{
    struct publisher_listener **at = publisher->listeners + place_of(publisher, listener);
    int behind = publisher->listener_count - (int)(at - publisher->listeners) - 1;
    if (behind < 0)
        return;
    memmove(at, at + 1, (size_t)behind * sizeof *at);
    publisher->listener_count--;
}

/* A copy of the listeners: their callbacks may add and remove some. */
static struct publisher_listener **listeners_now(const struct publisher *publisher)
{
    size_t size = (size_t)publisher->listener_count * sizeof *publisher->listeners;
    struct publisher_listener **listeners = memory_checked(malloc(size + 1));
    if (size > 0)
        memcpy(listeners, publisher->listeners, size);
    return listeners;
}

void publisher_tell_renewed(const struct publisher *publisher, struct track *old,
                            struct track *fresh, double now)
{
    int count = publisher->listener_count;
    struct publisher_listener **listeners = listeners_now(publisher);
    for (int at = 0; at < count; at++)
        listeners[at]->renewed(listeners[at], old, fresh, now);
    free(listeners);
}

void publisher_tell_layers(const struct publisher *publisher, double now)
{
    int count = publisher->listener_count;
    struct publisher_listener **listeners = listeners_now(publisher);
    for (int at = 0; at < count; at++)
        listeners[at]->layers_changed(listeners[at], now);
    free(listeners);
}

/* Tracks and layers. */

void publisher_arrange(struct publisher *publisher)
{
    int count = 0;
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *track = publisher->tracks[at];
        if (!track->incoming->is_video || count == LAYERS_MOST)
            continue;
        int place = count++;
        for (; place > 0 && publisher->layers[place - 1]->layer > track->layer; place--)
            publisher->layers[place] = publisher->layers[place - 1];
        publisher->layers[place] = track;
    }
    publisher->layer_count = count;
}

double publisher_last_at(const struct publisher *publisher)
{
    double last = 0;
    for (int at = 0; at < publisher->track_count; at++)
        if (publisher->tracks[at]->last_at > last)
            last = publisher->tracks[at]->last_at;
    return last;
}

bool publisher_wanted(const struct publisher *publisher)
{
    for (int layer = 0; layer < publisher->layer_count; layer++)
        if (publisher->layers[layer]->wanted || publisher->layers[layer]->wanted_patiently)
            return true;
    return false;
}

bool publisher_answers_requests(const struct publisher *publisher)
{
    for (int layer = 0; layer < publisher->layer_count; layer++)
        if (publisher->layers[layer]->incoming->pli)
            return publisher->answered;
    return false;
}

bool publisher_has_layer(const struct publisher *publisher, const struct track *track)
{
    for (int layer = 0; layer < publisher->layer_count; layer++)
        if (publisher->layers[layer] == track)
            return true;
    return false;
}

bool publisher_is_lowest(const struct publisher *publisher, const struct track *track)
{
    if (publisher->layer_count < 2)
        return true;
    for (int layer = 0; layer < publisher->flow.count && layer < track->layer; layer++)
        if (publisher->flow.flowing[layer])
            return false;
    return true;
}

void publisher_want_keyframe(struct publisher *publisher, struct track *track)
{
    if (track != NULL) {
        track->wanted = true;
        return;
    }
    for (int layer = 0; layer < publisher->layer_count; layer++)
        publisher->layers[layer]->wanted = true;
}

void publisher_want_keyframe_patiently(struct track *track) { track->wanted_patiently = true; }

bool publisher_may_hurry(struct publisher *publisher, double now)
{
    double more = fmax(0.0, now - publisher->hurried_at) / HURRY_EVERY_S;
    publisher->hurries = fmin(HURRIES_MOST, publisher->hurries + more);
    publisher->hurried_at = now;
    if (publisher->hurries < 1.0)
        return false;
    publisher->hurries -= 1.0;
    return true;
}

double publisher_patient_for_s(const struct publisher *publisher, double now)
{
    double within_s = INFINITY;
    for (int layer = 0; layer < publisher->layer_count; layer++)
        if (publisher->layers[layer]->wanted_patiently)
            within_s = fmin(within_s, track_patience_s(publisher->layers[layer], now));
    return within_s;
}

bool publisher_look(struct publisher *publisher, double now)
{
    long packets[LAYERS_MOST], frames[LAYERS_MOST];
    for (int layer = 0; layer < publisher->layer_count; layer++) {
        packets[layer] = publisher->layers[layer]->packets;
        frames[layer] = publisher->layers[layer]->frames;
    }
    if (!flow_look(&publisher->flow, packets, frames, now))
        return false;
    for (int layer = 0; layer < publisher->layer_count; layer++)
        if (!publisher->flow.flowing[layer])
            track_forget_request(publisher->layers[layer]);
    return true;
}
