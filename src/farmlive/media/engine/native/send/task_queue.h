/* A send thread's tasks, in order.
 *
 * Always holds: one thread pushes, one takes. A push wakes the other thread only if it sleeps, and
 * waits only while the queue is full. */
#ifndef FARMLIVE_TASK_QUEUE_H
#define FARMLIVE_TASK_QUEUE_H

#include <pthread.h>

#include "base/address.h"

struct audience;
struct burst;
struct leg;

enum task_kind {
    TASK_SEND,     /* the burst to one part of the audience; both are held */
    TASK_SEND_ONE, /* the held burst to the leg */
    TASK_RTCP,     /* the packet to the leg */
    TASK_MOVE,     /* the leg is reached at `fd` and the address */
    TASK_REMOVE,   /* free the leg */
};

struct task {
    enum task_kind kind;
    int number; /* which part of the audience, the socket, or the size of the packet */
    struct leg *leg;
    struct audience *audience;
    struct burst *burst;
    void *data; /* a packet or an address, of malloc() */
};

enum { QUEUE_MOST = 1024 };

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    bool sleeping, waiting, ended;
    unsigned first, count;
    struct task tasks[QUEUE_MOST];
};

void queue_init(struct queue *queue);
void queue_clear(struct queue *queue);
void queue_push(struct queue *queue, const struct task *task);
/* Nothing more will be pushed. */
void queue_end(struct queue *queue);
/* Wait for something to do and take up to so many; 0 after the end. */
int queue_take(struct queue *queue, struct task *out, int most);

#endif
