/* Splits a stream into packets, without copying those that arrive in one piece. */
#include "wire/framing.h"

/* Keep this many of the given bytes. */
static void keep(struct deframer *deframer, uint8_t **data, size_t *left, size_t size)
{
    memcpy(deframer->held + deframer->size, *data, size);
    deframer->size += size;
    *data += size;
    *left -= size;
}

/* Complete the kept bytes to this size; false if the given bytes end before. */
static bool complete(struct deframer *deframer, uint8_t **data, size_t *left, size_t size)
{
    if (deframer->size < size) {
        size_t missing = size - deframer->size;
        keep(deframer, data, left, missing < *left ? missing : *left);
    }
    return deframer->size >= size;
}

enum framed deframer_next(struct deframer *deframer, uint8_t **data, size_t *left, uint8_t **packet,
                          size_t *size)
{
    if (deframer->is_whole) {
        deframer->is_whole = false;
        deframer->size = 0;
    }
    for (;;) {
        bool is_kept = deframer->size || *left < FRAME_HEAD;
        if (is_kept && !complete(deframer, data, left, FRAME_HEAD))
            return FRAMED_NOTHING;
        *size = get16(is_kept ? deframer->held : *data);
        if (*size > FRAMED_MOST)
            return FRAMED_TOO_LONG;
        size_t whole = FRAME_HEAD + *size;
        if (is_kept || *left < whole) {
            if (!complete(deframer, data, left, whole))
                return FRAMED_NOTHING;
            *packet = deframer->held + FRAME_HEAD;
            deframer->is_whole = *size > 0;
            if (!*size)
                deframer->size = 0;
        } else {
            *packet = *data + FRAME_HEAD;
            *data += whole;
            *left -= whole;
        }
        /* An empty frame is no packet. */
        if (*size)
            return FRAMED_PACKET;
    }
}
