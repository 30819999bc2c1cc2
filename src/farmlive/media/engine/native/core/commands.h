/* The queue of Python's commands: functions that the relay's thread runs between two reads, in
 * order. */
#ifndef FARMLIVE_COMMANDS_H
#define FARMLIVE_COMMANDS_H

#include <pthread.h>
#include <stdbool.h>

struct core;

/* The start of a command's own struct, made by `commands_new`. It is freed after it has run, unless
 * its caller waits for it. */
struct command {
    struct command *next;
    size_t size; /* of the whole struct; 0: its memory is not ours */
    void (*run)(struct core *core, struct command *command, double now);
    bool is_awaited, is_done;
};

struct commands {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct command *first, **end;
    int bell;       /* an eventfd, written when the queue was empty; its creator closes it */
    bool is_closed; /* later commands do not run: the thread has ended */
};

/* Return zeroed memory for a command of this size. */
void *commands_new(size_t size);
/* Wipe and free it: it may have keys and passwords. */
void commands_free(struct command *command);

void commands_init(struct commands *commands, int bell);
void commands_clear(struct commands *commands);
void commands_post(struct commands *commands, struct command *command);
/* Post it and wait until it has run, unless the thread has ended; the caller keeps it. */
void commands_await(struct commands *commands, struct command *command);
/* Run all queued commands. */
void commands_run(struct commands *commands, struct core *core, double now);
/* Run all queued commands, and refuse later ones. */
void commands_close(struct commands *commands, struct core *core, double now);

#endif
