/* Protects and sends: runs of packets of one size are adjacent in memory, one run per message, many
 * messages per sendmmsg(2); the kernel cuts them into datagrams (udp(7), UDP_SEGMENT).
 *
 * Always holds: the queued messages go through one socket, are adjacent in the arena, and belong to
 * legs in the order of their batches; a message's vectors are adjacent. Nothing is queued between
 * two calls from outside. */
#include "send/fanout.h"

#include <errno.h>
#include <limits.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

/* linux/udp.h; older C libraries don't define it. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Limits of a run: what the kernel cuts at once (UDP_MAX_SEGMENTS of linux/udp.h), and what an IP
 * packet holds, with the longest tag. */
enum { RUN_PACKETS = 64, RUN_BYTES = 65000, TAG_MOST = 32 };

/* Limits of what is queued before it is sent: few enough bytes that they are still in the cache
 * when the kernel copies them, enough messages to spread the cost of a call. */
enum { GATHERED_BYTES = 128 * 1024, MESSAGES_MOST = 128, VECTORS_MOST = 256 };
enum { ARENA_BYTES = GATHERED_BYTES + RUN_BYTES + RUN_PACKETS * SRTP_TRAILER_MOST };

/* libsrtp needs packets aligned to words. */
enum { ALIGNMENT = 4 };

/* How many legs ahead of sending the last of their memory is prefetched. */
enum { AHEAD = 2 };

/* Packets of one size; the last one may be shorter. */
struct run {
    int first, count;
    size_t size;
};

/* One message: a run for one leg, or a packet of it. */
struct sent {
    struct leg *leg;
    int packets;
    size_t segment; /* of each datagram but the last */
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
};

struct fanout {
    struct send_feedback *feedback;
    struct capture capture;
    bool segments;
    atomic_uint_fast64_t failed;
    int run_count, run_room;
    struct run *runs; /* of the current batch */
    int fd, count, vector_count;
    uint8_t *end; /* of the used part of the arena */
    struct mmsghdr messages[MESSAGES_MOST];
    struct iovec vectors[VECTORS_MOST];
    struct sent sent[MESSAGES_MOST];
    _Alignas(64) uint8_t arena[ARENA_BYTES];
};

struct fanout *fanout_new(struct send_feedback *feedback, const struct capture *capture,
                          bool segments)
{
    struct fanout *fanout = memory_checked(aligned_alloc(64, sizeof *fanout));
    memset(fanout, 0, sizeof *fanout);
    fanout->feedback = feedback;
    if (capture)
        fanout->capture = *capture;
    fanout->segments = segments && !capture;
    fanout->end = fanout->arena;
    for (int at = 0; at < MESSAGES_MOST; at++) {
        struct cmsghdr *head = (struct cmsghdr *)(void *)fanout->sent[at].control;
        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    }
    return fanout;
}

void fanout_free(struct fanout *fanout)
{
    free(fanout->runs);
    free(fanout);
}

bool fanout_probe(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 1200;
    if (fd < 0)
        return false;
    bool has = setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0;
    close(fd);
    return has;
}

uint64_t fanout_failed(const struct fanout *fanout)
{
    return atomic_load_explicit(&fanout->failed, memory_order_relaxed);
}

static void fanout_fail(struct fanout *fanout, int packets)
{
    if (packets)
        atomic_fetch_add_explicit(&fanout->failed, (uint64_t)packets, memory_order_relaxed);
}

static bool is_full(int error) { return error == EAGAIN || error == ENOBUFS; }

/* Errors of older and newer kernels if a segment exceeds the route's MTU, or the interface can't
 * cut. */
static bool is_narrow(int error) { return error == EMSGSIZE || error == EINVAL || error == EIO; }

/* Record that the system's full buffers did not take the messages from here on. */
static void fanout_refused(struct fanout *fanout, int from)
{
    while (from < fanout->count) {
        struct leg *leg = fanout->sent[from].leg;
        int packets = 0;
        for (; from < fanout->count && fanout->sent[from].leg == leg; from++)
            packets += fanout->sent[from].packets;
        fanout_fail(fanout, packets);
        send_feedback_push(fanout->feedback, REPORT_REFUSED, leg->peer, packets, NULL, 0);
    }
}

