/* Protect and send: runs of packets of one size lie side by side in memory, one run a message, many
 * messages a sendmmsg(2), which the kernel cuts into datagrams (udp(7), UDP_SEGMENT).
 *
 * Always holds: the messages that are gathered go by one socket, lie in the arena one behind the
 * other, and are of legs in the order of their bursts. Nothing is gathered between two calls from
 * outside. */
#include "fanout.h"

#include <errno.h>
#include <limits.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory.h"

/* A run is at most this: what the kernel cuts at once (UDP_MAX_SEGMENTS of linux/udp.h), and what an
 * IP packet holds, with the longest tag. */
enum { RUN_PACKETS = 64, RUN_BYTES = 65000, TAG_MOST = 32 };

/* What is gathered before it is sent: few enough bytes that they are still in the cache when the
 * kernel copies them, enough messages that a call is spread over many. */
enum { GATHERED_BYTES = 128 * 1024, MESSAGES_MOST = 2 * RUN_PACKETS };
enum { ARENA_BYTES = GATHERED_BYTES + RUN_BYTES + RUN_PACKETS * SRTP_TRAILER_MOST };

/* Packets of one size, of which the last may be shorter. */
struct run {
    int first, count;
    size_t size, bytes;
};

/* One message: a run for one leg, or a packet of it. */
struct sent {
    struct leg *leg;
    int packets;
    size_t segment; /* of each datagram but the last */
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
};

struct fanout {
    struct reports *reports;
    struct capture capture;
    bool segments;
    atomic_uint_fast64_t failed;
    int run_count, run_room;
    struct run *runs; /* of the burst at hand */
    int fd, count;
    size_t used; /* of the arena */
    struct mmsghdr messages[MESSAGES_MOST];
    struct iovec vectors[MESSAGES_MOST];
    struct sent sent[MESSAGES_MOST];
    _Alignas(64) uint8_t arena[ARENA_BYTES];
};

