/* The extension `farmlive.media.engine.native._native`: the type `Relay`, and the functions of
 * libsrtp and OpenSSL, whose addresses Python finds and passes. Uses Python's stable ABI only, so
 * that one build works with every version from 3.11 on. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bell.h"
#include "binding/commands_py.h"
#include "binding/queries_py.h"
#include "binding/relay.h"
#include "binding/test_engine_py.h"

/* A function as a slot's value: ISO C has no such conversion, POSIX has (dlsym(3)). */
#define SLOT(function) __extension__(void *)(function)

enum { SOCKETS_MOST = 1024 };

/* Creation and destruction. */

static PyObject *relay_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char manual_name[] = "manual";
    static char *names[] = {manual_name, NULL};
    int manual = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$p", names, &manual))
        return NULL;
    int events_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int commands_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct relay *relay = NULL;
    if (events_bell < 0 || commands_bell < 0)
        PyErr_SetFromErrno(PyExc_OSError);
    else
        relay = (struct relay *)PyType_GenericAlloc(type, 0);
    if (relay == NULL) {
        if (events_bell >= 0)
            close(events_bell);
        if (commands_bell >= 0)
            close(commands_bell);
        return NULL;
    }
    events_init(&relay->events, events_bell);
    commands_init(&relay->commands, commands_bell);
    relay->test_engine = manual ? test_engine_new(&relay->events) : NULL;
    return (PyObject *)relay;
}

