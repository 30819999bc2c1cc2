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
    int count; /* 0: unknown */
};

/* The cores that the caller may use. */
struct cores cores_of_caller(void);

/* Pin a thread to the core of this number, from 0 on, and unpin it. */
void cores_keep(const struct cores *cores, pthread_t thread, int number);
void cores_let_go(const struct cores *cores, pthread_t thread);

/* Time slices in nanoseconds: a decision takes microseconds, sending to a crowd a millisecond and
 * more. Linux's default is 1.4 ms and more (on more than one core). */
enum { TURN_DECIDES = 100000, TURN_SENDS = 1000000 };

/* Request time slices of this length for the caller. The kernel (from 6.12 on) then prefers a
 * thread that wakes to one with longer slices, though it gets no more time in the end; within a
 * slice, no thread with as long a slice, or a longer one, takes the core. */
void cores_hurry(int turn);

#endif
