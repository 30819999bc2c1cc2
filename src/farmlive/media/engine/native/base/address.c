/* Addresses of peers: comparison, hashing, and conversion from and to text.
 *
 * Always holds: equal addresses have equal hashes; the flow label of IPv6 counts in neither. */
#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t hash_key[2];
static pthread_once_t key_drawn = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    if (getrandom(hash_key, sizeof hash_key, 0) != (ssize_t)sizeof hash_key)
        abort();
}

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->name.any.sa_family != b->name.any.sa_family)
        return false;
    if (a->name.any.sa_family == AF_INET)
        return a->name.v4.sin_port == b->name.v4.sin_port &&
               a->name.v4.sin_addr.s_addr == b->name.v4.sin_addr.s_addr;
    return a->name.v6.sin6_port == b->name.v6.sin6_port &&
           a->name.v6.sin6_scope_id == b->name.v6.sin6_scope_id &&
           memcmp(&a->name.v6.sin6_addr, &b->name.v6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

static uint64_t turn_left(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = turn_left(v[1], 13) ^ v[0];
    v[3] = turn_left(v[3], 16) ^ v[2];
    v[0] = turn_left(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = turn_left(v[1], 17) ^ v[2];
    v[3] = turn_left(v[3], 21) ^ v[0];
    v[2] = turn_left(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein) of whole words; their number replaces the length in
 * bytes. */
static uint64_t sip_hash(const uint64_t *words, int count)
{
    uint64_t v[4] = {
        hash_key[0] ^ 0x736F6D6570736575,
        hash_key[1] ^ 0x646F72616E646F6D,
        hash_key[0] ^ 0x6C7967656E657261,
        hash_key[1] ^ 0x7465646279746573,
    };
    for (int i = 0; i <= count; i++) {
        uint64_t word = i < count ? words[i] : (uint64_t)count << 59;
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t address_hash(const struct address *address)
{
    uint64_t words[3] = {0};
    int count = 1;
    pthread_once(&key_drawn, draw_key);
    if (address->name.any.sa_family == AF_INET) {
        words[0] = (uint64_t)address->name.v4.sin_addr.s_addr << 16 | address->name.v4.sin_port;
    } else {
        words[0] = (uint64_t)address->name.v6.sin6_scope_id << 16 | address->name.v6.sin6_port;
        memcpy(words + 1, &address->name.v6.sin6_addr, sizeof(struct in6_addr));
        count = 3;
    }
    return sip_hash(words, count);
}

/* Read the number of the network interface after the "%", given by name or by number. */
static bool read_scope(const char *text, uint32_t *scope)
{
    *scope = if_nametoindex(text);
    if (*scope)
        return true;
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *scope = (uint32_t)number;
    return text[0] >= '0' && text[0] <= '9' && !*end && number <= UINT32_MAX;
}

bool address_read(struct address *address, const char *host, unsigned port)
{
    memset(address, 0, sizeof *address);
    if (port > 65535)
        return false;
    if (inet_pton(AF_INET, host, &address->name.v4.sin_addr) == 1) {
        address->name.v4.sin_family = AF_INET;
        address->name.v4.sin_port = htons((uint16_t)port);
        address->size = sizeof address->name.v4;
        return true;
    }
    char text[INET6_ADDRSTRLEN];
    size_t size = strcspn(host, "%");
    if (size >= sizeof text)
        return false;
    memcpy(text, host, size);
    text[size] = '\0';
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET6, text, &address->name.v6.sin6_addr) != 1)
        return false;
    if (host[size] && !read_scope(host + size + 1, &address->name.v6.sin6_scope_id))
        return false;
    address->name.v6.sin6_family = AF_INET6;
    address->name.v6.sin6_port = htons((uint16_t)port);
    address->size = sizeof address->name.v6;
    return true;
}

void address_host(const struct address *address, char *out)
{
    const void *bytes = &address->name.v6.sin6_addr;
    if (address->name.any.sa_family == AF_INET)
        bytes = &address->name.v4.sin_addr;
    if (!inet_ntop(address->name.any.sa_family, bytes, out, INET6_ADDRSTRLEN))
        out[0] = '\0';
}

uint16_t address_port(const struct address *address)
{
    if (address->name.any.sa_family == AF_INET)
        return ntohs(address->name.v4.sin_port);
    return ntohs(address->name.v6.sin6_port);
}
