/* Legs, send groups, and the owner of each leg, which runs its tasks: the caller, or a send thread.
 *
 * Always holds: only the relay's thread uses `legs`, `load` and `latest`; only its owner uses a
 * leg's own fields. A leg is freed once, by its owner, or at the end with all that are left.
 * `fanout` encrypts and sends, `task_queue` keeps the order of tasks. */
#include "send/senders.h"

#include <math.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cores.h"
#include "base/memory.h"
#include "base/thread.h"
#include "send/fanout.h"
#include "send/send_sockets.h"
#include "send/task_queue.h"

/* Tasks that a thread takes out of its queue at once. */
enum { TAKEN_MOST = 32 };

/* An owner keeps getting legs until it has this many more than another. Sessions made one after the
 * other are adjacent in memory: with one owner, cores don't contend for them; and a small send
 * group wakes only one thread. */
enum { LEAD = 64 };

/* An owner with this many legs is pinned to a core of its own, if there is one for each. When a
 * frame comes, the relay's thread has just run on one core and, often, something else on another:
 * then the kernel may put two owners on one core, and the viewers of the second wait for those of
 * the first. With fewer viewers that is soon over, and an owner is better on an idle core. */
enum { CROWD = 128 };

/* A sender report (RFC 3550, section 6.4.1): its type, its least size, and where the middle 32 bits
 * of its NTP time are. */
enum { SENDER_REPORT_TYPE = 200, SENDER_REPORT = 28, NTP_MIDDLE = 10 };
/* Longer waits count as this. */
static const double WAIT_MOST_S = 10.0;

/* One owner of legs. */
struct sender {
    struct senders *senders;
    struct fanout *fanout;
    int load; /* how many legs it owns */
    bool is_kept;
    struct send_sockets send_sockets; /* the relay's thread's */
    bool is_threaded;
    pthread_t thread;
    struct task_queue queue;
};

struct senders {
    struct send_feedback *feedback;
    bool captures; /* then no leg is on a stream */
    bool has_threads;
    struct list legs;
    struct cores cores;
    int count;
    struct sender *each;
    struct sender *latest; /* the owner of the last leg */
};

/* The legs of one owner: those from `first` on. */
struct part {
    struct sender *owner;
    int first, count;
};

struct send_group {
    atomic_uint holders;
    int count, part_count;
    struct part *parts;
    struct leg *legs[];
};

/* The owner's part: running tasks. */

static void leg_move(struct leg *leg, int fd, const struct address *address)
{
    /* Forget the limits of the old route. */
    leg->segmented = true;
    leg->fd = fd;
    leg->address = *address;
    leg->streamed = fd < 0 && !leg->owner->senders->captures;
}

static void leg_clear(struct leg *leg)
{
    gcm_free(leg->gcm);
    free(leg);
}

static void leg_free(struct sender *owner, struct leg *leg)
{
    uint64_t peer = leg->peer;
    leg_clear(leg);
    send_feedback_push(owner->senders->feedback, REPORT_FREED, peer, 0, NULL, 0);
}

static double senders_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Note for how long a sender report has waited, so that this is not taken for the link's delay. */
static void note_wait(struct leg *leg, const uint8_t *data, size_t size, double pushed_at)
{
    if (size < SENDER_REPORT || data[1] != SENDER_REPORT_TYPE)
        return;
    uint32_t waited = (uint32_t)(fmin(senders_now() - pushed_at, WAIT_MOST_S) * 65536);
    atomic_store_explicit(&leg->report_waited, (uint64_t)get32(data + NTP_MIDDLE) << 32 | waited,
                          memory_order_relaxed);
}

static void sender_do(struct sender *sender, const struct task *task)
{
    switch (task->kind) {
    case TASK_SEND: {
        const struct part *part = &task->send_group->parts[task->number];
        fanout_send(sender->fanout, task->send_group->legs + part->first, part->count, task->batch);
        send_group_release(task->send_group);
        packet_batch_release(task->batch);
        break;
    }
    case TASK_SEND_ONE:
        fanout_send(sender->fanout, &task->leg, 1, task->batch);
        packet_batch_release(task->batch);
        break;
    case TASK_RTCP:
        note_wait(task->leg, task->data, (size_t)task->number, task->pushed_at);
        fanout_send_rtcp(sender->fanout, task->leg, task->data, (size_t)task->number);
        free(task->data);
        break;
    case TASK_MOVE:
        leg_move(task->leg, task->number, task->data);
        free(task->data);
        break;
    case TASK_REMOVE:
        leg_free(sender, task->leg);
        break;
    }
}

