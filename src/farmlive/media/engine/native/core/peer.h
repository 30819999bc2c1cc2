/* A peer: its end of ICE, its keys and its role. */
#ifndef FARMLIVE_PEER_H
#define FARMLIVE_PEER_H

#include "base/list.h"
#include "ingest/publisher.h"
#include "net/path.h"
#include "output/viewer.h"
#include "send/leg.h"

struct output;

enum { CREDENTIALS_MOST = 2, ADDRESSES_MOST = 8, SSRCS_MOST = 256, SECRET = 16 };

/* The credentials of both ends, and the secret from which the transaction ids of our checks are
 * derived. */
struct naming {
    struct credentials local, remote;
    bool has_remote; /* its own credentials are known, so that we can send checks */
    uint8_t secret[SECRET];
};

/* A check of ours on a validated path, which measures the round trip. */
struct link_check {
    bool is_pending;
    struct place place;
    struct credentials remote; /* the key of its answer */
    uint8_t transaction[STUN_TRANSACTION];
    double sent_at;
};

struct peer {
    uint64_t number;
    struct peer *next_of_number; /* `peer_table`' */
    /* For `ice`. The newest credentials are the last; the earlier ones work until the peer uses
     * these. */
    int credentials_count;
    struct naming credentials[CREDENTIALS_MOST];
    bool renewed;    /* the peer has used the newest */
    struct place at; /* the selected path, one of `paths` */
    int path_count;  /* every path that it has sent a check from, the newest last */
    struct path paths[ADDRESSES_MOST + 1];
    struct list validating; /* in the peers with a path under validation */
    uint8_t secret[SECRET];
    uint32_t trials;
    struct link_check link_check;
    double round_trip_s;    /* by the check that validated its path; negative: unknown */
    uint64_t wanted;        /* the number of its checks that asked to select a path */
    struct place told;      /* the path that our DTLS records took */
    bool dtls_on_two_paths; /* some of them went on another one */
    bool sent_first_flight; /* our first DTLS flight was sent on a path that was not validated */
    double checked_at;      /* the last check, or new credentials, that gave consent */
    double selected_at;     /* the last check on the selected path */
    double heard_at;        /* the last media that its key could decrypt */
    /* Its keys; NULL before the handshake is done. */
    srtp_session receive;
    unsigned tag;
    struct leg *leg;
    int ssrc_count; /* SSRCs that its key has decrypted */
    uint32_t ssrcs[SSRCS_MOST];
    /* DTLS records that Python has not taken: their number, and since which taking of events. */
    unsigned long records_since;
    int records;
    /* A publisher or a viewer, after the call that decides. */
    struct publisher *publisher;
    struct output *output; /* the output that it watches */
    struct viewing viewing;
    uint16_t rtx_sequence;
    struct viewer *viewer; /* NULL until it has keys and an address too */
    struct place reached;  /* where a viewer's media is sent: the last validated path */
    int most;              /* the highest layer that a viewer wants; -1: no limit */
    enum rung most_rung;   /* the best rung that it wants */
    struct place own;      /* the address of a publisher's own socket */
    /* For `timers`. */
    struct list turn;       /* in its tenth of a second */
    struct list joining;    /* among those without keys or a path */
    struct list publishing; /* among the publishers that have joined */
    int seconds;            /* for how many seconds it has been watching */
    bool flowing, objected, lost;
};

#endif
