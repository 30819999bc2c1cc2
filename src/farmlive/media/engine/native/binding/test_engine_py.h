/* Methods of the test engine; on a relay with a thread they raise RuntimeError. */
#ifndef FARMLIVE_TEST_ENGINE_PY_H
#define FARMLIVE_TEST_ENGINE_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *relay_begin(PyObject *self, PyObject *arguments);
PyObject *relay_set_now(PyObject *self, PyObject *arguments);
PyObject *relay_take(PyObject *self, PyObject *arguments);
PyObject *relay_run(PyObject *self, PyObject *arguments);
PyObject *relay_due(PyObject *self, PyObject *arguments);
PyObject *relay_sent(PyObject *self, PyObject *arguments);

#endif
