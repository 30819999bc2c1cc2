/* Packets on a stream, which is cut by numbers at the input's end: however it is cut, the same
 * packets come out, and the same is too long. */
#include "harness.h"
#include "wire/framing.h"

enum { CUTS_MOST = 15 };

/* The next packet of the stream as it lies there whole; `*at` goes behind it. */
static enum framed whole(const uint8_t *data, size_t size, size_t *at, size_t *packet)
{
    while (size - *at >= FRAME_HEAD) {
        *packet = get16(data + *at);
        if (*packet > FRAMED_MOST)
            return FRAMED_TOO_LONG;
        if (size - *at - FRAME_HEAD < *packet)
            return FRAMED_NOTHING;
        *at += FRAME_HEAD + *packet;
        if (*packet)
            return FRAMED_PACKET;
    }
    return FRAMED_NOTHING;
}

/* Feed a piece, in memory of its own that goes then, and compare; `*at` is how far the stream is
 * taken apart. False where it can't be followed any more. */
static bool feed(struct deframer *deframer, const uint8_t *stream, size_t size, size_t *at,
                 const uint8_t *data, size_t count)
{
    uint8_t *piece = malloc(count ? count : 1), *next = piece, *packet;
    size_t left = count, length, expected;
    enum framed framed;
    CHECK(piece);
    memcpy(piece, data, count);
    while ((framed = deframer_next(deframer, &next, &left, &packet, &length)) == FRAMED_PACKET) {
        CHECK(whole(stream, size, at, &expected) == FRAMED_PACKET && length == expected);
        CHECK(!memcmp(packet, stream + *at - length, length));
        CHECK(next + left == piece + count);
        if (packet != deframer->held + FRAME_HEAD)
            CHECK_WITHIN(packet, length, piece, count);
    }
    if (framed == FRAMED_NOTHING)
        CHECK(!left && deframer->size < sizeof deframer->held);
    free(piece);
    return framed == FRAMED_NOTHING;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct deframer deframer = {0};
    size_t cuts = size ? data[size - 1] % (CUTS_MOST + 1) : 0;
    size_t stream = size > cuts ? size - cuts - 1 : 0;
    size_t at = 0, fed = 0, expected;
    bool is_followed = true;
    for (size_t cut = stream; is_followed && cut < size; cut++) {
        /* As small as a head, and as large as any packet; the last one takes what is left. */
        size_t piece = data[cut] < 128 ? data[cut] : 16 * (size_t)(data[cut] - 126);
        if (piece > stream - fed || cut + 1 == size)
            piece = stream - fed;
        is_followed = feed(&deframer, data, stream, &at, data + fed, piece);
        fed += piece;
    }
    /* What is left is half of a packet, or begins with the length that can't be. */
    enum framed rest = whole(data, stream, &at, &expected);
    CHECK(rest == (is_followed ? FRAMED_NOTHING : FRAMED_TOO_LONG));
    return 0;
}
