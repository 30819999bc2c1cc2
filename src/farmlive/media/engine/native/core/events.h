/* The queue of events for Python: the relay's thread pushes, the event loop takes. */
#ifndef FARMLIVE_EVENTS_H
#define FARMLIVE_EVENTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "wire/codecs.h"

enum event_kind {
    EVENT_REACHED,  /* the first authenticated check of the peer */
    EVENT_DTLS,     /* a DTLS record from an address that the peer has validated */
    EVENT_LOST,     /* no check of the peer for 30 s */
    EVENT_AIRED,    /* viewers of the output get this publisher from now on */
    EVENT_SILENT,   /* no media from the publisher for some seconds */
    EVENT_FLOWING,  /* media of the publisher, for the first time or again */
    EVENT_OBJECTED, /* viewers can't play the publisher's stream */
    EVENT_FREED,    /* the removed peer's sessions are no longer used */
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
    atomic_ulong takings; /* how often events were taken */
    int bell;             /* an eventfd, written when the queue was empty */
};

void events_init(struct events *events, int bell);
void events_clear(struct events *events);
void events_push(struct events *events, enum event_kind kind, uint64_t peer, uint64_t output,
                 enum objection objection, const uint8_t *data, size_t size);
/* Remove and return all events, in order; the caller frees each with free(). */
struct event *events_take(struct events *events);

#endif
