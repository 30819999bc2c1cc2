/* An eventfd by which one thread wakes another that waits for descriptors. Several writes before a
 * read wake it once. */
#ifndef FARMLIVE_BELL_H
#define FARMLIVE_BELL_H

#include <stdint.h>
#include <unistd.h>

/* Fails only after 2^64 - 2 rings without a read, and then it is readable anyway. */
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
