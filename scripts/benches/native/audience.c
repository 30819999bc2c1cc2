/* A crowd of viewers in one thread, that have joined already: it reads what came to each, checks
 * all of it, and speaks for them. `../audience.py` joins them, and hands them over.
 *
 * It waits for nobody: each socket is looked at in its turn, every 32 ms. A thread that waited
 * would be woken by whoever sends, who would be charged for that.
 *
 * Always holds: members and the ledger are touched under the lock alone. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "member.h"

enum {
    TICK_NS = 2000000,
    PARTS = 16, /* of the crowd; each tick looks at one */
    AT_ONCE = 8,
    ROOM = 65536,
    CONTROL = 128,
    UDP_LEVEL = 17,
    UDP_GRO_OPTION = 104,
};

struct audience {
    pthread_mutex_t lock;
    struct ledger ledger;
    bool ends;
    int most, count, part;
    int64_t slowest_ns; /* the longest way round all of them */
    int64_t round_at;
    int64_t stall_every_ns, stall_ns, stall_at; /* 0: it never stands still */
    struct mmsghdr messages[AT_ONCE];
    struct iovec places[AT_ONCE];
    char control[AT_ONCE][CONTROL];
    uint8_t *room;
    struct member members[];
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* How far the wall's clock is ahead of the monotonic one: the closest of several readings. */
static int64_t ahead_ns(void)
{
    int64_t best = INT64_MAX, ahead = 0;
    for (int i = 0; i < 20; i++) {
        int64_t before = clock_ns(CLOCK_MONOTONIC), wall = clock_ns(CLOCK_REALTIME);
        int64_t took = clock_ns(CLOCK_MONOTONIC) - before;
        if (took < best) {
            best = took;
            ahead = wall - before - took / 2;
        }
    }
    return ahead;
}

/* What came by one read: when, and in datagrams of which size. */
static void take_message(struct audience *audience, struct member *member, int number)
{
    struct msghdr *head = &audience->messages[number].msg_hdr;
    size_t size = audience->messages[number].msg_len, step = size;
    int64_t stamped = 0;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(head); at; at = CMSG_NXTHDR(head, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(at), sizeof time);
            stamped = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        } else if (at->cmsg_level == UDP_LEVEL && at->cmsg_type == UDP_GRO_OPTION) {
            int segment;
            memcpy(&segment, CMSG_DATA(at), sizeof segment);
            step = (size_t)segment;
        }
    }
    uint8_t *data = audience->places[number].iov_base;
    audience->ledger.counts.runs++;
    for (size_t at = 0; at < size; at += step)
        member_take(member, &audience->ledger, data + at, step < size - at ? step : size - at,
                    stamped);
}

static void read_all(struct audience *audience, struct member *member)
{
    int came;
    do {
        for (int i = 0; i < AT_ONCE; i++)
            audience->messages[i].msg_hdr.msg_controllen = CONTROL;
        came = recvmmsg(member->fd, audience->messages, AT_ONCE, MSG_DONTWAIT, NULL);
        for (int i = 0; i < came; i++)
            take_message(audience, member, i);
    } while (came == AT_ONCE);
}

struct audience *audience_new(int most, const struct srtp *srtp)
{
    struct audience *audience =
        calloc(1, sizeof *audience + (size_t)most * sizeof audience->members[0]);
    struct delays *delays = calloc(1, sizeof *delays);
    uint8_t *room = malloc((size_t)AT_ONCE * ROOM);
    if (!audience || !delays || !room)
        abort();
    pthread_mutex_init(&audience->lock, NULL);
    audience->most = most;
    audience->room = room;
    audience->ledger = (struct ledger){.srtp = *srtp, .delays = delays, .ahead_ns = ahead_ns()};
    for (int i = 0; i < AT_ONCE; i++) {
        audience->places[i] = (struct iovec){room + (size_t)i * ROOM, ROOM};
        audience->messages[i].msg_hdr = (struct msghdr){.msg_iov = &audience->places[i],
                                                        .msg_iovlen = 1,
                                                        .msg_control = audience->control[i]};
    }
    return audience;
}

void audience_free(struct audience *audience)
{
    pthread_mutex_destroy(&audience->lock);
    free(audience->ledger.delays);
    free(audience->room);
    free(audience);
}

/* Stand still where that is due, as a busy phone does: what is sent after it says by its own time
 * that it was sent before. */
static void stand_still(struct audience *audience, int64_t now)
{
    if (audience->stall_ns == 0 || now < audience->stall_at)
        return;
    audience->stall_at = now + audience->stall_every_ns;
    nanosleep(&(struct timespec){.tv_nsec = audience->stall_ns}, NULL);
}

