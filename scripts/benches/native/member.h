/* One viewer of the load: its socket, its keys, and the account of what came to it. */
#ifndef MEMBER_H
#define MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delays.h"

enum { STREAMS_MOST = 4, CHECK_MOST = 256 };

/* libsrtp's, by their addresses: a session, a packet in its place, and its size in and out. */
typedef int protect_fn(void *session, void *packet, int *size);

struct srtp {
    protect_fn *unprotect, *protect_rtcp, *unprotect_rtcp;
};

/* Sums over all viewers. What is not what it should be has a name of its own. */
struct counts {
    int64_t packets, bytes; /* authenticated RTP, repairs aside; bytes of UDP's payload */
    int64_t runs;           /* in which datagrams came, each handed over by the kernel as one */
    int64_t lost, repeated, disordered, undecipherable, unstamped;
    int64_t repairs, sender_reports, reports_sent, checks_sent, checks_answered, goodbyes, unsent;
};

struct stream {
    uint32_t ssrc;
    uint16_t next; /* the sequence number that is due */
    uint16_t cycles;
    bool begun;
    uint32_t sender_report; /* the middle of the last one's time of NTP */
    int64_t sender_report_ns;
};

/* Always holds: one thread at a time has it. */
struct member {
    int fd;
    void *receive, *transmit;
    uint32_t ssrc;
    bool settled; /* was there before the measure began: how late its packets are counts */
    int64_t posted_ns, first_frame_ns;
    int64_t report_at, check_at;
    uint32_t reports;
    uint32_t frame_at; /* the timestamp of the key frame that comes in, the first one whole */
    uint16_t frame_next;
    bool in_frame;
    int stream_count;
    struct stream streams[STREAMS_MOST];
    size_t check_size;
    uint8_t check[CHECK_MOST];
};

/* Where the account goes, and the difference of the clocks: stamps of receipt are the wall's. */
struct ledger {
    struct srtp srtp;
    struct counts counts;
    struct delays *delays;
    int64_t ahead_ns;
};

/* A datagram that came at this time of the wall; its bytes are written over. */
void member_take(struct member *member, struct ledger *ledger, uint8_t *data, size_t size,
                 int64_t stamped_ns);

/* Forget where the streams were, so that a gap until now is no loss. */
void member_restart(struct member *member);

/* Send what is due: reports five times a second, a check of the path every two seconds. */
void member_speak(struct member *member, struct ledger *ledger, int64_t now_ns);

#endif
