/* Reads many datagrams at once. A datagram longer than its buffer is truncated and then invalid: it
 * is longer than any that we accept.
 *
 * Always holds: before a read each header has its whole room for sender and time. */
#include "net/recv_batch.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* Room for the control message with the stamp. */
enum { CONTROL = 64 };
/* Errors tell what became of something sent earlier, and say nothing of what waits. */
enum { ERRORS_MOST = 8 };

struct inbox {
    struct mmsghdr messages[INBOX_MOST];
    struct iovec parts[INBOX_MOST];
    struct address from[INBOX_MOST];
    _Alignas(struct cmsghdr) uint8_t controls[INBOX_MOST][CONTROL];
    uint8_t data[INBOX_MOST][DATAGRAM_MOST];
};

/* The kernel writes into the header how much of this it used. */
static void set_rooms(struct msghdr *header)
{
    header->msg_namelen = sizeof((struct address *)0)->name;
    header->msg_controllen = CONTROL;
}

struct inbox *inbox_new(void)
{
    struct inbox *inbox = memory_new(sizeof *inbox);
    for (int i = 0; i < INBOX_MOST; i++) {
        inbox->parts[i] = (struct iovec){.iov_base = inbox->data[i], .iov_len = DATAGRAM_MOST};
        inbox->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &inbox->from[i].name,
            .msg_iov = &inbox->parts[i],
            .msg_iovlen = 1,
            .msg_control = inbox->controls[i],
        };
        set_rooms(&inbox->messages[i].msg_hdr);
    }
    return inbox;
}

void inbox_free(struct inbox *inbox) { free(inbox); }

int inbox_read(struct inbox *inbox, int fd)
{
    for (int errors = 0; errors < ERRORS_MOST; errors++) {
        int count = recvmmsg(fd, inbox->messages, INBOX_MOST, MSG_DONTWAIT, NULL);
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

struct datagram inbox_datagram(struct inbox *inbox, int number)
{
    struct msghdr *header = &inbox->messages[number].msg_hdr;
    struct datagram datagram = {
        .data = inbox->data[number],
        .size = inbox->messages[number].msg_len,
        .stamp = stamp_of(header),
        .from = inbox->from[number],
    };
    datagram.from.size = header->msg_namelen;
    set_rooms(header);
    return datagram;
}
