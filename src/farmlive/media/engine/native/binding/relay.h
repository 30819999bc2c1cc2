/* `Relay`, the extension's one type, for its methods: an engine in a thread of its own, or a test
 * engine.
 *
 * Owns the queues between Python and the relay's thread. Always holds: while that thread runs,
 * Python's threads touch the core by commands only. After a fork the loop belongs to the parent
 * alone. */
#ifndef FARMLIVE_RELAY_H
#define FARMLIVE_RELAY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "core/commands.h"
#include "loop/loop.h"
#include "loop/test_engine.h"

struct relay {
    PyObject_HEAD
    struct events events;
    struct commands commands;
    struct loop *loop; /* NULL before `start` and after `stop` */
    pid_t process; /* in which the loop was started; its threads are not in that one's children */
    bool has_ended;
    struct test_engine *test_engine; /* NULL where it has a thread */
};

static inline struct relay *relay_of(PyObject *self) { return (struct relay *)self; }

/* Have the command run in the relay's thread, or at once by hand; after the end it is dropped. */
void relay_post(struct relay *relay, struct command *command);
/* Have it run and wait for that, without the GIL. False if no thread runs. */
bool relay_ask(struct relay *relay, struct command *command);
/* End the thread, or the engine that is run by hand. In a child of the process that started it
 * nothing is done: the thread is not there. */
void relay_end(struct relay *relay);
/* Whether another process started the loop: this one is its child, without its threads. */
bool relay_is_anothers(const struct relay *relay);

#endif
