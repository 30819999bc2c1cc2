/* Commands: each method copies its arguments into a command, which the relay's thread runs.
 *
 * Always holds: a command has its own copy of everything it needs. The one exception is SRTP
 * sessions, which Python keeps alive until EVENT_FREED. */
#include "binding/commands_py.h"

#include <limits.h>

#include "base/memory.h"
#include "binding/conversion.h"
#include "binding/relay.h"

typedef void run(struct core *core, struct command *command, double now);

/* Post a command with a method's arguments. */
static PyObject *post(PyObject *self, struct command *command, run *run)
{
    command->run = run;
    relay_post(relay_of(self), command);
    Py_RETURN_NONE;
}

/* Peers and their credentials. */

struct named {
    struct command command;
    uint64_t peer;
    struct naming naming;
};

/* Read the credentials of both ends; false, with an error set, if they are too long. */
static bool read_naming(PyObject *arguments, const char *format, unsigned long long *peer,
                        struct naming *naming, const char **secret, Py_ssize_t *secret_size)
{
    const char *names[4];
    Py_ssize_t sizes[4];
    *naming = (struct naming){0};
    if (!PyArg_ParseTuple(arguments, format, peer, &names[0], &sizes[0], &names[1], &sizes[1],
                          &names[2], &sizes[2], &names[3], &sizes[3], secret, secret_size) ||
        !conversion_credentials(names[0], sizes[0], names[1], sizes[1], &naming->local))
        return false;
    naming->has_remote = sizes[2] > 0;
    return !naming->has_remote ||
           conversion_credentials(names[2], sizes[2], names[3], sizes[3], &naming->remote);
}

static PyObject *post_naming(PyObject *self, uint64_t peer, const struct naming *naming, run *run)
{
    struct named *named = commands_new(sizeof *named);
    named->peer = peer;
    named->naming = *naming;
    return post(self, &named->command, run);
}

static void run_add_peer(struct core *core, struct command *command, double now)
{
    struct named *named = (struct named *)command;
    engine_add_peer(core, named->peer, &named->naming, now);
}

PyObject *relay_add_peer(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    const char *secret;
    Py_ssize_t size;
    struct naming naming;
    if (!read_naming(arguments, "Ky#y#y#y#y#", &peer, &naming, &secret, &size))
        return NULL;
    if (size != SECRET) {
        PyErr_Format(PyExc_ValueError, "a secret of %zd bytes and not %d", size, (int)SECRET);
        return NULL;
    }
    memcpy(naming.secret, secret, SECRET);
    return post_naming(self, peer, &naming, run_add_peer);
}

static void run_restart_ice(struct core *core, struct command *command, double now)
{
    struct named *named = (struct named *)command;
    engine_restart_ice(core, named->peer, &named->naming, now);
}

PyObject *relay_restart_ice(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    struct naming naming;
    if (!read_naming(arguments, "Ky#y#y#y#", &peer, &naming, NULL, NULL))
        return NULL;
    return post_naming(self, peer, &naming, run_restart_ice);
}

struct record {
    struct command command;
    uint64_t peer;
    size_t size;
    uint8_t data[];
};

static void run_send(struct core *core, struct command *command, double now)
{
    struct record *record = (struct record *)command;
    engine_send(core, record->peer, record->data, record->size, now);
}

PyObject *relay_send(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "Ky#", &peer, &data, &size))
        return NULL;
    struct record *record = commands_new(sizeof *record + (size_t)size);
    record->peer = peer;
    record->size = (size_t)size;
    memcpy(record->data, data, (size_t)size);
    return post(self, &record->command, run_send);
}

struct securing {
    struct command command;
    uint64_t peer;
    struct keys keys;
};

static void run_secure(struct core *core, struct command *command, double now)
{
    struct securing *securing = (struct securing *)command;
    if (!engine_secure(core, securing->peer, &securing->keys, now))
        events_push(core->events, EVENT_FREED, securing->peer, 0, OBJECTION_NONE, NULL, 0);
}

