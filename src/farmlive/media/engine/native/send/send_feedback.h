/* The queue of reports from the senders: any thread pushes, the relay's thread takes. */
#ifndef FARMLIVE_SEND_FEEDBACK_H
#define FARMLIVE_SEND_FEEDBACK_H

#include <pthread.h>

#include "base/bytes.h"

enum send_feedback_kind {
    REPORT_REFUSED, /* packets to this peer found the system's buffers full */
    REPORT_STREAM,  /* a protected packet for a peer that is reached by a stream */
    REPORT_FREED,   /* the peer's leg is gone: its session is not used any more */
};

struct send_feedback_item {
    struct send_feedback_item *next;
    enum send_feedback_kind kind;
    uint64_t peer;
    int packets;
    size_t size;
    uint8_t data[];
};

struct send_feedback {
    pthread_mutex_t lock;
    struct send_feedback_item *first, **end;
    int bell; /* an eventfd that is written where the queue was empty; -1: no thread waits for it */
};

void send_feedback_init(struct send_feedback *feedback, int bell);
void send_feedback_clear(struct send_feedback *feedback);
void send_feedback_push(struct send_feedback *feedback, enum send_feedback_kind kind, uint64_t peer,
                        int packets, const uint8_t *data, size_t size);
/* All that is there, in order, for the caller to free each with free(). */
struct send_feedback_item *send_feedback_take(struct send_feedback *feedback);

#endif