/* Send a run that could not leave as one: each packet by itself. */
static void fanout_send_singly(struct fanout *fanout, int number)
{
    const struct msghdr *message = &fanout->messages[number].msg_hdr;
    const struct sent *sent = &fanout->sent[number];
    int failed = 0, refused = 0;
    for (size_t vector = 0; vector < message->msg_iovlen; vector++) {
        const uint8_t *at = message->msg_iov[vector].iov_base;
        for (size_t left = message->msg_iov[vector].iov_len, size; left; left -= size, at += size) {
            size = left < sent->segment ? left : sent->segment;
            if (sendto(fanout->fd, at, size, MSG_DONTWAIT, message->msg_name,
                       message->msg_namelen) < 0) {
                failed++;
                refused += is_full(errno);
            }
        }
    }
    fanout_fail(fanout, failed);
    if (refused)
        send_feedback_push(fanout->feedback, REPORT_REFUSED, sent->leg->peer, refused, NULL, 0);
}

/* Send the queued messages. */
static void fanout_flush(struct fanout *fanout)
{
    int at = 0;
    while (at < fanout->count) {
        int done = sendmmsg(fanout->fd, fanout->messages + at, (unsigned)(fanout->count - at),
                            MSG_DONTWAIT);
        if (done > 0) {
            at += done;
            continue;
        }
        if (is_full(errno)) {
            fanout_refused(fanout, at);
            break;
        }
        if (fanout->sent[at].packets > 1 && is_narrow(errno)) {
            fanout->sent[at].leg->segmented = false;
            fanout_send_singly(fanout, at);
        } else {
            fanout_fail(fanout, fanout->sent[at].packets);
        }
        at++;
    }
    fanout->count = fanout->vector_count = 0;
    fanout->end = fanout->arena;
}

/* Queue these packets of one leg as one message. */
static void fanout_add(struct fanout *fanout, struct leg *leg, const struct iovec *packets,
                       int count)
{
    if (fanout->capture.datagram) {
        fanout->capture.datagram(fanout->capture.context, leg->peer, packets->iov_base,
                                 packets->iov_len);
        return;
    }
    struct msghdr *message = &fanout->messages[fanout->count].msg_hdr;
    struct sent *sent = &fanout->sent[fanout->count++];
    struct iovec *vector = fanout->vectors + fanout->vector_count;
    sent->leg = leg;
    sent->packets = count;
    sent->segment = packets->iov_len;
    message->msg_name = &leg->address.name;
    message->msg_namelen = leg->address.size;
    message->msg_iov = vector;
    *vector = packets[0];
    for (int at = 1; at < count; at++)
        if ((uint8_t *)vector->iov_base + vector->iov_len == packets[at].iov_base)
            vector->iov_len += packets[at].iov_len;
        else
            *++vector = packets[at];
    message->msg_iovlen = (size_t)(++vector - message->msg_iov);
    fanout->vector_count += (int)message->msg_iovlen;
    if (count > 1) {
        uint16_t value = (uint16_t)sent->segment;
        memcpy(sent->control + CMSG_LEN(0), &value, sizeof value);
        message->msg_control = sent->control;
        message->msg_controllen = sizeof sent->control;
    } else {
        message->msg_control = NULL;
        message->msg_controllen = 0;
    }
}

/* Write an RTP packet, protected for a leg, to `out`. Returns its size; 0 on failure. */
static size_t fanout_write(const struct leg *leg, const uint8_t *packet, size_t size, uint8_t *out)
{
    if (leg->gcm != NULL)
        return gcm_protect(leg->gcm, out, packet, size);
    int length = (int)size;
    memcpy(out, packet, size);
    return srtp.protect(leg->transmit, out, &length) == 0 ? (size_t)length : 0;
}

/* Protect a run for a leg, behind the queued messages. `packets` are the results, of size 0 on
 * failure. Returns whether the kernel could cut them as they are. */