static void *sender_run(void *context)
{
    struct sender *sender = context;
    cores_hurry(TURN_SENDS);
    struct task tasks[TAKEN_MOST];
    for (int count; (count = task_queue_take(&sender->queue, tasks, TAKEN_MOST)) > 0;)
        for (int at = 0; at < count; at++)
            sender_do(sender, &tasks[at]);
    return NULL;
}

/* Start the thread. Returns 0 or an error number. */
static int sender_start(struct sender *sender)
{
    task_queue_init(&sender->queue);
    int status = thread_start(&sender->thread, "farmlive-send", sender_run, sender);
    sender->is_threaded = status == 0;
    if (status != 0)
        task_queue_clear(&sender->queue);
    return status;
}

struct senders *senders_new(int threads, struct send_feedback *feedback,
                            const struct capture *capture)
{
    struct senders *senders = memory_new(sizeof *senders);
    bool segments = fanout_probe();
    senders->feedback = feedback;
    senders->captures = capture != NULL;
    senders->has_threads = threads > 0;
    list_init(&senders->legs);
    senders->cores = cores_of_caller();
    senders->count = threads > 0 ? threads : 1;
    senders->each = memory_new((size_t)senders->count * sizeof *senders->each);
    senders->latest = senders->each;
    for (int at = 0; at < senders->count; at++) {
        struct sender *sender = &senders->each[at];
        sender->senders = senders;
        sender->fanout = fanout_new(feedback, capture, segments);
    }
    return senders;
}

void senders_open_sockets(struct senders *senders, int shared)
{
    for (int at = 0; at < senders->count; at++)
        send_sockets_open(&senders->each[at].send_sockets, shared);
}

int senders_start(struct senders *senders)
{
    int status = 0;
    for (int at = 0; senders->has_threads && status == 0 && at < senders->count; at++)
        status = sender_start(&senders->each[at]);
    return status;
}

void senders_free(struct senders *senders)
{
    for (int at = 0; at < senders->count; at++)
        if (senders->each[at].is_threaded)
            task_queue_end(&senders->each[at].queue);
    for (int at = 0; at < senders->count; at++) {
        struct sender *sender = &senders->each[at];
        if (sender->is_threaded) {
            pthread_join(sender->thread, NULL);
            task_queue_clear(&sender->queue);
        }
        fanout_free(sender->fanout);
        send_sockets_close(&sender->send_sockets);
    }
    list_each(at, &senders->legs)
        leg_clear(list_entry(at, struct leg, all));
    free(senders->each);
    free(senders);
}

uint64_t senders_failed(const struct senders *senders)
{
    uint64_t failed = 0;
    for (int at = 0; at < senders->count; at++)
        failed += fanout_failed(senders->each[at].fanout);
    return failed;
}

/* Pin or unpin the owner after a change of its load. */
static void sender_place(struct sender *sender)
{
    const struct senders *senders = sender->senders;
    if (senders->count < 2 || senders->count != senders->cores.count)
        return;
    if (!sender->is_kept && sender->load >= CROWD) {
        sender->is_kept = true;
        cores_keep(&senders->cores, sender->thread, (int)(sender - senders->each));
    } else if (sender->is_kept && sender->load < CROWD / 2) {
        sender->is_kept = false;
        cores_let_go(&senders->cores, sender->thread);
    }
}

struct leg *senders_add(struct senders *senders, uint64_t peer, srtp_session transmit, unsigned tag)
{
    struct leg *leg = memory_new(sizeof *leg);
    struct sender *freest = senders->each;
    for (int at = 1; at < senders->count; at++)
        if (senders->each[at].load < freest->load)
            freest = &senders->each[at];
    if (senders->latest->load >= freest->load + LEAD)
        senders->latest = freest;
    senders->latest->load++;
    sender_place(senders->latest);
    list_add(&senders->legs, &leg->all);
    leg->peer = peer;
    leg->owner = senders->latest;
    leg->transmit = transmit;
    leg->tag = tag;
    leg->fd = -1;
    leg->segmented = true;
    return leg;
}

void senders_use_gcm(struct leg *leg, struct gcm *gcm) { leg->gcm = gcm; }

