/* Queries: the state of a viewer or publisher, a peer's address, the counters and the gauges.
 *
 * Always holds: the answer is in the caller's memory, and the relay's thread writes it only while
 * the caller waits; nothing in it points into the core. */
#include "binding/queries_py.h"

#include <arpa/inet.h>

#include "base/memory.h"
#include "binding/conversion.h"
#include "binding/relay.h"

struct ask_watching {
    struct command command;
    uint64_t peer;
    bool found;
    struct watching watching;
};

static void run_watching(struct core *core, struct command *command, double now)
{
    struct ask_watching *ask = (struct ask_watching *)command;
    ask->found = engine_viewer_health(core, ask->peer, now, &ask->watching);
}

PyObject *relay_viewer_health(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    if (!PyArg_ParseTuple(arguments, "K", &peer))
        return NULL;
    struct ask_watching ask = {.command.run = run_watching, .peer = peer};
    if (!relay_ask(relay_of(self), &ask.command) || !ask.found)
        Py_RETURN_NONE;
    const struct watching *is = &ask.watching;
    return Py_BuildValue("(iiddliii)", is->layer, is->layers, is->loss, is->estimated_kbps,
                         is->dropped, (int)is->transport, (int)is->link, (int)is->rung);
}

struct ask_health {
    struct command command;
    uint64_t peer;
    bool found;
    struct health health;
    char rids[LAYERS_MOST][RID_SIZE];
    enum transport transport;
};

static void run_health(struct core *core, struct command *command, double now)
{
    (void)now;
    struct ask_health *ask = (struct ask_health *)command;
    ask->found = engine_health(core, ask->peer, &ask->health, &ask->transport);
    if (!ask->found)
        return;
    /* The memory of RIDs belongs to the relay's thread. */
    for (int at = 0; at < ask->health.layer_count; at++) {
        snprintf(ask->rids[at], RID_SIZE, "%s", ask->health.layers[at].rid);
        ask->health.layers[at].rid = ask->rids[at];
    }
}

PyObject *relay_health(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    if (!PyArg_ParseTuple(arguments, "K", &peer))
        return NULL;
    struct ask_health ask = {.command.run = run_health, .peer = peer};
    if (!relay_ask(relay_of(self), &ask.command) || !ask.found)
        Py_RETURN_NONE;
    return conversion_health(&ask.health, ask.transport);
}

struct ask_counters {
    struct command command;
    struct counters counters;
};

static void run_counters(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_counters(core, &((struct ask_counters *)command)->counters);
}

/* Put the count into the dictionary; false on failure. */
static bool count(PyObject *counts, const char *name, uint64_t value)
{
    PyObject *number = PyLong_FromUnsignedLongLong(value);
    bool is_set = number != NULL && PyDict_SetItemString(counts, name, number) == 0;
    Py_XDECREF(number);
    return is_set;
}

PyObject *relay_counters(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct relay *relay = relay_of(self);
    struct ask_counters ask = {.command.run = run_counters};
    relay_ask(relay, &ask.command); /* zeros without a thread */
    uint64_t refused = relay->loop != NULL ? loop_refused(relay->loop) : 0;
    const struct counters *is = &ask.counters;
    PyObject *counts = PyDict_New();
    if (counts == NULL)
        return NULL;
    if (count(counts, "datagrams_received", is->datagrams_received) &&
        count(counts, "datagrams_ignored", is->datagrams_ignored) &&
        count(counts, "packets_received", is->packets_received) &&
        count(counts, "nacks_received", is->nacks_received) &&
        count(counts, "keyframe_requests_received", is->keyframe_requests_received) &&
        count(counts, "packets_sent", is->packets_sent) &&
        count(counts, "packets_failed", is->packets_failed) &&
        count(counts, "packets_repaired", is->packets_repaired) &&
        count(counts, "packets_unrepaired", is->packets_unrepaired) &&
        count(counts, "packets_dropped", is->packets_dropped) &&
        count(counts, "connections_refused", refused))
        return counts;
    Py_DECREF(counts);
    return NULL;
}

struct ask_place {
    struct command command;
    uint64_t peer;
    bool found;
    struct address address;
    enum transport transport;
};

static void run_place(struct core *core, struct command *command, double now)
{
    (void)now;
    struct ask_place *ask = (struct ask_place *)command;
    ask->found = engine_place(core, ask->peer, &ask->address, &ask->transport);
}

PyObject *relay_remote_address(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    if (!PyArg_ParseTuple(arguments, "K", &peer))
        return NULL;
    struct ask_place ask = {.command.run = run_place, .peer = peer};
    if (!relay_ask(relay_of(self), &ask.command) || !ask.found)
        Py_RETURN_NONE;
    char host[INET6_ADDRSTRLEN];
    address_host(&ask.address, host);
    return Py_BuildValue("(sii)", host, (int)address_port(&ask.address), (int)ask.transport);
}

/* Without a relay's thread `loop` is NULL, and only a test engine has `test_engine`: both as of the
 * query, since Python may stop the relay meanwhile. The loop is freed only after its last
 * command. */
struct ask_gauges {
    struct command command;
    const struct loop *loop;
    const struct test_engine *test_engine;
    struct gauges gauges;
};

static void run_gauges(struct core *core, struct command *command, double now)
{
    (void)now;
    struct ask_gauges *ask = (struct ask_gauges *)command;
    gauges_take(core, &ask->gauges);
    if (ask->loop != NULL)
        loop_gauges(ask->loop, &ask->gauges);
    if (ask->test_engine != NULL)
        test_engine_gauges(ask->test_engine, &ask->gauges);
}

PyObject *relay_gauges(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct relay *relay = relay_of(self);
    struct ask_gauges ask = {.command.run = run_gauges,
                             .loop = relay->loop,
                             .test_engine = relay->test_engine};
    relay_ask(relay, &ask.command); /* zeros if there is none */
    const struct gauges *is = &ask.gauges;
    PyObject *counts = PyDict_New();
    if (counts == NULL)
        return NULL;
    if (count(counts, "peers", is->peers) && count(counts, "publishers", is->publishers) &&
        count(counts, "viewers", is->viewers) && count(counts, "outputs", is->outputs) &&
        count(counts, "ufrags", is->ufrags) && count(counts, "secured", is->secured) &&
        count(counts, "addresses", is->addresses) && count(counts, "sockets", is->sockets) &&
        count(counts, "connections", is->connections))
        return counts;
    Py_DECREF(counts);
    return NULL;
}
