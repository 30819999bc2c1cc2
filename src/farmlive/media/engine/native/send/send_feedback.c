/* The queue of the senders' reports, and the bell that wakes the relay's thread.
 *
 * Always holds: `end` is where the next report is linked in; reports are in the order in which they
 * were pushed. The bell is rung once for all reports until the queue is emptied. */
#include "send/send_feedback.h"

#include "base/bell.h"
#include "base/memory.h"

void send_feedback_init(struct send_feedback *feedback, int bell)
{
    pthread_mutex_init(&feedback->lock, NULL);
    feedback->first = NULL;
    feedback->end = &feedback->first;
    feedback->bell = bell;
}

void send_feedback_clear(struct send_feedback *feedback)
{
    for (struct send_feedback_item *report = send_feedback_take(feedback), *next; report;
         report = next) {
        next = report->next;
        free(report);
    }
    pthread_mutex_destroy(&feedback->lock);
}

void send_feedback_push(struct send_feedback *feedback, enum send_feedback_kind kind, uint64_t peer,
                        int packets, const uint8_t *data, size_t size)
{
    struct send_feedback_item *report = memory_checked(malloc(sizeof *report + size));
    report->next = NULL;
    report->kind = kind;
    report->peer = peer;
    report->packets = packets;
    report->size = size;
    if (size)
        memcpy(report->data, data, size);
    pthread_mutex_lock(&feedback->lock);
    bool was_empty = !feedback->first;
    *feedback->end = report;
    feedback->end = &report->next;
    pthread_mutex_unlock(&feedback->lock);
    if (was_empty && feedback->bell >= 0)
        bell_ring(feedback->bell);
}

struct send_feedback_item *send_feedback_take(struct send_feedback *feedback)
{
    pthread_mutex_lock(&feedback->lock);
    struct send_feedback_item *first = feedback->first;
    feedback->first = NULL;
    feedback->end = &feedback->first;
    pthread_mutex_unlock(&feedback->lock);
    return first;
}