void senders_move(struct leg *leg, int fd, const struct address *address)
{
    if (fd >= 0)
        fd = send_sockets_for(&leg->owner->send_sockets, fd);
    if (!leg->owner->is_threaded) {
        leg_move(leg, fd, address);
        return;
    }
    struct address *kept = memory_checked(malloc(sizeof *kept));
    *kept = *address;
    task_queue_push(&leg->owner->queue,
                    &(struct task){.kind = TASK_MOVE, .leg = leg, .number = fd, .data = kept});
}

void senders_remove(struct leg *leg)
{
    struct sender *owner = leg->owner;
    list_remove(&leg->all);
    owner->load--;
    sender_place(owner);
    if (owner->is_threaded)
        task_queue_push(&owner->queue, &(struct task){.kind = TASK_REMOVE, .leg = leg});
    else
        leg_free(owner, leg);
}

/* Return the part of this owner, created if needed. */
static struct part *send_group_part(struct send_group *send_group, struct sender *owner)
{
    for (int at = 0; at < send_group->part_count; at++)
        if (send_group->parts[at].owner == owner)
            return &send_group->parts[at];
    send_group->parts = memory_grow(send_group->parts, (size_t)send_group->part_count + 1,
                                    sizeof *send_group->parts);
    struct part *part = &send_group->parts[send_group->part_count++];
    *part = (struct part){.owner = owner};
    return part;
}

struct send_group *send_group_new(struct leg *const *legs, int count)
{
    struct send_group *send_group =
        memory_checked(malloc(sizeof *send_group + (size_t)count * sizeof *legs));
    atomic_init(&send_group->holders, 1);
    send_group->count = count;
    send_group->part_count = 0;
    send_group->parts = NULL;
    for (int at = 0; at < count; at++)
        send_group_part(send_group, legs[at]->owner)->count++;
    for (int at = 0, first = 0; at < send_group->part_count; at++) {
        struct part *part = &send_group->parts[at];
        part->first = first;
        first += part->count;
        part->count = 0;
    }
    for (int at = 0; at < count; at++) {
        struct part *part = send_group_part(send_group, legs[at]->owner);
        send_group->legs[part->first + part->count++] = legs[at];
    }
    return send_group;
}

int send_group_count(const struct send_group *send_group) { return send_group->count; }

void send_group_release(struct send_group *send_group)
{
    if (atomic_fetch_sub_explicit(&send_group->holders, 1, memory_order_acq_rel) > 1)
        return;
    free(send_group->parts);
    free(send_group);
}

void senders_send(struct send_group *send_group, struct packet_batch *batch)
{
    for (int at = 0; at < send_group->part_count; at++) {
        const struct part *part = &send_group->parts[at];
        if (!part->owner->is_threaded) {
            fanout_send(part->owner->fanout, send_group->legs + part->first, part->count, batch);
            continue;
        }
        atomic_fetch_add_explicit(&send_group->holders, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&batch->holders, 1, memory_order_relaxed);
        task_queue_push(&part->owner->queue, &(struct task){.kind = TASK_SEND,
                                                            .send_group = send_group,
                                                            .number = at,
                                                            .batch = batch});
    }
}

void senders_send_one(struct leg *leg, struct packet_batch *batch)
{
    if (!leg->owner->is_threaded) {
        fanout_send(leg->owner->fanout, &leg, 1, batch);
        return;
    }
    atomic_fetch_add_explicit(&batch->holders, 1, memory_order_relaxed);
    task_queue_push(&leg->owner->queue,
                    &(struct task){.kind = TASK_SEND_ONE, .leg = leg, .batch = batch});
}

void senders_send_rtcp(struct leg *leg, const uint8_t *data, size_t size)
{
    if (!leg->owner->is_threaded) {
        fanout_send_rtcp(leg->owner->fanout, leg, data, size);
        return;
    }
    uint8_t *kept = memory_checked(malloc(size ? size : 1));
    memcpy(kept, data, size);
    task_queue_push(&leg->owner->queue, &(struct task){.kind = TASK_RTCP,
                                                       .leg = leg,
                                                       .number = (int)size,
                                                       .data = kept,
                                                       .pushed_at = senders_now()});
}

uint32_t senders_report_waited(const struct leg *leg, uint32_t middle)
{
    uint64_t waited = atomic_load_explicit(&leg->report_waited, memory_order_relaxed);
    return waited >> 32 == middle ? (uint32_t)waited : 0;
}
