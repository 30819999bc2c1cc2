/* A bounded ring of tasks between two threads, under one lock.
 *
 * Always holds: the tasks are at `first` and the `count` - 1 slots after it, modulo the size. The
 * thread that wakes another clears `sleeping` or `waiting`, so that it wakes it once. */
#include "send/task_queue.h"

void task_queue_init(struct task_queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    pthread_cond_init(&queue->emptied, NULL);
    queue->sleeping = queue->waiting = queue->ended = false;
    queue->first = queue->count = 0;
}

void task_queue_clear(struct task_queue *queue)
{
    pthread_cond_destroy(&queue->emptied);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
}

static bool task_queue_wake(bool *asleep)
{
    bool was = *asleep;
    *asleep = false;
    return was;
}

void task_queue_push(struct task_queue *queue, const struct task *task)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == TASK_QUEUE_MOST) {
        queue->waiting = true;
        pthread_cond_wait(&queue->emptied, &queue->lock);
    }
    queue->tasks[(queue->first + queue->count++) % TASK_QUEUE_MOST] = *task;
    bool wake = task_queue_wake(&queue->sleeping);
    pthread_mutex_unlock(&queue->lock);
    if (wake)
        pthread_cond_signal(&queue->filled);
}

void task_queue_end(struct task_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->ended = true;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

int task_queue_take(struct task_queue *queue, struct task *out, int most)
{
    pthread_mutex_lock(&queue->lock);
    while (!queue->count && !queue->ended) {
        queue->sleeping = true;
        pthread_cond_wait(&queue->filled, &queue->lock);
    }
    int taken = 0;
    for (; queue->count && taken < most; queue->count--) {
        out[taken++] = queue->tasks[queue->first];
        queue->first = (queue->first + 1) % TASK_QUEUE_MOST;
    }
    bool wake = task_queue_wake(&queue->waiting);
    pthread_mutex_unlock(&queue->lock);
    if (wake)
        pthread_cond_signal(&queue->emptied);
    return taken;
}
