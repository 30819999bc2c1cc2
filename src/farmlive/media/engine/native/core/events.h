/* The queue of events for Python: the relay's thread pushes, the event loop takes. */
#ifndef FARMLIVE_EVENTS_H
#define FARMLIVE_EVENTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "wire/codecs.h"

enum event_kind {
    EVENT_REACHED,  /* the first authenticated check of the peer came */
    EVENT_DTLS,     /* a DTLS record came from an address that the peer has proved to be its own */
    EVENT_LOST,     /* the peer's checks stopped for 30 s */
    EVENT_AIRED,    /* from now on viewers of the output get this publisher */
    EVENT_SILENT,   /* no media came from the publisher for some seconds */
    EVENT_FLOWING,  /* media comes from the publisher, for the first time or again */
    EVENT_OBJECTED, /* viewers can't play the publisher's stream */
    EVENT_FREED,    /* nobody uses the removed peer's sessions any more */
};

struct event {
    struct event *next;
    enum event_kind kind;
    uint64_t peer, output;
    enum objection objection;
    size_t size;
    uint8_t data[];
};

struct events {
    pthread_mutex_t lock;
    struct event *first, **end;
    atomic_ulong takings; /* how often they were taken */
    int bell;             /* an eventfd that is written where the queue was empty */
};

void events_init(struct events *events, int bell);
void events_clear(struct events *events);
void events_push(struct events *events, enum event_kind kind, uint64_t peer, uint64_t output,
                 enum objection objection, const uint8_t *data, size_t size);
/* All that is there, in order, for the caller to free each with free(). */
struct event *events_take(struct events *events);

#endif
