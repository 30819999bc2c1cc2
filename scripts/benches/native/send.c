/* What it costs to send: frames of video and packets of sound to many viewers, through the native
 * engine's senders and nothing else. Built and called by `send.py`. */
#include <sys/resource.h>
#include <time.h>

#include "base/memory.h"
#include "send/senders.h"

enum { FRAMES_A_SECOND = 30, SOUND_SIZE = 12 + 100 };

struct setting {
    int threads, viewers, frames;
    int packets, size; /* of a frame's video */
    int nowhere;       /* protect, and send nothing */
    double interval_s; /* between frames; 0: as fast as it goes */
    unsigned tag;
    int fd;
    uint16_t sequence; /* the first number, of video and of sound */
};

struct result {
    double cpu_s, wall_s;
    uint64_t packets, failed;
};

static double clock_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void drop(void *context, uint64_t peer, const uint8_t *data, size_t size)
{
    (void)context, (void)peer, (void)data, (void)size;
}

static void add(struct packet_batch *batch, size_t size, uint8_t type, uint16_t sequence,
                uint32_t ssrc)
{
    uint8_t *at = packet_batch_add(batch, size);
    memset(at, 0x5A, size);
    at[0] = 0x80;
    at[1] = type;
    put16(at + 2, sequence);
    put32(at + 4, sequence * 3000U);
    put32(at + 8, ssrc);
}

/* 50 packets of sound a second ride in the batches of 30 frames. */
static struct packet_batch *frame(const struct setting *setting, int number)
{
    int sound = number * 5 / 3, next = (number + 1) * 5 / 3;
    struct packet_batch *batch = packet_batch_new(setting->packets + next - sound);
    for (int at = 0; at < setting->packets; at++)
        add(batch, (size_t)setting->size, 96,
            (uint16_t)(setting->sequence + number * setting->packets + at), 7);
    for (; sound < next; sound++)
        add(batch, SOUND_SIZE, 111, (uint16_t)(setting->sequence + sound), 8);
    return batch;
}

void bench_send(const struct setting *setting, const struct srtp_functions *functions,
                const srtp_session *sessions, const struct address *addresses,
                struct result *result)
{
    struct send_feedback reports;
    struct capture capture = {.datagram = drop};
    srtp = *functions;
    send_feedback_init(&reports, -1);
    struct senders *senders =
        senders_new(setting->threads, &reports, setting->nowhere ? &capture : NULL);
    if (senders_start(senders) != 0)
        abort();
    struct leg **legs = memory_new((size_t)setting->viewers * sizeof *legs);
    for (int at = 0; at < setting->viewers; at++) {
        legs[at] = senders_add(senders, (uint64_t)at, sessions[at], setting->tag);
        senders_move(legs[at], setting->fd, &addresses[at]);
    }
    struct send_group *send_group = send_group_new(legs, setting->viewers);
    double cpu_before = cpu(), before = clock_of(CLOCK_MONOTONIC);
    result->packets = 0;
    for (int number = 0; number < setting->frames; number++) {
        double left = before + number * setting->interval_s - clock_of(CLOCK_MONOTONIC);
        if (setting->interval_s > 0 && left > 0)
            nanosleep(&(struct timespec){.tv_nsec = (long)(left * 1e9)}, NULL);
        struct packet_batch *batch = frame(setting, number);
        result->packets += (uint64_t)batch->count * (uint64_t)setting->viewers;
        senders_send(send_group, batch);
        packet_batch_release(batch);
    }
    send_group_release(send_group);
    /* Removed last, so that what failed is known before the end: a leg's freeing is reported. */
    for (int at = 0; at < setting->viewers; at++)
        senders_remove(legs[at]);
    int freed = 0;
    while (freed < setting->viewers) {
        for (struct send_feedback_item *report = send_feedback_take(&reports), *next; report;
             report = next) {
            next = report->next;
            freed += report->kind == REPORT_FREED;
            free(report);
        }
        if (freed < setting->viewers)
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    result->cpu_s = cpu() - cpu_before;
    result->wall_s = clock_of(CLOCK_MONOTONIC) - before;
    result->failed = senders_failed(senders);
    senders_free(senders);
    send_feedback_clear(&reports);
    free(legs);
}
