/* Allocation that never returns NULL: if the system has no memory left, the process ends with a
 * sentence. */
#ifndef FARMLIVE_MEMORY_H
#define FARMLIVE_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

static inline void *memory_checked(void *memory)
{
    if (memory == NULL) {
        fputs("farmlive: no memory left for the media engine\n", stderr);
        abort();
    }
    return memory;
}

/* Return zeroed memory. */
static inline void *memory_new(size_t size) { return memory_checked(calloc(1, size)); }

/* Return the array, resized to this number of items. */
static inline void *memory_grow(void *array, size_t count, size_t size)
{
    return memory_checked(reallocarray(array, count, size));
}

#endif
