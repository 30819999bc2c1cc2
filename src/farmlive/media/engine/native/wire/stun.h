/* STUN Binding requests and responses: parse and write both.
 *
 * RFC 8489 (messages, MESSAGE-INTEGRITY, FINGERPRINT), RFC 8445 section 16.1 (USE-CANDIDATE). `ice`
 * decides which peer a request is for, and what its source address means. As
 * `farmlive.media.wire.stun`. */
#ifndef FARMLIVE_STUN_H
#define FARMLIVE_STUN_H

#include "base/address.h"
#include "base/bytes.h"
#include "wire/credentials.h"

enum { STUN_BINDING_REQUEST = 0x0001, STUN_BINDING_SUCCESS = 0x0101 };

/* Largest sizes of a success response and of a check, in bytes. */
enum { STUN_SUCCESS_MOST = 20 + 24 + 24 + 8 };
enum { STUN_CHECK_MOST = 20 + 4 + 2 * CREDENTIAL_MOST + 4 + 8 + 12 + 24 + 8 };

enum { STUN_TRANSACTION = 12 };

/* A received message; all pointers are into the datagram. */
struct stun_message {
    uint16_t kind;
    const uint8_t *transaction;
    const uint8_t *username; /* valid UTF-8 */
    size_t username_size;
    bool use_candidate;
    size_t integrity_at; /* of MESSAGE-INTEGRITY; 0: absent */
    const uint8_t *raw;
    size_t size;
};

/* Parse a message; false if it is malformed. A FINGERPRINT must be correct, and what follows
 * MESSAGE-INTEGRITY is ignored (section 14.5). */
bool stun_parse(const uint8_t *data, size_t size, struct stun_message *message);

/* Return whether MESSAGE-INTEGRITY was made with this key, in constant time. */
bool stun_authentic(const struct stun_message *message, const uint8_t *key, size_t key_size);

/* Write the success response to a request that came from `from`; returns its size. */
size_t stun_success(const struct stun_message *request, const struct address *from,
                    const uint8_t *key, size_t key_size, uint8_t out[STUN_SUCCESS_MOST]);

/* Write a connectivity check of ours, in the controlled role (RFC 8445, section 7.1); return its
 * size. `seed` is its transaction id and then its tie-breaker. */
size_t stun_check(const struct credentials *local, const struct credentials *remote,
                  const uint8_t *seed, uint8_t out[STUN_CHECK_MOST]);

#endif