/* Run until `audience_end`. */
void audience_run(struct audience *audience)
{
    int64_t due = clock_ns(CLOCK_MONOTONIC);
    for (bool ends = false; !ends;) {
        pthread_mutex_lock(&audience->lock);
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        stand_still(audience, now);
        for (int i = audience->part; i < audience->count; i += PARTS) {
            read_all(audience, &audience->members[i]);
            member_speak(&audience->members[i], &audience->ledger, now);
        }
        audience->part = (audience->part + 1) % PARTS;
        if (audience->part == 0) {
            if (audience->round_at && now - audience->round_at > audience->slowest_ns)
                audience->slowest_ns = now - audience->round_at;
            audience->round_at = now;
        }
        ends = audience->ends;
        pthread_mutex_unlock(&audience->lock);
        due += TICK_NS;
        int64_t left = due - clock_ns(CLOCK_MONOTONIC);
        if (left < -50 * TICK_NS)
            due -= left;
        /* Always a little, so that others get the lock. */
        nanosleep(&(struct timespec){.tv_nsec = left > 50000 ? left : 50000}, NULL);
    }
}

/* Stand still this long, less than a second, each time that so much has passed. */
void audience_stall(struct audience *audience, int64_t every_ns, int64_t stall_ns)
{
    pthread_mutex_lock(&audience->lock);
    audience->stall_every_ns = every_ns;
    audience->stall_ns = stall_ns;
    pthread_mutex_unlock(&audience->lock);
}

void audience_end(struct audience *audience)
{
    pthread_mutex_lock(&audience->lock);
    audience->ends = true;
    pthread_mutex_unlock(&audience->lock);
}

/* A viewer that has joined: its sessions of libsrtp are ours from now on. `early` is what it got
 * before, as it came: to each datagram 8 bytes of its time and 4 of its size. False: no room. */
bool audience_join(struct audience *audience, int fd, void *receive, void *transmit,
                   int64_t posted_ns, uint32_t ssrc, const uint8_t *check, size_t check_size,
                   uint8_t *early, size_t early_size)
{
    pthread_mutex_lock(&audience->lock);
    bool fits = audience->count < audience->most && check_size <= CHECK_MOST;
    if (fits) {
        struct member *member = &audience->members[audience->count++];
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        *member = (struct member){.fd = fd,
                                  .receive = receive,
                                  .transmit = transmit,
                                  .posted_ns = posted_ns,
                                  .ssrc = ssrc,
                                  .report_at = now + ssrc % 200000000,
                                  .check_at = now + ssrc % 2000000000,
                                  .check_size = check_size};
        memcpy(member->check, check, check_size);
        for (size_t at = 0; at + 12 <= early_size;) {
            int64_t stamped;
            uint32_t size;
            memcpy(&stamped, early + at, sizeof stamped);
            memcpy(&size, early + at + 8, sizeof size);
            member_take(member, &audience->ledger, early + at + 12, size, stamped);
            at += 12 + size;
        }
    }
    pthread_mutex_unlock(&audience->lock);
    return fits;
}

/* Begin all counts anew; whoever is here now is measured. What is due next of each stream is what
 * came last and one, or with `restart` whatever comes. */
void audience_measure(struct audience *audience, bool restart)
{
    pthread_mutex_lock(&audience->lock);
    memset(&audience->ledger.counts, 0, sizeof audience->ledger.counts);
    memset(audience->ledger.delays, 0, sizeof *audience->ledger.delays);
    audience->ledger.ahead_ns = ahead_ns();
    audience->slowest_ns = 0;
    for (int i = 0; i < audience->count; i++) {
        audience->members[i].settled = true;
        if (restart)
            member_restart(&audience->members[i]);
    }
    pthread_mutex_unlock(&audience->lock);
}

/* The counts, and below which delay each of the shares lies. */
void audience_read(struct audience *audience, struct counts *counts, const double *shares,
                   int64_t *delays_ns, int share_count, int64_t *slowest_ns)
{
    pthread_mutex_lock(&audience->lock);
    *counts = audience->ledger.counts;
    for (int i = 0; i < share_count; i++)
        delays_ns[i] = delays_share(audience->ledger.delays, shares[i]);
    *slowest_ns = audience->slowest_ns;
    pthread_mutex_unlock(&audience->lock);
}

/* From the POST to the last packet of the first key frame, of each of the first `count` viewers in
 * the order of joining; 0 where there was none yet. */
void audience_first_frames(struct audience *audience, int64_t *found_ns, int count)
{
    pthread_mutex_lock(&audience->lock);
    for (int i = 0; i < count && i < audience->count; i++) {
        const struct member *member = &audience->members[i];
        found_ns[i] = member->first_frame_ns ? member->first_frame_ns - member->posted_ns : 0;
    }
    pthread_mutex_unlock(&audience->lock);
}
