/* The queue of reports from the senders: any thread pushes, the relay's thread takes. */
#ifndef FARMLIVE_SEND_FEEDBACK_H
#define FARMLIVE_SEND_FEEDBACK_H

#include <pthread.h>

#include "base/bytes.h"

enum send_feedback_kind {
    REPORT_REFUSED, /* full system buffers refused packets to this peer */
    REPORT_STREAM,  /* a protected packet for a peer on a stream */
    REPORT_FREED,   /* the peer's leg is gone: its session is no longer used */
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
    int bell; /* an eventfd, written when the queue was empty; -1: no thread waits for it */
};

void send_feedback_init(struct send_feedback *feedback, int bell);
void send_feedback_clear(struct send_feedback *feedback);
void send_feedback_push(struct send_feedback *feedback, enum send_feedback_kind kind, uint64_t peer,
                        int packets, const uint8_t *data, size_t size);
/* Remove and return all reports, in order; the caller frees each with free(). */
struct send_feedback_item *send_feedback_take(struct send_feedback *feedback);

#endif
