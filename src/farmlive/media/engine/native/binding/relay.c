/* Runs commands: in the relay's thread, or at once in a test engine. */
#include "binding/relay.h"

#include <unistd.h>

void relay_post(struct relay *relay, struct command *command)
{
    if (relay->test_engine != NULL)
        test_engine_run(relay->test_engine, command);
    else if (!relay->has_ended) {
        commands_post(&relay->commands, command);
        return;
    }
    commands_free(command);
}

bool relay_is_anothers(const struct relay *relay)
{
    return relay->process != 0 && relay->process != getpid();
}

bool relay_ask(struct relay *relay, struct command *command)
{
    if (relay->test_engine != NULL) {
        test_engine_run(relay->test_engine, command);
        return true;
    }
    if (relay->loop == NULL || relay_is_anothers(relay))
        return false;
    Py_BEGIN_ALLOW_THREADS
    commands_await(&relay->commands, command);
    Py_END_ALLOW_THREADS
    return true;
}

void relay_end(struct relay *relay)
{
    if (relay_is_anothers(relay))
        return;
    relay->has_ended = true;
    struct loop *loop = relay->loop;
    relay->loop = NULL;
    if (loop != NULL) {
        Py_BEGIN_ALLOW_THREADS
        loop_stop(loop);
        Py_END_ALLOW_THREADS
    }
    if (relay->test_engine != NULL)
        test_engine_free(relay->test_engine);
    relay->test_engine = NULL;
}
