/* libsrtp (RFC 3711, RFC 7714) as pylibsrtp ships it: functions by address, because this extension
 * is not linked with it. Python creates sessions and keeps them alive. A session is not
 * thread-safe: each has one owner. */
#ifndef FARMLIVE_SRTP_H
#define FARMLIVE_SRTP_H

typedef void *srtp_session;

/* They work in place: `*size` is that of the packet before and after; 0 on success. */
struct srtp_functions {
    int (*protect)(srtp_session, void *packet, int *size);
    int (*unprotect)(srtp_session, void *packet, int *size);
    int (*protect_rtcp)(srtp_session, void *packet, int *size);
    int (*unprotect_rtcp)(srtp_session, void *packet, int *size);
};

/* Set once, before the first engine is made; in tests and fuzzing it may be anything. */
extern struct srtp_functions srtp;

/* The most that protection adds: tag, index and key identifier. */
enum { SRTP_TRAILER_MOST = 144 };
/* What protection of RTCP adds in addition to the tag (RFC 3711, section 3.4). */
enum { SRTCP_INDEX = 4 };

#endif
