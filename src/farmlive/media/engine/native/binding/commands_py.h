/* Methods that post a command to the relay's thread and return at once. */
#ifndef FARMLIVE_COMMANDS_PY_H
#define FARMLIVE_COMMANDS_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

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
PyObject *relay_limit_layer(PyObject *self, PyObject *arguments);
PyObject *relay_limit_rung(PyObject *self, PyObject *arguments);
PyObject *relay_set_times(PyObject *self, PyObject *arguments);
PyObject *relay_set_link_control(PyObject *self, PyObject *arguments);

#endif