PyObject *relay_secure(PyObject *self, PyObject *arguments)
{
    unsigned long long peer, transmit, receive;
    unsigned tag;
    const char *master;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "KKKIy#", &peer, &transmit, &receive, &tag, &master, &size))
        return NULL;
    if (size != 0 && size != GCM_MASTER) {
        PyErr_Format(PyExc_ValueError, "a key of %zd bytes and not %d", size, (int)GCM_MASTER);
        return NULL;
    }
    if (srtp.protect == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "use_srtp was not called");
        return NULL;
    }
    struct securing *securing = commands_new(sizeof *securing);
    securing->peer = peer;
    securing->keys.transmit = (srtp_session)(uintptr_t)transmit;
    securing->keys.receive = (srtp_session)(uintptr_t)receive;
    securing->keys.tag = tag;
    securing->keys.is_gcm = size != 0;
    memcpy(securing->keys.master, master, (size_t)size);
    return post(self, &securing->command, run_secure);
}

/* A command with one or two numbers of peers or outputs. */
struct numbers {
    struct command command;
    uint64_t first, second;
    int most;
};

static PyObject *post_one(PyObject *self, PyObject *arguments, run *run)
{
    unsigned long long one;
    if (!PyArg_ParseTuple(arguments, "K", &one))
        return NULL;
    struct numbers *numbers = commands_new(sizeof *numbers);
    numbers->first = one;
    return post(self, &numbers->command, run);
}

static void run_remove_peer(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_remove_peer(core, ((struct numbers *)command)->first);
}

PyObject *relay_remove_peer(PyObject *self, PyObject *arguments)
{
    return post_one(self, arguments, run_remove_peer);
}

static void run_remove_output(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_remove_output(core, ((struct numbers *)command)->first);
}

PyObject *relay_remove_output(PyObject *self, PyObject *arguments)
{
    return post_one(self, arguments, run_remove_output);
}

static void run_put_on_air(struct core *core, struct command *command, double now)
{
    struct numbers *numbers = (struct numbers *)command;
    engine_put_on_air(core, numbers->first, numbers->second, now);
}

PyObject *relay_put_on_air(PyObject *self, PyObject *arguments)
{
    unsigned long long output, peer;
    if (!PyArg_ParseTuple(arguments, "KK", &output, &peer))
        return NULL;
    struct numbers *numbers = commands_new(sizeof *numbers);
    numbers->first = output;
    numbers->second = peer;
    return post(self, &numbers->command, run_put_on_air);
}

static void run_limit_layer(struct core *core, struct command *command, double now)
{
    struct numbers *numbers = (struct numbers *)command;
    engine_limit_layer(core, numbers->first, numbers->most, now);
}

static void run_limit_rung(struct core *core, struct command *command, double now)
{
    (void)now;
    struct numbers *numbers = (struct numbers *)command;
    engine_limit_rung(core, numbers->first, (enum rung)numbers->most);
}

static PyObject *post_limit(PyObject *self, PyObject *arguments, int least, int most, run *run)
{
    unsigned long long peer;
    int limit;
    if (!PyArg_ParseTuple(arguments, "Ki", &peer, &limit))
        return NULL;
    if (limit < least || limit > most)
        return PyErr_Format(PyExc_ValueError, "%d is not from %d to %d", limit, least, most);
    struct numbers *numbers = commands_new(sizeof *numbers);
    numbers->first = peer;
    numbers->most = limit;
    return post(self, &numbers->command, run);
}

PyObject *relay_limit_layer(PyObject *self, PyObject *arguments)
{
    return post_limit(self, arguments, INT_MIN, INT_MAX, run_limit_layer);
}

PyObject *relay_limit_rung(PyObject *self, PyObject *arguments)
{
    return post_limit(self, arguments, RUNG_FULL, RUNG_SOUND, run_limit_rung);
}

/* Outputs, and the roles of peers. */

struct making {
    struct command command;
    uint64_t output;
    struct ssrcs ssrcs;
    uint16_t sequence;
    uint32_t timestamp;
};

static void run_add_output(struct core *core, struct command *command, double now)
{
    (void)now;
    struct making *making = (struct making *)command;
    engine_add_output(core, making->output, making->ssrcs, making->sequence, making->timestamp);
}