static bool fanout_protect(struct fanout *fanout, const struct leg *leg,
                           const struct packet_batch *batch, const struct run *run,
                           struct iovec packets[RUN_PACKETS])
{
    bool even = true;
    for (int number = 0; number < run->count; number++) {
        size_t plain = batch->sizes[run->first + number];
        size_t size =
            fanout_write(leg, packet_batch_at(batch, run->first + number), plain, fanout->end);
        packets[number] = (struct iovec){fanout->end, size};
        even = even && size == plain + leg->tag;
        fanout->end += (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    }
    return even;
}

/* Queue a run for a leg, as one message or, if that is impossible, packet by packet. */
static void fanout_send_run(struct fanout *fanout, struct leg *leg,
                            const struct packet_batch *batch, const struct run *run)
{
    struct iovec packets[RUN_PACKETS];
    if (fanout->end >= fanout->arena + GATHERED_BYTES ||
        fanout->count + run->count > MESSAGES_MOST ||
        fanout->vector_count + run->count > VECTORS_MOST)
        fanout_flush(fanout);
    if (fanout_protect(fanout, leg, batch, run, packets) && fanout->segments && leg->segmented) {
        fanout_add(fanout, leg, packets, run->count);
        return;
    }
    for (int number = 0; number < run->count; number++)
        if (packets[number].iov_len)
            fanout_add(fanout, leg, &packets[number], 1);
        else
            fanout_fail(fanout, 1);
}

/* Report the packets of a leg on a stream, one by one. */
static void fanout_stream(struct fanout *fanout, struct leg *leg, const struct packet_batch *batch)
{
    for (int number = 0; number < batch->count; number++) {
        size_t size =
            fanout_write(leg, packet_batch_at(batch, number), batch->sizes[number], fanout->arena);
        if (size > 0)
            send_feedback_push(fanout->feedback, REPORT_STREAM, leg->peer, 1, fanout->arena, size);
        else
            fanout_fail(fanout, 1);
    }
}

/* Cut the batch into runs. */
static void fanout_cut(struct fanout *fanout, const struct packet_batch *batch)
{
    if (batch->count > fanout->run_room) {
        fanout->run_room = batch->count;
        fanout->runs = memory_grow(fanout->runs, (size_t)batch->count, sizeof *fanout->runs);
    }
    fanout->run_count = 0;
    struct run *run = NULL;
    for (int number = 0; number < batch->count; number++) {
        size_t size = batch->sizes[number];
        if (!run || size > run->size || batch->sizes[number - 1] < run->size ||
            run->count == RUN_PACKETS ||
            (size_t)(run->count + 1) * (run->size + TAG_MOST) > RUN_BYTES) {
            run = &fanout->runs[fanout->run_count++];
            *run = (struct run){.first = number, .size = size};
        }
        run->count++;
    }
}

static void fanout_send_leg(struct fanout *fanout, struct leg *leg,
                            const struct packet_batch *batch)
{
    if (leg->streamed)
        fanout_stream(fanout, leg, batch);
    else if (!leg->address.size)
        fanout_fail(fanout, batch->count);
    else
        for (int at = 0; at < fanout->run_count; at++)
            fanout_send_run(fanout, leg, batch, &fanout->runs[at]);
}

/* Thousands of legs do not stay in the cache: prefetch what the next ones need, the leg first, and
 * then, in two steps, what it points to. */
static void fanout_look_ahead(struct leg *const *legs, int count)
{
    if (count > 3 * AHEAD) {
        __builtin_prefetch(legs[3 * AHEAD]);
        __builtin_prefetch(&legs[3 * AHEAD]->segmented);
    }
    if (count > 2 * AHEAD && legs[2 * AHEAD]->gcm != NULL)
        gcm_fetch(legs[2 * AHEAD]->gcm);
    if (count > AHEAD && legs[AHEAD]->gcm != NULL)
        gcm_fetch_context(legs[AHEAD]->gcm);
}

void fanout_send(struct fanout *fanout, struct leg *const *legs, int count,
                 const struct packet_batch *batch)
{
    fanout_cut(fanout, batch);
    /* Socket by socket: first that of the first leg, which nearly all have, then upwards from -1,
     * the legs without one. */
    const int first = count ? legs[0]->fd : INT_MAX;
    for (int fd = first, next; fd < INT_MAX; fd = next) {
        next = INT_MAX;
        fanout->fd = fd;
        for (int at = 0; at < count; at++) {
            const int other = legs[at]->fd;
            fanout_look_ahead(legs + at, count - at);
            if (other == fd)
                fanout_send_leg(fanout, legs[at], batch);
            else if (other != first && other < next && (fd == first || other > fd))
                next = other;
        }
        fanout_flush(fanout);
    }
}

void fanout_send_rtcp(struct fanout *fanout, struct leg *leg, const uint8_t *data, size_t length)
{
    int size = (int)length;
    if (length > RTCP_MOST || (!leg->streamed && !leg->address.size))
        return;
    memcpy(fanout->arena, data, length);
    if (srtp.protect_rtcp(leg->transmit, fanout->arena, &size) != 0)
        return;
    if (leg->streamed)
        send_feedback_push(fanout->feedback, REPORT_STREAM, leg->peer, 1, fanout->arena,
                           (size_t)size);
    else if (fanout->capture.datagram)
        fanout->capture.datagram(fanout->capture.context, leg->peer, fanout->arena, (size_t)size);
    else
        sendto(leg->fd, fanout->arena, (size_t)size, MSG_DONTWAIT, &leg->address.name.any,
               leg->address.size);
}
