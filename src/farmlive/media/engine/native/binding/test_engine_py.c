/* Methods of the test engine. */
#include "binding/test_engine_py.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "binding/relay.h"
#include "net/recv_batch.h"

/* Return the test engine; NULL, with an error set, if the relay has a thread or has ended. */
static struct test_engine *test_engine_of(PyObject *self)
{
    struct test_engine *test_engine = relay_of(self)->test_engine;
    if (test_engine == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the relay is not run by hand");
    return test_engine;
}

PyObject *relay_begin(PyObject *self, PyObject *arguments)
{
    double wall, now;
    struct test_engine *test_engine = test_engine_of(self);
    if (test_engine == NULL || !PyArg_ParseTuple(arguments, "dd", &wall, &now))
        return NULL;
    test_engine_begin(test_engine, wall, now);
    Py_RETURN_NONE;
}

PyObject *relay_set_now(PyObject *self, PyObject *arguments)
{
    double now;
    struct test_engine *test_engine = test_engine_of(self);
    if (test_engine == NULL || !PyArg_ParseTuple(arguments, "d", &now))
        return NULL;
    test_engine_set_now(test_engine, now);
    Py_RETURN_NONE;
}

PyObject *relay_take(PyObject *self, PyObject *arguments)
{
    const char *data, *host;
    Py_ssize_t size;
    double stamp, now;
    unsigned short number;
    struct address from;
    uint8_t datagram[DATAGRAM_MOST];
    struct test_engine *test_engine = test_engine_of(self);
    if (test_engine == NULL ||
        !PyArg_ParseTuple(arguments, "y#d(sH)d", &data, &size, &stamp, &host, &number, &now))
        return NULL;
    if (size > DATAGRAM_MOST) {
        PyErr_Format(PyExc_ValueError, "a datagram has at most %d bytes", (int)DATAGRAM_MOST);
        return NULL;
    }
    if (!address_read(&from, host, number)) {
        PyErr_Format(PyExc_ValueError, "%s is no IP address", host);
        return NULL;
    }
    memcpy(datagram, data, (size_t)size);
    test_engine_handle(test_engine, datagram, (size_t)size, stamp, &from, now);
    Py_RETURN_NONE;
}

PyObject *relay_run(PyObject *self, PyObject *arguments)
{
    double now;
    struct test_engine *test_engine = test_engine_of(self);
    if (test_engine == NULL || !PyArg_ParseTuple(arguments, "d", &now))
        return NULL;
    test_engine_do_due(test_engine, now);
    Py_RETURN_NONE;
}

PyObject *relay_due(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct test_engine *test_engine = test_engine_of(self);
    return test_engine == NULL ? NULL : PyFloat_FromDouble(test_engine_due(test_engine));
}

static PyObject *converted(const struct parcel *parcel)
{
    const char *data = (const char *)parcel->data;
    Py_ssize_t size = (Py_ssize_t)parcel->size;
    if (parcel->peer != 0)
        return Py_BuildValue("(Ky#)", (unsigned long long)parcel->peer, data, size);
    char host[INET6_ADDRSTRLEN];
    address_host(&parcel->address, host);
    return Py_BuildValue("((si)y#)", host, (int)address_port(&parcel->address), data, size);
}

PyObject *relay_sent(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct test_engine *test_engine = test_engine_of(self);
    PyObject *sent = test_engine == NULL ? NULL : PyList_New(0);
    if (sent == NULL)
        return NULL;
    for (struct parcel *parcel = test_engine_sent(test_engine), *next; parcel != NULL;
         parcel = next) {
        next = parcel->next;
        PyObject *item = sent == NULL ? NULL : converted(parcel);
        if (item == NULL || PyList_Append(sent, item) < 0)
            Py_CLEAR(sent);
        Py_XDECREF(item);
        free(parcel);
    }
    return sent;
}
