/* A send thread's tasks, in order.
 *
 * Always holds: one thread pushes, one takes. A push wakes the other thread only if it sleeps, and
 * waits only while the queue is full. */
#ifndef FARMLIVE_TASK_QUEUE_H
#define FARMLIVE_TASK_QUEUE_H

#include <pthread.h>

#include "base/address.h"

struct send_group;
struct packet_batch;
struct leg;

enum task_kind {
    TASK_SEND,     /* the batch to one part of the send group; the task holds both */
    TASK_SEND_ONE, /* the batch, which the task holds, to the leg */
    TASK_RTCP,     /* the packet to the leg */
    TASK_MOVE,     /* the leg is now at `fd` and the address */
    TASK_REMOVE,   /* free the leg */
};

struct task {
    enum task_kind kind;
    int number; /* part of the send group, socket, or size of the packet */
    struct leg *leg;
    struct send_group *send_group;
    struct packet_batch *batch;
    void *data;       /* a packet or an address, from malloc() */
    double pushed_at; /* a packet: when */
};

enum { TASK_QUEUE_MOST = 1024 };

struct task_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    bool sleeping, waiting, ended;
    unsigned first, count;
    struct task tasks[TASK_QUEUE_MOST];
};

void task_queue_init(struct task_queue *queue);
void task_queue_clear(struct task_queue *queue);
void task_queue_push(struct task_queue *queue, const struct task *task);
/* End the queue: nothing more will be pushed. */
void task_queue_end(struct task_queue *queue);
/* Wait for tasks and take up to `most`; 0 after the end. */
int task_queue_take(struct task_queue *queue, struct task *out, int most);

#endif
