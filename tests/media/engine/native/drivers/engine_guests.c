/* Light clients of an engine under stress. */
#include "engine_guests.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/sha1.h"
#include "wire/rtp.h"
#include "wire/stun.h"

struct account account;

static unsigned long drawn = 1;

void draw_from(unsigned long seed) { drawn = seed; }

int draw(int below)
{
    drawn = drawn * 6364136223846793005UL + 1442695040888963407UL;
    return (int)((drawn >> 33) % (unsigned long)below);
}

/* Protection. */

enum { SUMMED = 24 };

static uint32_t sum(uint32_t key, const uint8_t *data, size_t size)
{
    uint32_t sum = key ^ (uint32_t)size;
    for (size_t at = 0; at < size && at < SUMMED; at++)
        sum = (sum ^ data[at]) * 16777619u;
    return sum;
}

void guest_seal(uint32_t key, uint8_t *data, int *size, int more)
{
    memset(data + *size, 0xAA, (size_t)(more + TAG));
    put32(data + *size, sum(key, data, (size_t)*size));
    *size += more + TAG;
}

static bool unseal(uint32_t key, const uint8_t *data, int *size, int more)
{
    int plain = *size - more - TAG;
    if (plain < 8 || get32(data + plain) != sum(key, data, (size_t)plain))
        return false;
    *size = plain;
    return true;
}

static int protect(srtp_session session, void *packet, int *size)
{
    ((struct session *)session)->passed++;
    guest_seal(((struct session *)session)->key, packet, size, 0);
    return 0;
}

static int unprotect(srtp_session session, void *packet, int *size)
{
    ((struct session *)session)->passed++;
    return !unseal(((struct session *)session)->key, packet, size, 0);
}

static int protect_rtcp(srtp_session session, void *packet, int *size)
{
    ((struct session *)session)->passed++;
    guest_seal(((struct session *)session)->key, packet, size, 4);
    return 0;
}

static int unprotect_rtcp(srtp_session session, void *packet, int *size)
{
    ((struct session *)session)->passed++;
    return !unseal(((struct session *)session)->key, packet, size, 4);
}

void guests_protect(void)
{
    srtp = (struct srtp_functions){protect, unprotect, protect_rtcp, unprotect_rtcp};
}

bool guests_have_gcm(void)
{
    void *openssl = dlopen("libcrypto.so.3", RTLD_NOW);
    if (openssl == NULL)
        return false;
    struct gcm_functions functions;
    const struct {
        const char *name;
        void *function;
    } wanted[] = {
        {"EVP_CIPHER_fetch", &functions.fetch},
        {"EVP_CIPHER_CTX_new", &functions.context_new},
        {"EVP_CIPHER_CTX_free", &functions.context_free},
        {"EVP_EncryptInit_ex2", &functions.begin},
        {"EVP_Cipher", &functions.update},
        {"EVP_CIPHER_CTX_get_params", &functions.get},
    };
    for (size_t at = 0; at < sizeof wanted / sizeof *wanted; at++) {
        void *found = dlsym(openssl, wanted[at].name);
        if (found == NULL)
            return false;
        memcpy(wanted[at].function, &found, sizeof found);
    }
    return gcm_use(&functions);
}

struct keyring *guest_keys(struct guest *guest)
{
    struct keyring *keyring = memory_new(sizeof *keyring);
    keyring->transmit.key = guest->from_engine;
    keyring->receive.key = guest->to_engine;
    return keyring;
}

/* Ways. */

static int door(int kind, int number, struct address *at)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)number)};
    int fd = socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memset(at, 0, sizeof *at);
    at->size = sizeof at->name;
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 ||
        (kind == SOCK_STREAM && listen(fd, 64) != 0) ||
        getsockname(fd, &at->name.any, &at->size) != 0)
        return -1;
    return fd;
}

bool doors_open(struct doors *doors)
{
    bool are_open = true;
    for (int at = 0; at < PORTS; at++) {
        doors->udp[at] = door(SOCK_DGRAM, at, &doors->udp_at[at]);
        doors->tcp[at] = door(SOCK_STREAM, at, &doors->tcp_at[at]);
        are_open &= doors->udp[at] >= 0 && doors->tcp[at] >= 0;
    }
    return are_open;
}

