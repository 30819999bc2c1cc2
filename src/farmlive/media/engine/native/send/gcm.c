/* AEAD_AES_128_GCM for outgoing RTP, with OpenSSL's functions.
 *
 * Always holds: a context has its key from the start and gets a nonce with each packet; a stream's
 * `newest` only grows. */
#include "send/gcm.h"

#include "base/memory.h"
#include "wire/rtp.h"

/* A cache line, and the bytes that OpenSSL reads of a context and of its allocations, most of which
 * lie behind it. */
enum { LINE = 64, CONTEXT = 16 * LINE };
enum { KEY = 16, SALT = 12, NONCE = 12, BLOCK = 16 };

/* Labels of key derivation (RFC 3711, section 4.3.1). */
enum { LABEL_KEY = 0, LABEL_SALT = 2, LABEL_AT = 7 };

/* Most legs send video, audio, and retransmissions of the video. */
enum { STREAMS = 3 };

enum { OCTET_STRING = 5 }; /* openssl/core.h: OSSL_PARAM_OCTET_STRING */

struct stream {
    uint32_t ssrc;
    uint64_t newest;                 /* index: rollover counter and sequence number */
    uint64_t taken[GCM_WINDOW / 64]; /* one bit for each index of the window, by its last bits */
};

/* What each packet needs is adjacent: thousands of these take turns in the cache. */
struct gcm {
    _Alignas(LINE) void *context;
    uint8_t salt[SALT];
    int count;
    struct stream *streams; /* `few`, or an array with `room` entries */
    struct stream few[STREAMS];
    int room;
};

static struct gcm_functions openssl;
static void *gcm_cipher, *counter_cipher;

/* Keys. */

static struct gcm *gcm_of(const uint8_t key[KEY], const uint8_t salt[SALT])
{
    void *context = openssl.context_new();
    if (context == NULL || openssl.begin(context, gcm_cipher, key, NULL, NULL) != 1) {
        openssl.context_free(context);
        return NULL;
    }
    struct gcm *gcm = memory_checked(aligned_alloc(LINE, sizeof *gcm));
    *gcm = (struct gcm){.context = context, .streams = gcm->few, .room = STREAMS};
    memcpy(gcm->salt, salt, SALT);
    return gcm;
}

/* Derive the first block of the key stream with this label: AES in counter mode from the salt on,
 * padded with zeros (RFC 3711, section 4.3.3; RFC 7714, section 11). */
static bool derive(void *context, const uint8_t master[GCM_MASTER], int label, uint8_t out[BLOCK])
{
    static const uint8_t zeros[BLOCK];
    uint8_t counter[BLOCK] = {0};
    memcpy(counter, master + KEY, SALT);
    counter[LABEL_AT] ^= (uint8_t)label;
    return openssl.begin(context, counter_cipher, master, counter, NULL) == 1 &&
           openssl.update(context, out, zeros, BLOCK) == BLOCK;
}

struct gcm *gcm_new(const uint8_t master[GCM_MASTER])
{
    if (gcm_cipher == NULL)
        return NULL;
    uint8_t key[BLOCK], salt[BLOCK];
    struct gcm *gcm = NULL;
    void *context = openssl.context_new();
    if (context != NULL && derive(context, master, LABEL_KEY, key) &&
        derive(context, master, LABEL_SALT, salt))
        gcm = gcm_of(key, salt);
    openssl.context_free(context);
    explicit_bzero(key, sizeof key);
    explicit_bzero(salt, sizeof salt);
    return gcm;
}

void gcm_free(struct gcm *gcm)
{
    if (gcm == NULL)
        return;
    openssl.context_free(gcm->context);
    if (gcm->streams != gcm->few)
        free(gcm->streams);
    explicit_bzero(gcm->salt, sizeof gcm->salt);
    free(gcm);
}

/* Packet indices. */

static struct stream *stream_of(struct gcm *gcm, uint32_t ssrc)
{
    for (int at = 0; at < gcm->count; at++)
        if (gcm->streams[at].ssrc == ssrc)
            return &gcm->streams[at];
    if (gcm->count == gcm->room) {
        struct stream *before = gcm->streams == gcm->few ? NULL : gcm->streams;
        gcm->room *= 2;
        gcm->streams = memory_grow(before, (size_t)gcm->room, sizeof *gcm->streams);
        if (before == NULL)
            memcpy(gcm->streams, gcm->few, sizeof gcm->few);
    }
    struct stream *stream = &gcm->streams[gcm->count++];
    *stream = (struct stream){.ssrc = ssrc};
    return stream;
}

/* Return the index of this sequence number by the newest one of its stream: the closest one, but
 * none before the first (as libsrtp estimates it). */
static uint64_t index_of(const struct stream *stream, uint16_t sequence)
{
    uint64_t rollover = stream->newest >> 16;
    int ahead = sequence - (uint16_t)stream->newest;
    if (stream->newest > 0x8000) {
        if (ahead < -0x8000)
            rollover++;
        else if (ahead > 0x8000)
            rollover--;
    }
    return rollover << 16 | sequence;
}

