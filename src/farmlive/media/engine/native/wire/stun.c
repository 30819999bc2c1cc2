/* Parses and writes STUN messages.
 *
 * Always holds: a parsed message has whole attributes, each at a multiple of four bytes, up to the
 * end of the datagram. */
#include "wire/stun.h"

#include "base/sha1.h"

static const uint32_t COOKIE = 0x2112A442;
static const uint32_t FINGERPRINT_XOR = 0x5354554E;

enum { HEADER = 20 };

enum {
    USERNAME = 0x0006,
    INTEGRITY = 0x0008,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
};

/* PRIORITY of a peer-reflexive candidate (RFC 8445, section 7.1.1), our only one. */
static const uint32_t REFLEXIVE = 0x6EFFFFFF;

enum { TIE_BREAKER = 8 };

/* CRC-32 as in zlib, four bits at a time. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* Return whether these bytes are UTF-8 (RFC 3629): no surrogates, no overlong forms. */
static bool is_utf8(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint8_t head = text[at++];
        if (head < 0x80)
            continue;
        /* Only the second byte has a restricted range; the others are any continuation bytes. */
        uint8_t least = 0x80, most = 0xBF;
        size_t more;
        if (head >= 0xC2 && head <= 0xDF)
            more = 1;
        else if (head >= 0xE0 && head <= 0xEF)
            more = 2;
        else if (head >= 0xF0 && head <= 0xF4)
            more = 3;
        else
            return false;
        if (head == 0xE0)
            least = 0xA0;
        else if (head == 0xED)
            most = 0x9F;
        else if (head == 0xF0)
            least = 0x90;
        else if (head == 0xF4)
            most = 0x8F;
        if (more > size - at)
            return false;
        for (; more; more--, at++) {
            if (text[at] < least || text[at] > most)
                return false;
            least = 0x80;
            most = 0xBF;
        }
    }
    return true;
}

bool stun_parse(const uint8_t *data, size_t size, struct stun_message *message)
{
    if (size < HEADER)
        return false;
    uint16_t kind = get16(data), length = get16(data + 2);
    if (kind & 0xC000 || get32(data + 4) != COOKIE || length & 3 || (size_t)length + HEADER != size)
        return false;
    *message = (struct stun_message){
        .kind = kind,
        .transaction = data + 8,
        .username = data,
        .raw = data,
        .size = size,
    };
    size_t at = HEADER;
    while (at < size) {
        uint16_t name = get16(data + at), length_here = get16(data + at + 2);
        const uint8_t *value = data + at + 4;
        size_t end = at + 4 + length_here;
        if (end > size)
            return false;
        if (name == FINGERPRINT) {
            if (length_here != 4 || end != size)
                return false;
            if ((crc32(data, at) ^ FINGERPRINT_XOR) != get32(value))
                return false;
        } else if (!message->integrity_at) {
            if (name == INTEGRITY) {
                if (length_here != SHA1_SIZE)
                    return false;
                message->integrity_at = at;
            } else if (name == USERNAME) {
                if (!is_utf8(value, length_here))
                    return false;
                message->username = value;
                message->username_size = length_here;
            } else if (name == USE_CANDIDATE) {
                message->use_candidate = true;
            }
        }
        at = (end + 3) & ~(size_t)3;
    }
    return true;
}

bool stun_authentic(const struct stun_message *message, const uint8_t *key, size_t key_size)
{
    size_t at = message->integrity_at;
    if (!at)
        return false;
    /* The length in the header counts up to the end of MESSAGE-INTEGRITY, not further. */
    uint8_t head[4], code[SHA1_SIZE];
    put16(head, message->kind);
    put16(head + 2, (uint16_t)(at + 4 + SHA1_SIZE - HEADER));
    sha1_hmac(key, key_size, head, sizeof head, message->raw + 4, at - 4, code);
    unsigned different = 0;
    for (size_t i = 0; i < SHA1_SIZE; i++)
        different |= (unsigned)(code[i] ^ message->raw[at + 4 + i]);
    return !different;
}

/* Write XOR-MAPPED-ADDRESS (section 14.2); return its size. The mask is the cookie and the
 * transaction id, as in the header. */
static size_t write_mapped(uint8_t *out, const struct address *from, const uint8_t *mask)
{
    bool v4 = from->name.any.sa_family == AF_INET;
    uint8_t bytes[16] = {0};
    size_t size = v4 ? 4 : 16;
    if (v4)
        memcpy(bytes, &from->name.v4.sin_addr, size);
    else
        memcpy(bytes, &from->name.v6.sin6_addr, size);
    put16(out, XOR_MAPPED_ADDRESS);
    put16(out + 2, (uint16_t)(4 + size));
    put16(out + 4, v4 ? 1 : 2);
    put16(out + 6, (uint16_t)(address_port(from) ^ COOKIE >> 16));
    for (size_t i = 0; i < size; i++)
        out[8 + i] = bytes[i] ^ mask[i];
    return 8 + size;
}

/* Write MESSAGE-INTEGRITY and FINGERPRINT after the attributes, which end at `at`; return the
 * message's size. Each of the two is included in the length that it signs, and nothing after it
 * is. */
static size_t finish(uint8_t *out, size_t at, const uint8_t *key, size_t key_size)
{
    put16(out + 2, (uint16_t)(at + 4 + SHA1_SIZE - HEADER));
    put16(out + at, INTEGRITY);
    put16(out + at + 2, SHA1_SIZE);
    sha1_hmac(key, key_size, out, 4, out + 4, at - 4, out + at + 4);
    at += 4 + SHA1_SIZE;
    put16(out + 2, (uint16_t)(at + 8 - HEADER));
    put16(out + at, FINGERPRINT);
    put16(out + at + 2, 4);
    put32(out + at + 4, crc32(out, at) ^ FINGERPRINT_XOR);
    return at + 8;
}

size_t stun_success(const struct stun_message *request, const struct address *from,
                    const uint8_t *key, size_t key_size, uint8_t out[STUN_SUCCESS_MOST])
{
    put16(out, STUN_BINDING_SUCCESS);
    put32(out + 4, COOKIE);
    memcpy(out + 8, request->transaction, STUN_TRANSACTION);
    size_t at = HEADER + write_mapped(out + HEADER, from, out + 4);
    return finish(out, at, key, key_size);
}

size_t stun_check(const struct credentials *local, const struct credentials *remote,
                  const uint8_t *seed, uint8_t out[STUN_CHECK_MOST])
{
    size_t name = remote->ufrag_size + 1 + local->ufrag_size, at = HEADER + 4;
    put16(out, STUN_BINDING_REQUEST);
    put32(out + 4, COOKIE);
    memcpy(out + 8, seed, STUN_TRANSACTION);
    put16(out + HEADER, USERNAME);
    put16(out + HEADER + 2, (uint16_t)name);
    memcpy(out + at, remote->ufrag, remote->ufrag_size);
    out[at + remote->ufrag_size] = ':';
    memcpy(out + at + remote->ufrag_size + 1, local->ufrag, local->ufrag_size);
    for (at += name; at & 3; at++)
        out[at] = 0;
    put16(out + at, PRIORITY);
    put16(out + at + 2, 4);
    put32(out + at + 4, REFLEXIVE);
    at += 8;
    put16(out + at, ICE_CONTROLLED);
    put16(out + at + 2, TIE_BREAKER);
    memcpy(out + at + 4, seed + STUN_TRANSACTION, TIE_BREAKER);
    at += 4 + TIE_BREAKER;
    return finish(out, at, remote->password, remote->password_size);
}
