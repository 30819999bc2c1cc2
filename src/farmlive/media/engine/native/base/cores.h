/* The CPU cores that the process may use, pinning threads to them, and the length of time slices
 * (sched(7)).
 *
 * All of it is optional: if the kernel refuses, nothing changes. */
#ifndef FARMLIVE_CORES_H
#define FARMLIVE_CORES_H

#include <pthread.h>
#include <sched.h>

struct cores {
    cpu_set_t each;
    int count; /* 0: not known */
};

/* Those that the caller may use. */
struct cores cores_of_caller(void);

/* Keep a thread to the core of this number, from 0 on, and let it go. */
void cores_keep(const struct cores *cores, pthread_t thread, int number);
void cores_let_go(const struct cores *cores, pthread_t thread);

/* What a thread does at once, in nanoseconds: to decide takes microseconds, to send to a crowd a
 * millisecond and more. Linux gives 1.4 and more unasked (on more than one core). */
enum { TURN_DECIDES = 100000, TURN_SENDS = 1000000 };

/* Ask for turns of this length for the caller. By it the kernel (from 6.12 on) lets a thread that
 * wakes go before one that has asked for more, though it gets no more in the end; within a turn
 * nobody with as long a one, or a longer, takes the core. */
void cores_hurry(int turn);

#endif