static void relay_dealloc(PyObject *self)
{
    struct relay *relay = relay_of(self);
    PyTypeObject *type = Py_TYPE(self);
    relay_end(relay);
    int bells[] = {relay->events.bell, relay->commands.bell};
    /* In a child process, the parent's threads may have held these locks. */
    if (!relay_is_anothers(relay)) {
        commands_clear(&relay->commands);
        events_clear(&relay->events);
    }
    close(bells[0]);
    close(bells[1]);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Read the descriptors of a sequence; return -1, with an error set, for other items or too many. */
static int read_descriptors(PyObject *sequence, int fds[SOCKETS_MOST])
{
    Py_ssize_t count = PySequence_Size(sequence);
    if (count > SOCKETS_MOST)
        PyErr_Format(PyExc_ValueError, "at most %d addresses", (int)SOCKETS_MOST);
    if (count < 0 || count > SOCKETS_MOST)
        return -1;
    for (int at = 0; at < (int)count; at++) {
        PyObject *number = PySequence_GetItem(sequence, at);
        fds[at] = number == NULL ? -1 : PyObject_AsFileDescriptor(number);
        Py_XDECREF(number);
        if (fds[at] < 0)
            return -1;
    }
    return (int)count;
}

static PyObject *relay_start(PyObject *self, PyObject *arguments)
{
    struct relay *relay = relay_of(self);
    PyObject *udp, *tcp;
    int udp_fds[SOCKETS_MOST], tcp_fds[SOCKETS_MOST];
    struct loop_options options = {.udp = udp_fds, .tcp = tcp_fds};
    if (!PyArg_ParseTuple(arguments, "OOid", &udp, &tcp, &options.send_threads, &options.wall) ||
        (options.udp_count = read_descriptors(udp, udp_fds)) < 0 ||
        (options.tcp_count = read_descriptors(tcp, tcp_fds)) < 0)
        return NULL;
    if (options.send_threads < 0) {
        PyErr_SetString(PyExc_ValueError, "there can't be less than no send threads");
        return NULL;
    }
    if (relay->test_engine != NULL || relay->loop != NULL || relay->has_ended) {
        PyErr_SetString(PyExc_RuntimeError, "a relay with a thread is started once");
        return NULL;
    }
    relay->loop = loop_start(&options, &relay->events, &relay->commands);
    relay->process = getpid();
    if (relay->loop == NULL) {
        relay->has_ended = true;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

static PyObject *relay_stop(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    relay_end(relay_of(self));
    Py_RETURN_NONE;
}

/* Events. */

static PyObject *relay_fileno(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    return PyLong_FromLong(relay_of(self)->events.bell);
}

static PyObject *relay_events(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct events *events = &relay_of(self)->events;
    PyObject *told = PyList_New(0);
    if (told == NULL)
        return NULL;
    bell_quiet(events->bell);
    for (struct event *event = events_take(events), *next; event != NULL; event = next) {
        next = event->next;
        PyObject *item = NULL;
        if (told != NULL)
            item = Py_BuildValue("(iKKiy#)", (int)event->kind, (unsigned long long)event->peer,
                                 (unsigned long long)event->output, (int)event->objection,
                                 (const char *)event->data, (Py_ssize_t)event->size);
        if (item == NULL || PyList_Append(told, item) < 0)
            Py_CLEAR(told);
        Py_XDECREF(item);
        free(event);
    }
    return told;
}

static PyMethodDef relay_methods[] = {
    {"start", relay_start, METH_VARARGS, NULL},
    {"stop", relay_stop, METH_NOARGS, NULL},
    {"fileno", relay_fileno, METH_NOARGS, NULL},
    {"events", relay_events, METH_NOARGS, NULL},
    {"add_peer", relay_add_peer, METH_VARARGS, NULL},
    {"restart_ice", relay_restart_ice, METH_VARARGS, NULL},
    {"send", relay_send, METH_VARARGS, NULL},
    {"secure", relay_secure, METH_VARARGS, NULL},
    {"remove_peer", relay_remove_peer, METH_VARARGS, NULL},
    {"add_output", relay_add_output, METH_VARARGS, NULL},
    {"remove_output", relay_remove_output, METH_VARARGS, NULL},
    {"publish", relay_publish, METH_VARARGS, NULL},
    {"view", relay_view, METH_VARARGS, NULL},
    {"put_on_air", relay_put_on_air, METH_VARARGS, NULL},
    {"limit_layer", relay_limit_layer, METH_VARARGS, NULL},
    {"limit_rung", relay_limit_rung, METH_VARARGS, NULL},
    {"viewer_health", relay_viewer_health, METH_VARARGS, NULL},
    {"health", relay_health, METH_VARARGS, NULL},
    {"counters", relay_counters, METH_NOARGS, NULL},
    {"remote_address", relay_remote_address, METH_VARARGS, NULL},
    {"gauges", relay_gauges, METH_NOARGS, NULL},
    {"set_times", relay_set_times, METH_VARARGS, NULL},
    {"set_link_control", relay_set_link_control, METH_VARARGS, NULL},
    {"begin", relay_begin, METH_VARARGS, NULL},
    {"set_now", relay_set_now, METH_VARARGS, NULL},
    {"take", relay_take, METH_VARARGS, NULL},
    {"run", relay_run, METH_VARARGS, NULL},
    {"due", relay_due, METH_NOARGS, NULL},
    {"sent", relay_sent, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot relay_slots[] = {
    {Py_tp_new, SLOT(relay_new)},
    {Py_tp_dealloc, SLOT(relay_dealloc)},
    {Py_tp_methods, relay_methods},
    {0, NULL},
};

static PyType_Spec relay_spec = {
    .name = "farmlive.media.engine.native._native.Relay",
    .basicsize = sizeof(struct relay),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = relay_slots,
};

/* The module. */

static PyObject *use_srtp(PyObject *module, PyObject *arguments)
{
    (void)module;
    unsigned long long protect, unprotect, protect_rtcp, unprotect_rtcp;
    if (!PyArg_ParseTuple(arguments, "KKKK", &protect, &unprotect, &protect_rtcp, &unprotect_rtcp))
        return NULL;
    typedef int (*function)(srtp_session, void *, int *);
    srtp.protect = (function)(uintptr_t)protect;
    srtp.unprotect = (function)(uintptr_t)unprotect;
    srtp.protect_rtcp = (function)(uintptr_t)protect_rtcp;
    srtp.unprotect_rtcp = (function)(uintptr_t)unprotect_rtcp;
    Py_RETURN_NONE;
}

static PyObject *use_gcm(PyObject *module, PyObject *arguments)
{
    (void)module;
    unsigned long long fetch, context_new, context_free, begin, update, get;
    if (!PyArg_ParseTuple(arguments, "KKKKKK", &fetch, &context_new, &context_free, &begin, &update,
                          &get))
        return NULL;
    struct gcm_functions functions;
    functions.fetch = (void *(*)(void *, const char *, const char *))(uintptr_t)fetch;
    functions.context_new = (void *(*)(void))(uintptr_t)context_new;
    functions.context_free = (void (*)(void *))(uintptr_t)context_free;
    functions.begin = (int (*)(void *, const void *, const uint8_t *, const uint8_t *,
                               const struct gcm_parameter *))(uintptr_t)begin;
    functions.update = (int (*)(void *, uint8_t *, const uint8_t *, unsigned))(uintptr_t)update;
    functions.get = (int (*)(void *, struct gcm_parameter *))(uintptr_t)get;
    return PyBool_FromLong(gcm_use(&functions));
}

static PyMethodDef functions[] = {
    {"use_srtp", use_srtp, METH_VARARGS, NULL},
    {"use_gcm", use_gcm, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_names(PyObject *module)
{
    static const struct {
        const char *name;
        int value;
    } numbers[] = {
        {"EVENT_REACHED", EVENT_REACHED},
        {"EVENT_DTLS", EVENT_DTLS},
        {"EVENT_LOST", EVENT_LOST},
        {"EVENT_AIRED", EVENT_AIRED},
        {"EVENT_SILENT", EVENT_SILENT},
        {"EVENT_FLOWING", EVENT_FLOWING},
        {"EVENT_OBJECTED", EVENT_OBJECTED},
        {"EVENT_FREED", EVENT_FREED},
        {"OBJECTION_B_FRAMES", OBJECTION_B_FRAMES},
        {"OBJECTION_PROFILE", OBJECTION_PROFILE},
        {"CODEC_H264", CODEC_H264},
        {"CODEC_VP8", CODEC_VP8},
        {"CODEC_VP9", CODEC_VP9},
        {"CODEC_AV1", CODEC_AV1},
        {"CODEC_OPUS", CODEC_OPUS},
        {"CODECS_MOST", OUTGOING_MOST},
        {"CREDENTIAL_MOST", CREDENTIAL_MOST},
        {"TRANSPORT_TCP", TRANSPORT_TCP},
    };
    for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++)
        if (PyModule_AddIntConstant(module, numbers[at].name, numbers[at].value) < 0)
            return -1;
    PyObject *type = PyType_FromModuleAndSpec(module, &relay_spec, NULL);
    int added = type == NULL ? -1 : PyModule_AddObjectRef(module, "Relay", type);
    Py_XDECREF(type);
    return added;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, SLOT(add_names)},
    {0, NULL},
};

static PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&module); }
