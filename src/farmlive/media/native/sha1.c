/* SHA-1 and HMAC over it, for short messages.
 *
 * Always holds: `filled` bytes of the block wait for the rest of it, fewer than a whole block. */
#include "sha1.h"

#include "bytes.h"

enum { BLOCK = 64 };

struct sha1 {
    uint32_t state[5];
    uint64_t size; /* of all that was added, in bytes */
    size_t filled;
    uint8_t block[BLOCK];
};

static uint32_t turn_left(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

/* One of the 80 rounds: `mixed` is the round's function and its constant. */
static void turn(uint32_t s[5], uint32_t mixed, uint32_t word)
{
    uint32_t first = turn_left(s[0], 5) + mixed + s[4] + word;
    s[4] = s[3];
    s[3] = s[2];
    s[2] = turn_left(s[1], 30);
    s[1] = s[0];
    s[0] = first;
}

static void digest_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80], s[5];
    for (int i = 0; i < 16; i++)
        w[i] = get32(block + 4 * i);
    for (int i = 16; i < 80; i++)
        w[i] = turn_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 20; i++)
        turn(s, (s[3] ^ (s[1] & (s[2] ^ s[3]))) + 0x5A827999, w[i]);
    for (int i = 20; i < 40; i++)
        turn(s, (s[1] ^ s[2] ^ s[3]) + 0x6ED9EBA1, w[i]);
    for (int i = 40; i < 60; i++)
        turn(s, ((s[1] & s[2]) | (s[3] & (s[1] | s[2]))) + 0x8F1BBCDC, w[i]);
    for (int i = 60; i < 80; i++)
        turn(s, (s[1] ^ s[2] ^ s[3]) + 0xCA62C1D6, w[i]);
    for (int i = 0; i < 5; i++)
        state[i] += s[i];
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
