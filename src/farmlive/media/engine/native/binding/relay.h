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
    pid_t process;     /* that started the loop; its children do not have its threads */
    bool has_ended;
    struct test_engine *test_engine; /* NULL if it has a thread */
};

static inline struct relay *relay_of(PyObject *self) { return (struct relay *)self; }

/* Run the command in the relay's thread, or at once in a test engine; after the end it is
 * dropped. */
void relay_post(struct relay *relay, struct command *command);
/* Run a command and wait for it, without the GIL. False if no thread runs. */
bool relay_ask(struct relay *relay, struct command *command);
/* End the thread or the test engine. In a child of the process that started it this does nothing,
 * because the thread does not exist there. */
void relay_end(struct relay *relay);
/* Return whether another process started the loop, and this one is its child without its
 * threads. */
bool relay_is_anothers(const struct relay *relay);

#endif
