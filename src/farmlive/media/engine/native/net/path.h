/* Path validation: the limit of what is sent to an address before the peer has validated it (RFC
 * 9000, sections 8 and 9.3). As `farmlive.media.engine.python.net.path`; ice.c decides what a check
 * means for the peer.
 *
 * Invariant: until it is validated (`validated`), `sent` is at most FACTOR times `received`, except
 * for our first DTLS flight; and later than PROVING_S after `begun` the engine sends it only
 * responses to checks. */
#ifndef FARMLIVE_PATH_H
#define FARMLIVE_PATH_H

#include "base/sha1.h"
#include "wire/credentials.h"
#include "wire/stun.h"

struct port;

/* A remote address at one of our ports. */
struct place {
    struct port *port; /* NULL: none */
    struct address address;
};

/* A remote address, at a port of ours, from which a peer has sent a check. */
struct path {
    struct place place;
    bool validated;
    bool has_begun;   /* a check asked to select it: validation has begun */
    bool has_asked;   /* a check of ours was sent since then */
    bool has_greeted; /* a ClientHello came on it */
    double begun, asked_at;
    size_t received, sent;
    uint64_t wanted; /* the ordinal of the last check that asked to select this path */
    /* The credentials of our pending check: ours, and the peer's, which may be unknown. NULL: no
     * check is pending. */
    struct credentials *ends;
    bool has_remote;
    uint8_t seed[SHA1_SIZE];
};

bool place_is_at(const struct place *place, const struct port *port, const struct address *address);

/* Return whether a DTLS record is a ClientHello (RFC 6347, sections 4.1 and 4.2.2). */
bool path_is_client_hello(const uint8_t *record, size_t size);

struct path path_new(struct port *port, const struct address *address);
void path_clear(struct path *path);
/* Return the peer's own credentials; NULL if no check is pending. */
const struct credentials *path_theirs(const struct path *path);
/* Return whether it is under validation. */
bool path_may_prove(const struct path *path, double now);
/* Begin its validation, unless that runs already by these credentials. `remote` is NULL where the
 * peer's own are unknown; `seed` must be unique and unpredictable. */
void path_begin(struct path *path, const struct credentials *local,
                const struct credentials *remote, const uint8_t seed[SHA1_SIZE], double now);
/* Mark it as validated. */
void path_prove(struct path *path);
/* Record that another path was selected: this one must be validated again to be selected. */
void path_forget(struct path *path);
/* Return whether `size` bytes may be sent now; if so, they count as sent. */
bool path_spend(struct path *path, size_t size, double now);
/* Count the response to a check, which is never larger than FACTOR times the check. */
void path_answers(struct path *path, size_t size);
/* Write a check of ours if one is due and within the limit; return its size, else 0. */
size_t path_ask(struct path *path, uint8_t out[STUN_CHECK_MOST], double now);
/* Return whether this is the response to our check. MESSAGE-INTEGRITY is required: otherwise the
 * response of a public STUN server would do. */
bool path_is_answered_by(const struct path *path, const struct stun_message *message);

#endif
