/* The queue of commands: any thread posts, the relay's thread runs.
 *
 * Always holds: each command runs once, or never if it was posted after the close; its caller
 * continues either way. The queue frees it, unless someone waits for it. */
#include "core/commands.h"

#include <string.h>

#include "base/bell.h"
#include "base/memory.h"

void *commands_new(size_t size)
{
    struct command *command = memory_new(size);
    command->size = size;
    return command;
}

void commands_free(struct command *command)
{
    explicit_bzero(command, command->size);
    free(command);
}

void commands_init(struct commands *commands, int bell)
{
    *commands = (struct commands){.bell = bell};
    pthread_mutex_init(&commands->lock, NULL);
    pthread_cond_init(&commands->done, NULL);
    commands->end = &commands->first;
}

void commands_clear(struct commands *commands)
{
    while (commands->first) {
        struct command *command = commands->first;
        commands->first = command->next;
        if (!command->is_awaited)
            commands_free(command);
    }
    pthread_cond_destroy(&commands->done);
    pthread_mutex_destroy(&commands->lock);
}

/* Release a command that has run, or never will. */
static void let_go(struct commands *commands, struct command *command)
{
    if (!command->is_awaited) {
        commands_free(command);
        return;
    }
    pthread_mutex_lock(&commands->lock);
    command->is_done = true;
    pthread_cond_broadcast(&commands->done);
    pthread_mutex_unlock(&commands->lock);
}

void commands_post(struct commands *commands, struct command *command)
{
    command->next = NULL;
    command->is_done = false;
    pthread_mutex_lock(&commands->lock);
    bool is_closed = commands->is_closed, was_empty = !commands->first;
    if (!is_closed) {
        *commands->end = command;
        commands->end = &command->next;
    }
    pthread_mutex_unlock(&commands->lock);
    if (is_closed) {
        let_go(commands, command);
    } else if (was_empty) {
        bell_ring(commands->bell);
    }
}

void commands_await(struct commands *commands, struct command *command)
{
    command->is_awaited = true;
    commands_post(commands, command);
    pthread_mutex_lock(&commands->lock);
    while (!command->is_done)
        pthread_cond_wait(&commands->done, &commands->lock);
    pthread_mutex_unlock(&commands->lock);
}

/* Remove and return all commands, in order. */
static struct command *take(struct commands *commands, bool closes)
{
    pthread_mutex_lock(&commands->lock);
    struct command *first = commands->first;
    commands->first = NULL;
    commands->end = &commands->first;
    commands->is_closed |= closes;
    pthread_mutex_unlock(&commands->lock);
    return first;
}

static void run_all(struct commands *commands, struct command *command, struct core *core,
                    double now)
{
    while (command) {
        struct command *next = command->next;
        command->run(core, command, now);
        let_go(commands, command);
        command = next;
    }
}

void commands_run(struct commands *commands, struct core *core, double now)
{
    run_all(commands, take(commands, false), core, now);
}

void commands_close(struct commands *commands, struct core *core, double now)
{
    run_all(commands, take(commands, true), core, now);
}
