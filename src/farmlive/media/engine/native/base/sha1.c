/* SHA-1 and HMAC over it, for short messages.
 *
 * Always holds: `filled` bytes of a block wait for the rest of it, fewer than a whole block. */
#include "base/sha1.h"

#include "base/bytes.h"

enum { BLOCK = 64 };

struct sha1 {
    uint32_t state[5];
    uint64_t size; /* of everything added, in bytes */
    size_t filled;
    uint8_t block[BLOCK];
};

static uint32_t turn_left(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return z ^ (x & (y ^ z)); }
static uint32_t parity(uint32_t x, uint32_t y, uint32_t z) { return x ^ y ^ z; }
static uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (z & (x | y)); }

/* One of the 80 rounds: `mixed` is its function of three of the five words plus its constant. The
 * words change their roles instead of being moved. */
static inline void turn(uint32_t a, uint32_t *b, uint32_t *e, uint32_t mixed, uint32_t word)
{
    *e += turn_left(a, 5) + mixed + word;
    *b = turn_left(*b, 30);
}

/* Return the word of round `i`; the last 16 words before it are kept. */
static inline uint32_t word_of(uint32_t w[16], int i)
{
    if (i >= 16)
        w[i & 15] = turn_left(w[(i - 3) & 15] ^ w[(i - 8) & 15] ^ w[(i - 14) & 15] ^ w[i & 15], 1);
    return w[i & 15];
}

#define TURN_20(from, mix, constant)                                   \
    for (int i = (from); i < (from) + 20; i += 5) {                    \
        turn(a, &b, &e, mix(b, c, d) + (constant), word_of(w, i));     \
        turn(e, &a, &d, mix(a, b, c) + (constant), word_of(w, i + 1)); \
        turn(d, &e, &c, mix(e, a, b) + (constant), word_of(w, i + 2)); \
        turn(c, &d, &b, mix(d, e, a) + (constant), word_of(w, i + 3)); \
        turn(b, &c, &a, mix(c, d, e) + (constant), word_of(w, i + 4)); \
    }

static void digest_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[16];
    for (int i = 0; i < 16; i++)
        w[i] = get32(block + 4 * i);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    TURN_20(0, choose, 0x5A827999)
    TURN_20(20, parity, 0x6ED9EBA1)
    TURN_20(40, majority, 0x8F1BBCDC)
    TURN_20(60, parity, 0xCA62C1D6)
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void begin(struct sha1 *sha1)
{
    static const uint32_t start[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    memcpy(sha1->state, start, sizeof start);
    sha1->size = 0;
    sha1->filled = 0;
}

static void add(struct sha1 *sha1, const uint8_t *data, size_t size)
{
    sha1->size += size;
    while (size) {
        size_t piece = BLOCK - sha1->filled;
        if (piece > size)
            piece = size;
        memcpy(sha1->block + sha1->filled, data, piece);
        sha1->filled += piece;
        data += piece;
        size -= piece;
        if (sha1->filled == BLOCK) {
            digest_block(sha1->state, sha1->block);
            sha1->filled = 0;
        }
    }
}

static void end(struct sha1 *sha1, uint8_t out[SHA1_SIZE])
{
    static const uint8_t padding[BLOCK] = {0x80};
    uint8_t bits[8];
    put64(bits, sha1->size * 8);
    add(sha1, padding, 1 + (2 * BLOCK - 9 - sha1->filled) % BLOCK);
    add(sha1, bits, sizeof bits);
    for (int i = 0; i < 5; i++)
        put32(out + 4 * i, sha1->state[i]);
}

void sha1_hmac(const uint8_t *key, size_t key_size, const uint8_t *head, size_t head_size,
               const uint8_t *body, size_t body_size, uint8_t out[SHA1_SIZE])
{
    struct sha1 sha1;
    uint8_t block[BLOCK] = {0};
    if (key_size > BLOCK) {
        begin(&sha1);
        add(&sha1, key, key_size);
        end(&sha1, block);
    } else if (key_size) {
        memcpy(block, key, key_size);
    }
    for (int i = 0; i < BLOCK; i++)
        block[i] ^= 0x36;
    begin(&sha1);
    add(&sha1, block, BLOCK);
    add(&sha1, head, head_size);
    add(&sha1, body, body_size);
    end(&sha1, out);
    for (int i = 0; i < BLOCK; i++)
        block[i] ^= 0x36 ^ 0x5C;
    begin(&sha1);
    add(&sha1, block, BLOCK);
    add(&sha1, out, SHA1_SIZE);
    end(&sha1, out);
}
