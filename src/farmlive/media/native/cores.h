/* The cores that we may use, and how the kernel gives its threads turns on them (sched(7)).
 *
 * All of it is asked for, none of it needed: where the kernel refuses, it goes on as before. */
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

/* Let the caller, which seldom runs for long, begin where others run that do. */
void cores_hurry(void);

#endif
