/* The queue of the senders' reports, and the bell that wakes the relay's thread.
 *
 * Always holds: `end` is where the next report is linked in; reports are in the order in which they
 * were pushed. The bell is rung once for all reports until the queue is emptied. */
#include "send/send_feedback.h"

#include "base/bell.h"
#include "base/memory.h"

void reports_init(struct reports *reports, int bell)
{
    pthread_mutex_init(&reports->lock, NULL);
    reports->first = NULL;
    reports->end = &reports->first;
    reports->bell = bell;
}

void reports_clear(struct reports *reports)
{
    for (struct report *report = reports_take(reports), *next; report; report = next) {
        next = report->next;
        free(report);
    }
    pthread_mutex_destroy(&reports->lock);
}

void reports_push(struct reports *reports, enum report_kind kind, uint64_t peer, int packets,
                  const uint8_t *data, size_t size)
{
    struct report *report = memory_checked(malloc(sizeof *report + size));
    report->next = NULL;
    report->kind = kind;
    report->peer = peer;
    report->packets = packets;
    report->size = size;
    if (size)
        memcpy(report->data, data, size);
    pthread_mutex_lock(&reports->lock);
    bool was_empty = !reports->first;
    *reports->end = report;
    reports->end = &report->next;
    pthread_mutex_unlock(&reports->lock);
    if (was_empty && reports->bell >= 0)
        bell_ring(reports->bell);
}

struct report *reports_take(struct reports *reports)
{
    pthread_mutex_lock(&reports->lock);
    struct report *first = reports->first;
    reports->first = NULL;
    reports->end = &reports->first;
    pthread_mutex_unlock(&reports->lock);
    return first;
}
