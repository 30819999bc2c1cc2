/* Path validation: what may be sent to an address before it has proved that the peer is there (RFC
 * 9000, sections 8 and 9.3). As `farmlive.media.path`; what a check means for the peer is `ice`'s
 * part.
 *
 * Always holds: until it is proved, `sent` is at most FACTOR times `received`, or more by our first
 * DTLS flight alone; and nothing but answers to checks is sent to it later than
 * PROVING_S after `begun`. */
#ifndef FARMLIVE_PATH_H
#define FARMLIVE_PATH_H

#include "credentials.h"
#include "sha1.h"
#include "stun.h"

struct port;

/* A remote address at one of our ports. */
struct place {
    struct port *port; /* NULL: nowhere */
    struct address address;
};

/* A place that a peer has checked from. */
struct path {
    struct place place;
    bool proved;
    bool has_begun;   /* a check wants the peer to be reached there: it may prove itself */
    bool has_asked;   /* a check of ours was sent since then */
    bool has_greeted; /* a ClientHello came from there */
    double begun, asked_at;
    size_t received, sent;
    uint64_t wanted; /* the number of the peer's last check that asked for it */
    /* The credentials of our check, until it is answered: ours, and the peer's, which may be
     * unknown. NULL: no check is pending. */
    struct credentials *ends;
    bool has_remote;
    uint8_t seed[SHA1_SIZE];
};

bool place_is_at(const struct place *place, const struct port *port, const struct address *address);

/* Whether a DTLS record begins a handshake (RFC 6347, sections 4.1 and 4.2.2). */
bool path_is_client_hello(const uint8_t *record, size_t size);

struct path path_new(struct port *port, const struct address *address);
void path_clear(struct path *path);
/* The credentials of its own end; NULL where it is not asked. */
const struct credentials *path_theirs(const struct path *path);
/* Whether its time has begun and is not over. */
bool path_may_prove(const struct path *path, double now);
/* A check wants it: let it prove itself, unless it does already by these credentials. `remote` is
 * NULL where its own end is not known; `seed` is nobody's to guess and like no other. */
void path_begin(struct path *path, const struct credentials *local,
                const struct credentials *remote, const uint8_t seed[SHA1_SIZE], double now);
/* The peer is there. */
void path_prove(struct path *path);
/* The peer is reached elsewhere now: to come back takes another proof. */
void path_forget(struct path *path);
/* Whether so many bytes may be sent there now; then they count as sent. */
bool path_spend(struct path *path, size_t size, double now);
/* Count the answer to a check from there, which is never larger than FACTOR times it. */
void path_answers(struct path *path, size_t size);
/* Write a check of ours, if it is time and there is enough left for it; its size, else 0. */
size_t path_ask(struct path *path, uint8_t out[STUN_CHECK_MOST], double now);
/* Whether this is the answer to our check. Without MESSAGE-INTEGRITY it would be anyone's who
 * answers STUN at all, as public servers do. */
bool path_is_answered_by(const struct path *path, const struct stun_message *message);

#endif