static int connected(const struct doors *doors, bool is_stream)
{
    int at = draw(PORTS);
    const struct address *to = is_stream ? &doors->tcp_at[at] : &doors->udp_at[at];
    int fd = socket(AF_INET, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, &to->name.any, to->size) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

void guest_hang_up(struct guest *guest)
{
    if (guest->fd >= 0)
        close(guest->fd);
    guest->fd = -1;
    guest->gathered = 0;
}

void guest_move(struct guest *guest, const struct doors *doors)
{
    guest_hang_up(guest);
    guest->is_stream = draw(4) == 0;
    guest->fd = connected(doors, guest->is_stream);
}

void guest_send(struct guest *guest, const uint8_t *data, size_t size)
{
    uint8_t framed[2 + 2048];
    if (guest->fd < 0)
        return;
    account.sent++;
    if (!guest->is_stream) {
        (void)!send(guest->fd, data, size, MSG_NOSIGNAL);
        return;
    }
    put16(framed, (uint16_t)size);
    memcpy(framed + 2, data, size);
    ssize_t sent = send(guest->fd, framed, size + 2, MSG_NOSIGNAL);
    if (sent >= 0 && sent < (ssize_t)size + 2)
        guest_hang_up(guest); /* in the midst of a packet */
}

/* Who they are. */

void guest_rename(struct guest *guest)
{
    guest->local.ufrag_size =
        (size_t)snprintf((char *)guest->local.ufrag, CREDENTIAL_MOST, "u%llu.%d",
                         (unsigned long long)guest->number, draw(1000));
    guest->local.password_size = (size_t)snprintf((char *)guest->local.password, CREDENTIAL_MOST,
                                                  "a password of %d", draw(100000));
}

static const struct credentials theirs = {.ufrag_size = 6,
                                          .password_size = 8,
                                          .ufrag = "theirs",
                                          .password = "password"};

struct naming guest_naming(const struct guest *guest)
{
    struct naming naming = {.local = guest->local, .remote = theirs, .has_remote = draw(8) > 0};
    for (int at = 0; at < SECRET; at++)
        naming.secret[at] = (uint8_t)draw(256);
    return naming;
}

void guest_begin(struct guest *guest, uint64_t number, bool publishes)
{
    memset(guest, 0, sizeof *guest);
    guest->number = number;
    guest->publishes = publishes;
    guest->is_layered = draw(2);
    guest->is_h264 = !guest->is_layered && draw(2);
    guest->is_deaf = draw(8) == 0;
    guest->fd = -1;
    guest->to_engine = (uint32_t)draw(1 << 30);
    guest->from_engine = (uint32_t)draw(1 << 30);
    guest->ssrc = (uint32_t)draw(1 << 30) << 2;
    for (int at = 0; at < 4; at++)
        guest->sequences[at] = (uint16_t)draw(0x10000);
    guest_rename(guest);
}

void guest_check(struct guest *guest)
{
    uint8_t out[512] = {0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42};
    size_t size = 20, named = guest->local.ufrag_size + 7;
    for (int at = 8; at < 20; at++)
        out[at] = (uint8_t)draw(256);
    put16(out + size, 0x0006);
    put16(out + size + 2, (uint16_t)named);
    memcpy(out + size + 4, guest->local.ufrag, guest->local.ufrag_size);
    memcpy(out + size + 4 + guest->local.ufrag_size, ":theirs", 7);
    size += 4 + (named + 3) / 4 * 4;
    if (draw(2)) {
        put16(out + size, 0x0025);
        size += 4;
    }
    put16(out + 2, (uint16_t)(size - 20 + 24));
    sha1_hmac(guest->local.password, guest->local.password_size, out, 20, out + 20, size - 20,
              out + size + 4);
    put16(out + size, 0x0008);
    put16(out + size + 2, 20);
    if (draw(50) == 0)
        out[size + 4] ^= 1;
    guest_send(guest, out, size + 24);
}

/* What comes. */

/* Answer a check of the engine's. */
static void answer(struct guest *guest, const uint8_t *data, int size)
{
    struct stun_message check;
    struct address from = {.name.v4.sin_family = AF_INET, .size = sizeof from.name.v4};
    uint8_t out[STUN_SUCCESS_MOST];
    if (!stun_parse(data, (size_t)size, &check) || check.kind != STUN_BINDING_REQUEST)
        return;
    account.checks++;
    guest_send(guest, out, stun_success(&check, &from, theirs.password, theirs.password_size, out));
}

static void take(struct guest *guest, uint8_t *data, int size)
{
    if (size < 8 || data[0] < 128) {
        account.answers += size >= 20 && data[0] == 1;
        account.records += size >= 13 && data[0] == 22;
        answer(guest, data, size);
        return;
    }
    bool is_control = rtp_is_rtcp(data, (size_t)size);
    const bool is_ours = guest->has_gcm && !is_control; /* the engine's own: taken as it is */
    if (!is_ours && !unseal(guest->from_engine, data, &size, is_control ? 4 : 0)) {
        account.foreign++;
        return;
    }
    account.control += is_control;
    account.media += !is_control;
    if (!is_control) {
        guest->heard = get16(data + 2);
        guest->heard_ssrc = get32(data + 8);
    }
}

static void hear_stream(struct guest *guest)
{
    ssize_t count = recv(guest->fd, guest->room + guest->gathered,
                         sizeof guest->room - guest->gathered, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
        guest_hang_up(guest);
        return;
    }
    guest->gathered += count > 0 ? (size_t)count : 0;
    size_t at = 0;
    while (guest->gathered - at >= 2) {
        size_t size = get16(guest->room + at);
        if (guest->gathered - at - 2 < size)
            break;
        take(guest, guest->room + at + 2, (int)size);
        at += 2 + size;
    }
    guest->gathered -= at;
    memmove(guest->room, guest->room + at, guest->gathered);
}

void guest_hear(struct guest *guest)
{
    uint8_t data[2048];
    ssize_t size;
    if (guest->fd < 0 || guest->is_deaf)
        return;
    if (guest->is_stream)
        hear_stream(guest);
    else
        while ((size = recv(guest->fd, data, sizeof data, MSG_DONTWAIT)) > 0)
            take(guest, data, (int)size);
}

void stranger(const struct doors *doors)
{
    uint8_t data[1500];
    bool is_stream = draw(2);
    int fd = connected(doors, is_stream), size = 1 + draw((int)sizeof data);
    for (int at = 0; at < size && at < 40; at++)
        data[at] = (uint8_t)draw(256);
    memset(data + (size < 40 ? size : 40), 0, sizeof data - (size_t)(size < 40 ? size : 40));
    if (fd >= 0) {
        (void)!send(fd, data, (size_t)size, MSG_NOSIGNAL);
        close(fd);
    }
}
