/* A leg: the sending half of a peer. `senders` assigns it to an owner, which sends by `fanout`. */
#ifndef FARMLIVE_LEG_H
#define FARMLIVE_LEG_H

#include <stdatomic.h>

#include "base/address.h"
#include "base/list.h"
#include "send/gcm.h"
#include "send/srtp.h"

struct sender; /* its owner, which protects and sends; for `senders` */

struct leg {
    struct list all; /* among all legs of the senders; for the relay's thread */
    uint64_t peer;
    struct sender *owner;
    /* The last sender report that waited for a send thread: the middle 32 bits of its NTP time, and
     * below them for how long, in 1/65,536 s. The owner writes it, the relay's thread reads it. */
    atomic_uint_least64_t report_waited;
    /* Only the owner uses the rest. */
    srtp_session transmit;
    struct gcm *gcm; /* protects RTP instead of libsrtp; NULL: libsrtp does */
    unsigned tag;    /* what protection adds to an RTP packet, at most 32 */
    int fd;          /* the UDP socket; -1: a stream, or no address yet (address.size 0) */
    struct address address;
    bool segmented; /* whether it can be sent runs; false if its route's MTU is smaller */
    bool streamed;  /* protected packets go into reports instead of a socket */
};

/* Receives protected datagrams in tests, instead of sockets and streams. */
struct capture {
    void (*datagram)(void *context, uint64_t peer, const uint8_t *data, size_t size);
    void *context;
};

#endif
