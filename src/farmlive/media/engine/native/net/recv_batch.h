/* Buffers for one recvmmsg(2) of a UDP socket: many datagrams, each with its sender and the
 * kernel's receive time. As `farmlive.media.engine.python.net.recv_batch`. */
#ifndef FARMLIVE_RECV_BATCH_H
#define FARMLIVE_RECV_BATCH_H

#include "base/address.h"

/* How many datagrams are read at once, and the most that is read of each, in bytes. */
enum { INBOX_MOST = 64, DATAGRAM_MOST = 2048 };

struct inbox;

struct datagram {
    uint8_t *data; /* may be changed */
    size_t size;
    double stamp; /* in seconds of the wall clock; negative: not known */
    struct address from;
};

struct inbox *inbox_new(void);
void inbox_free(struct inbox *inbox);

/* Read the waiting datagrams, at most INBOX_MOST; returns their number. */
int inbox_read(struct inbox *inbox, int fd);
/* Called once for each; valid until the next read. */
struct datagram inbox_datagram(struct inbox *inbox, int number);

#endif
