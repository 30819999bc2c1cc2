/* Starts the engine's threads. */
#ifndef FARMLIVE_THREAD_H
#define FARMLIVE_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Start a thread that blocks all signals, which Python handles, with a name of at most 15 bytes.
 * Returns 0 or an error number. */
static inline int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                               void *context)
{
    sigset_t all, before;
    sigfillset(&all);
    /* A thread inherits its creator's signal mask. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == 0)
        pthread_setname_np(*thread, name);
    return status;
}

#endif
