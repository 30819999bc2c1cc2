/* Methods that query the engine and wait for the answer. */
#ifndef FARMLIVE_QUERIES_PY_H
#define FARMLIVE_QUERIES_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *relay_viewer_health(PyObject *self, PyObject *arguments);
PyObject *relay_health(PyObject *self, PyObject *arguments);
PyObject *relay_counters(PyObject *self, PyObject *arguments);
PyObject *relay_remote_address(PyObject *self, PyObject *arguments);
PyObject *relay_gauges(PyObject *self, PyObject *arguments);

#endif
