/* What drivers share, which do what a script on the standard input says, a call a line: the words
 * of the line at hand, and bytes in hexadecimal. */
#ifndef FARMLIVE_DRIVER_H
#define FARMLIVE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Begin with this line; returns its first word. */
static inline const char *first_word(char *line) { return strtok(line, " \n"); }

/* The next word of the line, or NULL at its end. */
static inline char *word_or_end(void) { return strtok(NULL, " \n"); }

static inline char *word(void)
{
    char *found = word_or_end();
    if (found == NULL) {
        fputs("a word is missing\n", stderr);
        exit(2);
    }
    return found;
}

static inline long long integer(void) { return strtoll(word(), NULL, 10); }
static inline double real(void) { return strtod(word(), NULL); }

/* The bytes that are told in hexadecimal, at most `room`; returns how many are told. */
static inline size_t read_bytes(const char *hex, uint8_t *out, size_t room)
{
    size_t size = strlen(hex) / 2;
    for (size_t at = 0; at < size && at < room; at++) {
        char digits[3] = {hex[2 * at], hex[2 * at + 1], 0};
        out[at] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

static inline void print_hex(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at++)
        printf("%02x", data[at]);
}

/* The same, and the end of the line. */
static inline void print_bytes(const uint8_t *data, size_t size)
{
    print_hex(data, size);
    putchar('\n');
}

static inline void print_optional(bool has, double value)
{
    if (has)
        printf(" %.17g", value);
    else
        printf(" -");
}

#endif
