/* A leg: the sending half of a peer. `senders` give it to an owner, which sends by `fanout`. */
#ifndef FARMLIVE_LEG_H
#define FARMLIVE_LEG_H

#include "base/address.h"
#include "base/list.h"
#include "send/gcm.h"
#include "send/srtp.h"

struct sender; /* who protects and sends; `senders`' own */

struct leg {
    struct list all; /* in those of the senders; the relay's thread's */
    uint64_t peer;
    struct sender *owner;
    /* The rest is the owner's alone. */
    srtp_session transmit;
    struct gcm *gcm; /* protects RTP in its place; NULL: there is none */
    unsigned tag;    /* what protection adds to an RTP packet, at most 32 */
    int fd;          /* the UDP socket to send by; -1: a stream, or nowhere yet (address.size 0) */
    struct address address;
    bool segmented; /* whether runs reach it; false where its route's MTU is smaller */
    bool streamed;  /* what is protected goes into the reports instead */
};

/* Where protected datagrams go in tests instead of into sockets, and into streams. */
struct capture {
    void (*datagram)(void *context, uint64_t peer, const uint8_t *data, size_t size);
    void *context;
};

#endif
