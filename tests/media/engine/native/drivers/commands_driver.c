/* Frees commands in each of the ways in which they may go, and says what was in them then. Compiled
 * with `free` meaning `look`. */
#include "core/commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

static const char SECRET[] = "the key of a viewer";

struct secret {
    struct command command;
    char secret[sizeof SECRET];
};

/* Instead of freeing: nothing here is so large that it matters. */
void look(void *memory)
{
    const struct secret *seen = memory;
    bool is_wiped = true;
    for (size_t at = 0; at < sizeof SECRET; at++)
        is_wiped &= seen->secret[at] == 0;
    puts(is_wiped ? "wiped" : "left");
}

static void run(struct core *core, struct command *command, double now)
{
    (void)core, (void)now;
    puts(strcmp(((struct secret *)command)->secret, SECRET) == 0 ? "ran" : "broken");
}

static struct command *secret(void)
{
    struct secret *made = commands_new(sizeof *made);
    made->command.run = run;
    memcpy(made->secret, SECRET, sizeof SECRET);
    return &made->command;
}

int main(void)
{
    struct commands commands;
    commands_init(&commands, eventfd(0, EFD_NONBLOCK));
    commands_post(&commands, secret());
    commands_run(&commands, NULL, 0);
    commands_post(&commands, secret());
    commands_close(&commands, NULL, 0);
    /* Too late: it is not run. */
    commands_post(&commands, secret());
    commands_clear(&commands);
    /* What nobody has run. */
    commands_init(&commands, commands.bell);
    commands_post(&commands, secret());
    commands_clear(&commands);
    return 0;
}
