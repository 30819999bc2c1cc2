/* What an engine under stress is told to do, and the system that it runs on. */
#ifndef FARMLIVE_ENGINE_ORDERS_H
#define FARMLIVE_ENGINE_ORDERS_H

#include "core/commands.h"
#include "core/engine.h"

/* What Python's calls become; each runs by one of the functions below. */
struct order {
    struct command command;
    uint64_t peer, output;
    int most;
    uint32_t drawn;
    struct naming naming;
    struct keys keys;
    struct viewing viewing;
    struct publishing *publishing;
};

void run_add_peer(struct core *core, struct command *command, double now);
void run_restart_ice(struct core *core, struct command *command, double now);
void run_send(struct core *core, struct command *command, double now);
void run_secure(struct core *core, struct command *command, double now);
void run_remove_peer(struct core *core, struct command *command, double now);
void run_add_output(struct core *core, struct command *command, double now);
void run_remove_output(struct core *core, struct command *command, double now);
void run_publish(struct core *core, struct command *command, double now);
void run_view(struct core *core, struct command *command, double now);
void run_put_on_air(struct core *core, struct command *command, double now);
void run_prefer(struct core *core, struct command *command, double now);

/* The true time on the clock that the engine sees go faster. */
double seconds(void);

#endif