PyObject *relay_add_output(PyObject *self, PyObject *arguments)
{
    unsigned long long output;
    unsigned video, retransmission, audio, timestamp;
    unsigned short sequence;
    if (!PyArg_ParseTuple(arguments, "KIIIHI", &output, &video, &retransmission, &audio, &sequence,
                          &timestamp))
        return NULL;
    struct making *making = commands_new(sizeof *making);
    making->output = output;
    making->ssrcs.video = video;
    making->ssrcs.retransmission = retransmission;
    making->ssrcs.audio = audio;
    making->sequence = sequence;
    making->timestamp = timestamp;
    return post(self, &making->command, run_add_output);
}

struct publish {
    struct command command;
    uint64_t peer;
    uint32_t own_ssrc;
    struct publishing publishing;
};

static void run_publish(struct core *core, struct command *command, double now)
{
    struct publish *publish = (struct publish *)command;
    struct publishing *publishing = memory_new(sizeof *publishing);
    *publishing = publish->publishing;
    publishing->holders = 1;
    engine_publish(core, publish->peer, publishing, publish->own_ssrc, now);
}

PyObject *relay_publish(PyObject *self, PyObject *arguments)
{
    unsigned long long peer;
    PyObject *tracks;
    int transport_cc, rid, repaired_rid, dependency_descriptor, capture_time;
    unsigned own_ssrc;
    if (!PyArg_ParseTuple(arguments, "KOiiiiiI", &peer, &tracks, &transport_cc, &rid, &repaired_rid,
                          &dependency_descriptor, &capture_time, &own_ssrc))
        return NULL;
    struct publish *publish = commands_new(sizeof *publish);
    if (!conversion_tracks(tracks, &publish->publishing)) {
        commands_free(&publish->command);
        return NULL;
    }
    publish->peer = peer;
    publish->own_ssrc = own_ssrc;
    publish->publishing.transport_cc = transport_cc;
    publish->publishing.rid = rid;
    publish->publishing.repaired_rid = repaired_rid;
    publish->publishing.dependency_descriptor = dependency_descriptor;
    publish->publishing.capture_time = capture_time;
    return post(self, &publish->command, run_publish);
}

struct view {
    struct command command;
    uint64_t peer, output;
    struct viewing viewing;
    uint16_t rtx_sequence;
};

static void run_view(struct core *core, struct command *command, double now)
{
    struct view *view = (struct view *)command;
    engine_view(core, view->peer, view->output, &view->viewing, view->rtx_sequence, now);
}

PyObject *relay_view(PyObject *self, PyObject *arguments)
{
    unsigned long long peer, output;
    PyObject *video, *audio;
    unsigned short rtx_sequence;
    int exempt;
    if (!PyArg_ParseTuple(arguments, "KKOOHp", &peer, &output, &video, &audio, &rtx_sequence,
                          &exempt))
        return NULL;
    struct view *view = commands_new(sizeof *view);
    if (!conversion_outgoing(video, view->viewing.video, &view->viewing.video_count) ||
        !conversion_outgoing(audio, view->viewing.audio, &view->viewing.audio_count)) {
        commands_free(&view->command);
        return NULL;
    }
    view->peer = peer;
    view->output = output;
    view->rtx_sequence = rtx_sequence;
    view->viewing.exempt = exempt != 0;
    return post(self, &view->command, run_view);
}

struct set_times {
    struct command command;
    struct times times;
};

static void run_set_times(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_set_times(core, &((struct set_times *)command)->times);
}

PyObject *relay_set_times(PyObject *self, PyObject *arguments)
{
    struct times times;
    if (!PyArg_ParseTuple(arguments, "ddd", &times.consent, &times.silent, &times.left_after))
        return NULL;
    struct set_times *setting = commands_new(sizeof *setting);
    setting->times = times;
    return post(self, &setting->command, run_set_times);
}

struct set_link_control {
    struct command command;
    bool link_control;
};

static void run_set_link_control(struct core *core, struct command *command, double now)
{
    (void)now;
    engine_set_link_control(core, ((struct set_link_control *)command)->link_control);
}

PyObject *relay_set_link_control(PyObject *self, PyObject *arguments)
{
    int link_control;
    if (!PyArg_ParseTuple(arguments, "p", &link_control))
        return NULL;
    struct set_link_control *setting = commands_new(sizeof *setting);
    setting->link_control = link_control;
    return post(self, &setting->command, run_set_link_control);
}
