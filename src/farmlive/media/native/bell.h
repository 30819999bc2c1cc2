/* An eventfd by which one thread wakes another that waits for descriptors. Several writes before a
 * read wake it once. */
#ifndef FARMLIVE_BELL_H
#define FARMLIVE_BELL_H

#include <stdint.h>
#include <unistd.h>

/* Fails only where it was rung 2^64 - 2 times and nobody came, which is rung enough. */
static inline void bell_ring(int bell)
{
    const uint64_t once = 1;
    ssize_t written = write(bell, &once, sizeof once);
    (void)written;
}

/* Let it be quiet until it is rung again; fails where it is. */
static inline void bell_quiet(int bell)
{
    uint64_t count;
    ssize_t size = read(bell, &count, sizeof count);
    (void)size;
}

#endif
