/* An eventfd with which one thread wakes another that waits for descriptors. Several writes before
 * a read wake it once. */
#ifndef FARMLIVE_BELL_H
#define FARMLIVE_BELL_H

#include <stdint.h>
#include <unistd.h>

/* Ring the bell. Fails only after 2^64 - 2 rings without a read; then it is readable anyway. */
static inline void bell_ring(int bell)
{
    const uint64_t once = 1;
    ssize_t written = write(bell, &once, sizeof once);
    (void)written;
}

/* Silence the bell until the next ring; fails if it is silent already. */
static inline void bell_quiet(int bell)
{
    uint64_t count;
    ssize_t size = read(bell, &count, sizeof count);
    (void)size;
}

#endif
