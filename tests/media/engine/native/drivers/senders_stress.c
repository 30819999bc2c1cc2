/* Viewers who come, move and go while batches are sent to them by several threads: for the thread
 * and address sanitizers. Protection is made up here: it counts what each session protects, without
 * a lock, so that a session in two threads at once is seen. */
#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "send/senders.h"

enum { PEERS = 200, ROUNDS = 2000, TAG = 16 };

struct session {
    unsigned long protected;
};

static int protect(srtp_session session, void *packet, int *size)
{
    ((struct session *)session)->protected++;
    memset((uint8_t *)packet + *size, 0xAA, TAG);
    *size += TAG;
    return 0;
}

static unsigned long drawn = 1;

static int draw(int below)
{
    drawn = drawn * 6364136223846793005UL + 1442695040888963407UL;
    return (int)((drawn >> 33) % (unsigned long)below);
}

static int fds[2];
static unsigned long streamed, freed;

static void hear(struct send_feedback *reports)
{
    for (struct send_feedback_item *report = send_feedback_take(reports), *next; report;
         report = next) {
        next = report->next;
        streamed += report->kind == REPORT_STREAM;
        freed += report->kind == REPORT_FREED;
        free(report);
    }
}

static void place(struct leg *leg)
{
    struct address address;
    socklen_t size = sizeof address.name;
    int at = draw(3);
    memset(&address, 0, sizeof address);
    getsockname(fds[0], &address.name.any, &size);
    address.size = sizeof address.name.v4;
    senders_move(leg, at < 2 ? fds[at] : -1, &address);
}

static struct packet_batch *write_burst(void)
{
    struct packet_batch *batch = packet_batch_new(8);
    for (int left = 1 + draw(8), size = 20 + draw(1400); left; left--)
        memset(packet_batch_add(batch, (size_t)size), 0x80, (size_t)size);
    return batch;
}

/* Send a sender report with this middle of its NTP time. */
static void send_report(struct leg *leg, uint8_t middle)
{
    const uint8_t report[28] = {0x80, 200, 0, 6, [13] = middle};
    senders_send_rtcp(leg, report, sizeof report);
}

/* Return whether a report that is queued behind media says that it waited. */
static bool tells_wait(struct leg *leg, struct send_group *send_group)
{
    for (int left = 8; left; left--) {
        struct packet_batch *batch = write_burst();
        senders_send(send_group, batch);
        packet_batch_release(batch);
    }
    send_report(leg, 200);
    for (int left = 10000; left; left--) {
        if (senders_report_waited(leg, 200) > 0)
            return senders_report_waited(leg, 201) == 0;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

int main(int count, char **arguments)
{
    int threads = count > 1 ? atoi(arguments[1]) : 2;
    struct send_feedback reports;
    struct session *sessions = memory_new((PEERS + ROUNDS) * sizeof *sessions);
    struct leg *legs[PEERS];
    unsigned long added = 0, removed = 0;
    srtp = (struct srtp_functions){protect, protect, protect, protect};
    for (int at = 0; at < 2; at++) {
        struct sockaddr_in here = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        fds[at] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (bind(fds[at], (struct sockaddr *)&here, sizeof here) != 0)
            return 1;
    }
    send_feedback_init(&reports, -1);
    struct senders *senders = senders_new(threads, &reports, NULL);
    if (senders_start(senders) != 0)
        return 1;
    for (int at = 0; at < PEERS; at++) {
        legs[at] = senders_add(senders, added, &sessions[added], TAG);
        added++;
    }
    struct send_group *send_group = send_group_new(legs, PEERS);
    for (int round = 0; round < ROUNDS; round++) {
        int at = draw(PEERS);
        struct packet_batch *batch;
        switch (draw(6)) {
        case 0:
            send_group_release(send_group);
            senders_remove(legs[at]);
            removed++;
            legs[at] = senders_add(senders, added, &sessions[added], TAG);
            added++;
            send_group = send_group_new(legs, PEERS);
            break;
        case 1:
            place(legs[at]);
            break;
        case 2:
            senders_send_rtcp(legs[at], (const uint8_t *)"\x80\xc9\0\1\0\0\0\7", 8);
            send_report(legs[at], (uint8_t)draw(100));
            senders_report_waited(legs[at], (uint32_t)draw(100));
            break;
        case 3:
            batch = write_burst();
            senders_send_one(legs[at], batch);
            packet_batch_release(batch);
            break;
        default:
            batch = write_burst();
            senders_send(send_group, batch);
            packet_batch_release(batch);
            break;
        }
        if (draw(20) == 0)
            hear(&reports);
    }
    if (threads > 0 && !tells_wait(legs[0], send_group))
        return 1;
    send_group_release(send_group);
    uint64_t failed = senders_failed(senders);
    senders_free(senders);
    hear(&reports);
    send_feedback_clear(&reports);
    unsigned long all = 0;
    for (unsigned long at = 0; at < added; at++)
        all += sessions[at].protected;
    free(sessions);
    close(fds[0]);
    close(fds[1]);
    printf("%lu protected, %lu to streams, %llu failed\n", all, streamed,
           (unsigned long long)failed);
    return !all || !streamed || freed != removed;
}
