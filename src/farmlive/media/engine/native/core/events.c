/* The queue of events.
 *
 * Always holds: the bell was rung since the queue was last empty. The reader clears the bell first
 * and then takes the events, so that none is left behind. */
#include "core/events.h"

#include <string.h>

#include "base/bell.h"
#include "base/memory.h"

void events_init(struct events *events, int bell)
{
    pthread_mutex_init(&events->lock, NULL);
    events->first = NULL;
    events->end = &events->first;
    atomic_init(&events->takings, 0);
    events->bell = bell;
}

void events_clear(struct events *events)
{
    for (struct event *event = events_take(events); event != NULL;) {
        struct event *next = event->next;
        free(event);
        event = next;
    }
    pthread_mutex_destroy(&events->lock);
}

void events_push(struct events *events, enum event_kind kind, uint64_t peer, uint64_t output,
                 enum objection objection, const uint8_t *data, size_t size)
{
    struct event *event = memory_new(sizeof *event + size);
    event->kind = kind;
    event->peer = peer;
    event->output = output;
    event->objection = objection;
    event->size = size;
    if (size > 0)
        memcpy(event->data, data, size);
    pthread_mutex_lock(&events->lock);
    bool was_empty = events->first == NULL;
    *events->end = event;
    events->end = &event->next;
    pthread_mutex_unlock(&events->lock);
    if (was_empty)
        bell_ring(events->bell);
}

struct event *events_take(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    struct event *first = events->first;
    events->first = NULL;
    events->end = &events->first;
    atomic_fetch_add_explicit(&events->takings, 1, memory_order_relaxed);
    pthread_mutex_unlock(&events->lock);
    return first;
}
