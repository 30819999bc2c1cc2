/* The queue of reports from the senders: any thread pushes, the relay's thread takes. */
#ifndef FARMLIVE_SEND_FEEDBACK_H
#define FARMLIVE_SEND_FEEDBACK_H

#include <pthread.h>

#include "base/bytes.h"

enum report_kind {
    REPORT_REFUSED, /* packets to this peer found the system's buffers full */
    REPORT_STREAM,  /* a protected packet for a peer that is reached by a stream */
    REPORT_FREED,   /* the peer's leg is gone: its session is not used any more */
};

struct report {
    struct report *next;
    enum report_kind kind;
    uint64_t peer;
    int packets;
    size_t size;
    uint8_t data[];
};

struct reports {
    pthread_mutex_t lock;
    struct report *first, **end;
    int bell; /* an eventfd that is written where the queue was empty; -1: no thread waits for it */
};

void reports_init(struct reports *reports, int bell);
void reports_clear(struct reports *reports);
void reports_push(struct reports *reports, enum report_kind kind, uint64_t peer, int packets,
                  const uint8_t *data, size_t size);
/* All that is there, in order, for the caller to free each with free(). */
struct report *reports_take(struct reports *reports);

#endif
