/* `Relay`, the extension's one type: an engine in a thread of its own, or one that is run by hand.
 *
 * Owns the queues between Python and the relay's thread. Always holds: while that thread is there,
 * none of Python's touches the core but by commands; by hand there is no such thread. After a fork
 * the loop is the parent's alone. */
#ifndef FARMLIVE_RELAY_H
#define FARMLIVE_RELAY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "commands.h"
#include "engine.h"
#include "loop.h"

struct hand;

struct relay {
    PyObject_HEAD
    struct events events;
    struct commands commands;
    struct loop *loop; /* NULL before `start` and after `stop` */
    pid_t process; /* in which the loop was started; its threads are not in that one's children */
    bool has_ended;
    struct hand *hand; /* NULL where it has a thread */
};

static inline struct relay *relay_of(PyObject *self) { return (struct relay *)self; }

/* Have the command run in the relay's thread, or at once by hand; after the end it is dropped. */
void relay_post(struct relay *relay, struct command *command);
/* Have it run and wait for that, without the GIL. False where there is nobody to run it. */
bool relay_ask(struct relay *relay, struct command *command);

/* asking.c: a method for each of the core's calls. */
PyObject *relay_add_peer(PyObject *self, PyObject *arguments);
PyObject *relay_restart_ice(PyObject *self, PyObject *arguments);
PyObject *relay_send(PyObject *self, PyObject *arguments);
PyObject *relay_secure(PyObject *self, PyObject *arguments);
PyObject *relay_remove_peer(PyObject *self, PyObject *arguments);
PyObject *relay_add_output(PyObject *self, PyObject *arguments);
PyObject *relay_remove_output(PyObject *self, PyObject *arguments);
PyObject *relay_publish(PyObject *self, PyObject *arguments);
PyObject *relay_view(PyObject *self, PyObject *arguments);
PyObject *relay_put_on_air(PyObject *self, PyObject *arguments);
PyObject *relay_prefer(PyObject *self, PyObject *arguments);
PyObject *relay_set_times(PyObject *self, PyObject *arguments);

/* asked.c: those whose answer is waited for. */
PyObject *relay_watching(PyObject *self, PyObject *arguments);
PyObject *relay_health(PyObject *self, PyObject *arguments);
PyObject *relay_counters(PyObject *self, PyObject *arguments);
PyObject *relay_place(PyObject *self, PyObject *arguments);
PyObject *relay_census(PyObject *self, PyObject *arguments);

/* by_hand.c: what only a relay that is run by hand has; the others raise RuntimeError. */
struct hand *hand_new(struct events *events);
void hand_free(struct hand *hand);
void hand_run(struct hand *hand, struct command *command);
void hand_census(const struct hand *hand, struct census *census);
PyObject *relay_begin(PyObject *self, PyObject *arguments);
PyObject *relay_set_now(PyObject *self, PyObject *arguments);
PyObject *relay_take(PyObject *self, PyObject *arguments);
PyObject *relay_run(PyObject *self, PyObject *arguments);
PyObject *relay_due(PyObject *self, PyObject *arguments);
PyObject *relay_sent(PyObject *self, PyObject *arguments);

/* conversion.c: false, with an error set, for what is no such thing or has too much of it. */
bool conversion_credentials(const char *ufrag, Py_ssize_t ufrag_size, const char *password,
                            Py_ssize_t password_size, struct credentials *credentials);
/* A sequence of tuples (is_video, clock_rate, codecs, repairs, red, rids, nack, pli). */
bool conversion_tracks(PyObject *tracks, struct publishing *publishing);
/* A sequence of tuples (codec, payload_type, retransmission, red). */
bool conversion_outgoing(PyObject *each, struct outgoing *outgoing, int *count);
PyObject *conversion_health(const struct health *health, enum transport transport);

#endif
