/* What an engine under stress is told to do: as commands_py.c. */
#include "engine_orders.h"

void run_add_peer(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_add_peer(core, order->peer, &order->naming, now);
}

void run_restart_ice(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_restart_ice(core, order->peer, &order->naming, now);
}

void run_send(struct core *core, struct command *command, double now)
{
    static const uint8_t record[1200] = {22, 254, 253};
    struct order *order = (struct order *)command;
    engine_send(core, order->peer, record, 13 + order->drawn % 1187, now);
}

void run_secure(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    if (!engine_secure(core, order->peer, &order->keys, now))
        events_push(core->events, EVENT_FREED, order->peer, 0, OBJECTION_NONE, NULL, 0);
}

void run_remove_peer(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_remove_peer(core, ((struct order *)command)->peer);
}

void run_add_output(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    uint32_t first = 3 * (order->drawn >> 4);
    (void)now;
    engine_add_output(core, order->output, (struct ssrcs){first + 1, first + 2, first + 3},
                      (uint16_t)order->drawn, order->drawn);
}

void run_remove_output(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_remove_output(core, ((struct order *)command)->output);
}

void run_publish(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_publish(core, order->peer, order->publishing, order->drawn | 1, now);
}

void run_view(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_view(core, order->peer, order->output, &order->viewing, (uint16_t)order->drawn, now);
}

void run_put_on_air(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_put_on_air(core, order->output, order->peer, now);
}

void run_prefer(struct core *core, struct command *command, double now)
{
    struct order *order = (struct order *)command;
    engine_limit_layer(core, order->peer, order->most, now);
}