struct fanout *fanout_new(struct reports *reports, const struct capture *capture, bool segments)
{
    struct fanout *fanout = memory_checked(aligned_alloc(64, sizeof *fanout));
    memset(fanout, 0, sizeof *fanout);
    fanout->reports = reports;
    if (capture)
        fanout->capture = *capture;
    fanout->segments = segments && !capture;
    for (int at = 0; at < MESSAGES_MOST; at++) {
        struct cmsghdr *head = (struct cmsghdr *)(void *)fanout->sent[at].control;
        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        fanout->messages[at].msg_hdr.msg_iov = &fanout->vectors[at];
        fanout->messages[at].msg_hdr.msg_iovlen = 1;
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

/* What older and newer kernels say where a segment does not fit into the route's MTU, and where the
 * interface can't cut. */
static bool is_narrow(int error)
{
    return error == EMSGSIZE || error == EINVAL || error == EIO;
}

/* The system's buffers are full: what it did not take of the messages from here on is gone. */
static void fanout_refused(struct fanout *fanout, int from)
{
    while (from < fanout->count) {
        struct leg *leg = fanout->sent[from].leg;
        int packets = 0;
        for (; from < fanout->count && fanout->sent[from].leg == leg; from++)
            packets += fanout->sent[from].packets;
        fanout_fail(fanout, packets);
        reports_push(fanout->reports, REPORT_REFUSED, leg->peer, packets, NULL, 0);
    }
}

/* A run that could not leave as one: each packet of it alone. */
static void fanout_send_singly(struct fanout *fanout, int number)
{
    const struct sent *sent = &fanout->sent[number];
    const uint8_t *at = fanout->vectors[number].iov_base;
    size_t left = fanout->vectors[number].iov_len;
    int failed = 0, refused = 0;
    while (left) {
        size_t size = left < sent->segment ? left : sent->segment;
        if (sendto(fanout->fd, at, size, MSG_DONTWAIT, &sent->leg->address.name.any,
                   sent->leg->address.size) < 0) {
            failed++;
            refused += is_full(errno);
        }
        at += size;
        left -= size;
    }
    fanout_fail(fanout, failed);
    if (refused)
        reports_push(fanout->reports, REPORT_REFUSED, sent->leg->peer, refused, NULL, 0);
}

/* Send what is gathered. */
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
    fanout->count = 0;
    fanout->used = 0;
}

/* Gather what lies in the arena from `at` on as one message. */
static void fanout_add(struct fanout *fanout, struct leg *leg, uint8_t *at, size_t size,
                       int packets, size_t segment)
{
    if (fanout->capture.datagram) {
        fanout->capture.datagram(fanout->capture.context, leg->peer, at, size);
        return;
    }
    struct msghdr *message = &fanout->messages[fanout->count].msg_hdr;
    struct sent *sent = &fanout->sent[fanout->count];
    fanout->vectors[fanout->count].iov_base = at;
    fanout->vectors[fanout->count].iov_len = size;
    message->msg_name = &leg->address.name;
    message->msg_namelen = leg->address.size;
    sent->leg = leg;
    sent->packets = packets;
    sent->segment = segment;
    if (packets > 1) {
        uint16_t value = (uint16_t)segment;
        memcpy(sent->control + CMSG_LEN(0), &value, sizeof value);
        message->msg_control = sent->control;
        message->msg_controllen = sizeof sent->control;
    } else {
        message->msg_control = NULL;
        message->msg_controllen = 0;
    }
    fanout->count++;
}

/* Protect a run for a leg, behind what is gathered: each packet begins where the one before it ends.
 * `sizes` are those that came of it, 0 where it failed. Returns whether the kernel could cut it into
 * the same packets. */
static bool fanout_protect(struct fanout *fanout, const struct leg *leg, const struct burst *burst,
                           const struct run *run, size_t sizes[RUN_PACKETS])
{
    uint8_t *at = fanout->arena + fanout->used;
    bool even = true;
    for (int number = 0; number < run->count; number++) {
        int size = burst->sizes[run->first + number];
        size_t expected = (size_t)size + leg->tag;
        memcpy(at, burst_at(burst, run->first + number), (size_t)size);
        sizes[number] = srtp.protect(leg->transmit, at, &size) == 0 ? (size_t)size : 0;
        even = even && sizes[number] == expected;
        at += sizes[number];
    }
    return even;
}

/* Gather a run for a leg, as one message or, where it can't leave so, packet by packet. */
static void fanout_send_run(struct fanout *fanout, struct leg *leg, const struct burst *burst,
                            const struct run *run)
{
    size_t sizes[RUN_PACKETS];
    if (fanout->used >= GATHERED_BYTES || fanout->count + run->count > MESSAGES_MOST)
        fanout_flush(fanout);
    uint8_t *at = fanout->arena + fanout->used;
    if (fanout_protect(fanout, leg, burst, run, sizes) && fanout->segments && leg->segmented) {
        size_t size = run->bytes + (size_t)run->count * leg->tag;
        fanout_add(fanout, leg, at, size, run->count, run->size + leg->tag);
        at += size;
    } else {
        for (int number = 0; number < run->count; at += sizes[number++])
            if (sizes[number])
                fanout_add(fanout, leg, at, sizes[number], 1, sizes[number]);
            else
                fanout_fail(fanout, 1);
    }
    fanout->used = ((size_t)(at - fanout->arena) + 63) & ~(size_t)63;
}

/* The packets of a leg that is reached by a stream, one report each. */
static void fanout_stream(struct fanout *fanout, struct leg *leg, const struct burst *burst)
{
    for (int number = 0; number < burst->count; number++) {
        int size = burst->sizes[number];
        memcpy(fanout->arena, burst_at(burst, number), (size_t)size);
        if (srtp.protect(leg->transmit, fanout->arena, &size) == 0)
            reports_push(fanout->reports, REPORT_STREAM, leg->peer, 1, fanout->arena,
                         (size_t)size);
        else
            fanout_fail(fanout, 1);
    }
}

/* Cut the burst into runs. */
static void fanout_cut(struct fanout *fanout, const struct burst *burst)
{
    if (burst->count > fanout->run_room) {
        fanout->run_room = burst->count;
        fanout->runs = memory_grow(fanout->runs, (size_t)burst->count, sizeof *fanout->runs);
    }
    fanout->run_count = 0;
    struct run *run = NULL;
    for (int number = 0; number < burst->count; number++) {
        size_t size = burst->sizes[number];
        if (!run || size > run->size || burst->sizes[number - 1] < run->size ||
            run->count == RUN_PACKETS ||
            (size_t)(run->count + 1) * (run->size + TAG_MOST) > RUN_BYTES) {
            run = &fanout->runs[fanout->run_count++];
            *run = (struct run){.first = number, .size = size};
        }
        run->count++;
        run->bytes += size;
    }
}

static void fanout_send_leg(struct fanout *fanout, struct leg *leg, const struct burst *burst)
{
    if (leg->streamed)
        fanout_stream(fanout, leg, burst);
    else if (!leg->address.size)
        fanout_fail(fanout, burst->count);
    else
        for (int at = 0; at < fanout->run_count; at++)
            fanout_send_run(fanout, leg, burst, &fanout->runs[at]);
}

void fanout_send(struct fanout *fanout, struct leg *const *legs, int count,
                 const struct burst *burst)
{
    fanout_cut(fanout, burst);
    /* Socket by socket, from -1, of those that have none, upwards. */
    for (int fd = -1, next; fd < INT_MAX; fd = next) {
        next = INT_MAX;
        fanout->fd = fd;
        for (int at = 0; at < count; at++) {
            if (legs[at]->fd == fd)
                fanout_send_leg(fanout, legs[at], burst);
            else if (legs[at]->fd > fd && legs[at]->fd < next)
                next = legs[at]->fd;
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
        reports_push(fanout->reports, REPORT_STREAM, leg->peer, 1, fanout->arena, (size_t)size);
    else if (fanout->capture.datagram)
        fanout->capture.datagram(fanout->capture.context, leg->peer, fanout->arena, (size_t)size);
    else
        sendto(leg->fd, fanout->arena, (size_t)size, MSG_DONTWAIT, &leg->address.name.any,
               leg->address.size);
}
