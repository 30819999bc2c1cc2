/* Reads many datagrams at once. A datagram longer than its buffer is truncated and then invalid: it
 * is longer than any accepted one.
 *
 * Always holds: before a read each header has its whole buffers for sender and time. */
#include "net/recv_batch.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* Buffer for the control message with the stamp. */
enum { CONTROL = 64 };
/* ICMP errors of earlier datagrams; they say nothing about what waits. */
enum { ERRORS_MOST = 8 };

struct recv_batch {
    struct mmsghdr messages[RECV_BATCH_MOST];
    struct iovec parts[RECV_BATCH_MOST];
    struct address from[RECV_BATCH_MOST];
    _Alignas(struct cmsghdr) uint8_t controls[RECV_BATCH_MOST][CONTROL];
    uint8_t data[RECV_BATCH_MOST][DATAGRAM_MOST];
};

/* The kernel overwrites these sizes with what it used. */
static void set_rooms(struct msghdr *header)
{
    header->msg_namelen = sizeof((struct address *)0)->name;
    header->msg_controllen = CONTROL;
}

struct recv_batch *recv_batch_new(void)
{
    struct recv_batch *recv_batch = memory_new(sizeof *recv_batch);
    for (int i = 0; i < RECV_BATCH_MOST; i++) {
        recv_batch->parts[i] =
            (struct iovec){.iov_base = recv_batch->data[i], .iov_len = DATAGRAM_MOST};
        recv_batch->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &recv_batch->from[i].name,
            .msg_iov = &recv_batch->parts[i],
            .msg_iovlen = 1,
            .msg_control = recv_batch->controls[i],
        };
        set_rooms(&recv_batch->messages[i].msg_hdr);
    }
    return recv_batch;
}

void recv_batch_free(struct recv_batch *recv_batch) { free(recv_batch); }

int recv_batch_read(struct recv_batch *recv_batch, int fd)
{
    for (int errors = 0; errors < ERRORS_MOST; errors++) {
        int count = recvmmsg(fd, recv_batch->messages, RECV_BATCH_MOST, MSG_DONTWAIT, NULL);
        if (count >= 0)
            return count;
        if (errno == EAGAIN)
            return 0;
    }
    return 0;
}

static double stamp_of(struct msghdr *header)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        struct timespec time;
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_TIMESTAMPNS &&
            at->cmsg_len >= CMSG_LEN(sizeof time)) {
            memcpy(&time, CMSG_DATA(at), sizeof time);
            return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
        }
    }
    return -1;
}

struct datagram recv_batch_datagram(struct recv_batch *recv_batch, int number)
{
    struct msghdr *header = &recv_batch->messages[number].msg_hdr;
    struct datagram datagram = {
        .data = recv_batch->data[number],
        .size = recv_batch->messages[number].msg_len,
        .stamp = stamp_of(header),
        .from = recv_batch->from[number],
    };
    datagram.from.size = header->msg_namelen;
    set_rooms(header);
    return datagram;
}
