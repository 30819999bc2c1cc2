/* Encrypts RTP with AEAD_AES_128_GCM (RFC 7714): byte for byte libsrtp's result in half the time,
 * because each packet costs only OpenSSL's cipher.
 *
 * Owns a leg's RTP keys and the rollover counter of each of its streams (RFC 3711, section 3.3.1).
 * Always holds: no stream is forgotten, and no packet index, from which the nonce is made, is used
 * twice: two packets under one nonce would reveal the authentication key (RFC 5116, section 5.1.1).
 * RTCP, and RTP with other profiles, is left to libsrtp. */
#ifndef FARMLIVE_GCM_H
#define FARMLIVE_GCM_H

#include "base/bytes.h"

/* Sizes of master key and salt together, and of what protection adds to a packet. */
enum { GCM_MASTER = 28, GCM_TAG = 16 };
/* A packet that is this much older than the newest of its stream is refused. */
enum { GCM_WINDOW = 256 };

/* OSSL_PARAM(3). */
struct gcm_parameter {
    const char *key;
    unsigned type;
    void *data;
    size_t size, size_returned;
};

/* OpenSSL's functions (EVP_EncryptInit(3)) by address, from the library that pylibsrtp ships and
 * this extension is not linked with. */
struct gcm_functions {
    void *(*fetch)(void *library, const char *name, const char *properties);
    void *(*context_new)(void);
    void (*context_free)(void *context);
    int (*begin)(void *context, const void *cipher, const uint8_t *key, const uint8_t *nonce,
                 const struct gcm_parameter *parameters);
    int (*update)(void *context, uint8_t *out, const uint8_t *in, unsigned size);
    int (*get)(void *context, struct gcm_parameter *parameters);
};

/* Set the functions. Called once, before the first engine is made. True if they pass the example of
 * RFC 7714, section 16.1.1; else they protect nothing. */
bool gcm_use(const struct gcm_functions *functions);

/* Return a cipher for keys derived from this master key and salt; NULL if `gcm_use` was not called,
 * or on failure. */
struct gcm *gcm_new(const uint8_t master[GCM_MASTER]);
void gcm_free(struct gcm *gcm);

/* Prefetch, before it protects packets, its own memory, and then what it points to. */
void gcm_fetch(const struct gcm *gcm);
void gcm_fetch_context(const struct gcm *gcm);

/* Write an RTP packet, protected, to `out`, which has room for GCM_TAG bytes more and may be the
 * packet itself. Returns its size; 0 for a packet that is not RTP, too old, or has the sequence
 * number of an earlier one. */
size_t gcm_protect(struct gcm *gcm, uint8_t *out, const uint8_t *packet, size_t size);

#endif
