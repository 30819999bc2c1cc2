/* What the harnesses of libFuzzer share: what they claim, and numbers taken from the input.
 *
 * `scripts/sanitize` builds and runs every `fuzz_NAME.c` of this folder, with all of the engine
 * that needs no Python. The input lies in memory of exactly its size, so that a read beyond it is
 * noticed. */
#ifndef FARMLIVE_HARNESS_H
#define FARMLIVE_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                            \
    do {                                                                        \
        if (!(claim)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim); \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* The bytes lie within the input, and may be read. */
#define CHECK_WITHIN(part, part_size, data, size) \
    CHECK((part) >= (data) && (part) + (part_size) <= (data) + (size))

/* The input, as far as it is not yet taken; at its end come zeros. */
struct input {
    const uint8_t *data;
    size_t size;
};

static inline uint64_t take(struct input *input, size_t bytes)
{
    uint64_t value = 0;
    for (; bytes; bytes--) {
        value <<= 8;
        if (input->size) {
            value |= *input->data++;
            input->size--;
        }
    }
    return value;
}

#endif
