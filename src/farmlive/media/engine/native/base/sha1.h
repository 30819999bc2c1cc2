/* HMAC-SHA1 (RFC 2104, FIPS 180-4), for MESSAGE-INTEGRITY. */
#ifndef FARMLIVE_SHA1_H
#define FARMLIVE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20 };

/* Compute the code of `head` followed by `body`. */
void sha1_hmac(const uint8_t *key, size_t key_size, const uint8_t *head, size_t head_size,
               const uint8_t *body, size_t body_size, uint8_t out[SHA1_SIZE]);

#endif