/* Return whether the index is unused, and mark it as used. */
static bool take(struct stream *stream, uint64_t index)
{
    if (index > stream->newest) {
        uint64_t from = stream->newest + 1;
        if (index >= from + GCM_WINDOW)
            from = index + 1 - GCM_WINDOW;
        for (; from <= index; from++)
            stream->taken[from / 64 % (GCM_WINDOW / 64)] &= ~(UINT64_C(1) << from % 64);
        stream->newest = index;
    } else if (stream->newest - index >= GCM_WINDOW) {
        return false;
    }
    uint64_t *word = &stream->taken[index / 64 % (GCM_WINDOW / 64)];
    const uint64_t bit = UINT64_C(1) << index % 64;
    const bool is_free = !(*word & bit);
    *word |= bit;
    return is_free;
}

void gcm_fetch(const struct gcm *gcm)
{
    const char *at = (const char *)gcm;
    for (size_t line = 0; line < sizeof *gcm; line += LINE)
        __builtin_prefetch(at + line, 1);
}

void gcm_fetch_context(const struct gcm *gcm)
{
    for (const char *at = gcm->context, *end = at + CONTEXT; at < end; at += LINE)
        __builtin_prefetch(at, 1);
}

/* Packets. */

/* Return the size of an RTP header with all its parts (RFC 3550, section 5.1); 0 if it is not
 * RTP. */
static size_t head_size(const uint8_t *packet, size_t size)
{
    if (size < RTP_HEADER || packet[0] >> 6 != 2)
        return 0;
    size_t head = RTP_HEADER + 4 * (size_t)(packet[0] & 15);
    if (packet[0] & 0x10) {
        if (size < head + 4)
            return 0;
        head += 4 + 4 * (size_t)get16(packet + head + 2);
    }
    return head <= size ? head : 0;
}

/* RFC 7714, section 8.1. */
static void write_nonce(const struct gcm *gcm, uint32_t ssrc, uint64_t index, uint8_t out[NONCE])
{
    put16(out, 0);
    put32(out + 2, ssrc);
    put16(out + 6, (uint16_t)(index >> 32));
    put32(out + 8, (uint32_t)index);
    for (int at = 0; at < NONCE; at++)
        out[at] ^= gcm->salt[at];
}

size_t gcm_protect(struct gcm *gcm, uint8_t *out, const uint8_t *packet, size_t size)
{
    size_t head = head_size(packet, size);
    if (head == 0)
        return 0;
    uint32_t ssrc = get32(packet + 8);
    struct stream *stream = stream_of(gcm, ssrc);
    uint64_t index = index_of(stream, get16(packet + 2));
    if (!take(stream, index))
        return 0;
    uint8_t nonce[NONCE];
    write_nonce(gcm, ssrc, index, nonce);
    struct gcm_parameter tag[] = {{"tag", OCTET_STRING, out + size, GCM_TAG, 0}, {0}};
    if (out != packet)
        memcpy(out, packet, head);
    if (openssl.begin(gcm->context, NULL, NULL, nonce, NULL) != 1 ||
        openssl.update(gcm->context, NULL, packet, (unsigned)head) < 0 ||
        openssl.update(gcm->context, out + head, packet + head, (unsigned)(size - head)) < 0 ||
        openssl.update(gcm->context, NULL, NULL, 0) < 0 || openssl.get(gcm->context, tag) != 1)
        return 0;
    return size + GCM_TAG;
}

/* Check the example of RFC 7714, section 16.1.1. */
static bool does_the_example(void)
{
    static const uint8_t KEY_OF[KEY] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const char SALT_OF[] = "Quid pro quo";
    static const uint8_t HEAD[] = {0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41,
                                   0xf8, 0xd3, 0x55, 0x01, 0xa0, 0xb2};
    static const char TEXT[] = "Gallia est omnis divisa in partes tres";
    static const uint8_t EXPECTED[] = {0xf2, 0x4d, 0xe3, 0xa3, 0xfb, 0x34, 0xde, 0x6c, 0xac,
                                       0xba, 0x86, 0x1c, 0x9d, 0x7e, 0x4b, 0xca, 0xbe, 0x63,
                                       0x3b, 0xd5, 0x0d, 0x29, 0x4e, 0x6f, 0x42, 0xa5, 0xf4,
                                       0x7a, 0x51, 0xc7, 0xd1, 0x9b, 0x36, 0xde, 0x3a, 0xdf,
                                       0x88, 0x33, 0x89, 0x9d, 0x7f, 0x27, 0xbe, 0xb1, 0x6a,
                                       0x91, 0x52, 0xcf, 0x76, 0x5e, 0xe4, 0x39, 0x0c, 0xce};
    uint8_t packet[sizeof HEAD + sizeof EXPECTED];
    memcpy(packet, HEAD, sizeof HEAD);
    memcpy(packet + sizeof HEAD, TEXT, sizeof TEXT - 1);
    struct gcm *gcm = gcm_of(KEY_OF, (const uint8_t *)SALT_OF);
    if (gcm == NULL)
        return false;
    size_t size = gcm_protect(gcm, packet, packet, sizeof HEAD + sizeof TEXT - 1);
    gcm_free(gcm);
    return size == sizeof packet && memcmp(packet + sizeof HEAD, EXPECTED, sizeof EXPECTED) == 0;
}

bool gcm_use(const struct gcm_functions *functions)
{
    openssl = *functions;
    counter_cipher = openssl.fetch(NULL, "AES-128-CTR", NULL);
    gcm_cipher = openssl.fetch(NULL, "AES-128-GCM", NULL);
    if (counter_cipher != NULL && gcm_cipher != NULL && does_the_example())
        return true;
    gcm_cipher = NULL;
    return false;
}
