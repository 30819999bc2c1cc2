/* Buffers for one recvmmsg(2) of a UDP socket: many datagrams, each with its sender and the
 * kernel's receive time. As `farmlive.media.engine.python.net.recv_batch`. */
#ifndef FARMLIVE_RECV_BATCH_H
#define FARMLIVE_RECV_BATCH_H

#include "base/address.h"

/* Datagrams read at once, and the most bytes read of each. */
enum { RECV_BATCH_MOST = 64, DATAGRAM_MOST = 2048 };

struct recv_batch;

struct datagram {
    uint8_t *data; /* may be changed */
    size_t size;
    double stamp; /* in seconds of the wall clock; negative: unknown */
    struct address from;
};

struct recv_batch *recv_batch_new(void);
void recv_batch_free(struct recv_batch *recv_batch);

/* Read the waiting datagrams, at most RECV_BATCH_MOST; returns their number. */
int recv_batch_read(struct recv_batch *recv_batch, int fd);
/* Return a datagram. Called once for each; valid until the next read. */
struct datagram recv_batch_datagram(struct recv_batch *recv_batch, int number);

#endif
