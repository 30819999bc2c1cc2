/* An engine that is run by hand, for tests: no thread, no sockets and no clock. Python gives
 * datagrams and times, and collects what would be sent.
 *
 * Always holds: what was sent lies in order until it is collected; nothing happens but in a call,
 * at the time that was given last. */
#include "relay.h"

#include <arpa/inet.h>

#include "delivery.h"
#include "inbox.h"
#include "intake.h"
#include "memory.h"
#include "upkeep.h"

/* What would be sent: to a peer by its leg, or, with peer 0, to an address. */
struct parcel {
    struct parcel *next;
    uint64_t peer;
    struct address address;
    size_t size;
    uint8_t data[];
};

struct hand {
    struct core core;
    struct port *port;
    double now;
    struct parcel *first, **end;
};

static struct parcel *put(struct hand *hand, const uint8_t *data, size_t size)
{
    struct parcel *parcel = memory_new(sizeof *parcel + size);
    parcel->size = size;
    memcpy(parcel->data, data, size);
    *hand->end = parcel;
    hand->end = &parcel->next;
    return parcel;
}

static void to_peer(void *context, uint64_t peer, const uint8_t *data, size_t size)
{
    put(context, data, size)->peer = peer;
}

static void to_address(void *context, const struct address *address, const uint8_t *data,
                       size_t size)
{
    put(context, data, size)->address = *address;
}

static struct parcel *take_all(struct hand *hand)
{
    struct parcel *first = hand->first;
    hand->first = NULL;
    hand->end = &hand->first;
    return first;
}

struct hand *hand_new(struct events *events)
{
    struct hand *hand = memory_new(sizeof *hand);
    hand->end = &hand->first;
    const struct capture capture = {to_peer, hand};
    const struct sink sink = {to_address, hand};
    engine_init(&hand->core, events, 0, &capture, -1);
    hand->port = port_new(TRANSPORT_UDP, -1, &sink);
    return hand;
}

void hand_free(struct hand *hand)
{
    engine_clear(&hand->core);
    port_free(hand->port);
    for (struct parcel *parcel = take_all(hand), *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        free(parcel);
    }
    free(hand);
}

void hand_run(struct hand *hand, struct command *command)
{
    command->run(&hand->core, command, hand->now);
    delivery_hear(&hand->core, hand->now);
}

void hand_census(const struct hand *hand, struct census *census)
{
    census->addresses += port_count(hand->port);
}

/* NULL, with an error set, where the relay has a thread or has ended. */
static struct hand *hand_of(PyObject *self)
{
    struct hand *hand = relay_of(self)->hand;
    if (hand == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the relay is not run by hand");
    return hand;
}

PyObject *relay_begin(PyObject *self, PyObject *arguments)
{
    double wall, now;
    struct hand *hand = hand_of(self);
    if (hand == NULL || !PyArg_ParseTuple(arguments, "dd", &wall, &now))
        return NULL;
    hand->now = now;
    upkeep_start(&hand->core, wall, now);
    Py_RETURN_NONE;
}

PyObject *relay_set_now(PyObject *self, PyObject *arguments)
{
    double now;
    struct hand *hand = hand_of(self);
    if (hand == NULL || !PyArg_ParseTuple(arguments, "d", &now))
        return NULL;
    hand->now = now;
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
    struct hand *hand = hand_of(self);
    if (hand == NULL ||
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
    hand->now = now;
    memcpy(datagram, data, (size_t)size);
    intake_take(&hand->core, hand->port, datagram, (size_t)size, stamp, &from, now);
    upkeep_after_reading(&hand->core, now);
    delivery_hear(&hand->core, now);
    Py_RETURN_NONE;
}

PyObject *relay_run(PyObject *self, PyObject *arguments)
{
    double now;
    struct hand *hand = hand_of(self);
    if (hand == NULL || !PyArg_ParseTuple(arguments, "d", &now))
        return NULL;
    hand->now = now;
    upkeep_run(&hand->core, now);
    delivery_hear(&hand->core, now);
    Py_RETURN_NONE;
}

PyObject *relay_due(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    struct hand *hand = hand_of(self);
    return hand == NULL ? NULL : PyFloat_FromDouble(upkeep_due(&hand->core));
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
    struct hand *hand = hand_of(self);
    PyObject *sent = hand == NULL ? NULL : PyList_New(0);
    if (sent == NULL)
        return NULL;
    for (struct parcel *parcel = take_all(hand), *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        PyObject *item = sent == NULL ? NULL : converted(parcel);
        if (item == NULL || PyList_Append(sent, item) < 0)
            Py_CLEAR(sent);
        Py_XDECREF(item);
        free(parcel);
    }
    return sent;
}
