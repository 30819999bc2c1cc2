/* STUN from anyone; and what we answer can be read, by those who know the key. */
#include "harness.h"
#include "wire/stun.h"

static const uint8_t KEY[] = "password-of-the-corpus";
enum { KEY_SIZE = sizeof KEY - 1 };

static void answer(const struct stun_message *request, const char *host)
{
    uint8_t out[STUN_SUCCESS_MOST];
    struct address from;
    struct stun_message success;
    CHECK(address_read(&from, host, 50000));
    size_t size = stun_success(request, &from, KEY, KEY_SIZE, out);
    CHECK(size <= STUN_SUCCESS_MOST);
    CHECK(stun_parse(out, size, &success));
    CHECK(success.kind == STUN_BINDING_SUCCESS);
    CHECK(!memcmp(success.transaction, request->transaction, 12));
    CHECK(stun_authentic(&success, KEY, KEY_SIZE));
    CHECK(!stun_authentic(&success, KEY, KEY_SIZE - 1));
}

static void read_message(const uint8_t *data, size_t size)
{
    struct stun_message message;
    if (!stun_parse(data, size, &message))
        return;
    CHECK(message.raw == data && message.size == size);
    CHECK_WITHIN(message.transaction, 12, data, size);
    CHECK_WITHIN(message.username, message.username_size, data, size);
    CHECK(!message.integrity_at || message.integrity_at + 24 <= size);
    bool authentic = stun_authentic(&message, KEY, KEY_SIZE);
    CHECK(!authentic || message.integrity_at);
    answer(&message, "203.0.113.7");
    answer(&message, "2001:db8::7");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_message(data, size);
    /* The same as attributes behind a head that is right. */
    size_t whole = 20 + size / 4 * 4;
    uint8_t *message = malloc(whole);
    CHECK(message);
    memset(message, 0, 20);
    put16(message, STUN_BINDING_REQUEST);
    put16(message + 2, (uint16_t)(whole - 20));
    put32(message + 4, 0x2112A442);
    if (whole > 20)
        memcpy(message + 20, data, whole - 20);
    read_message(message, whole);
    free(message);
    return 0;
}
