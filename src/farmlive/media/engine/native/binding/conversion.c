/* Converts values, each checked against the room for it.
 *
 * Always holds: after true, each payload type in the struct is below PAYLOAD_TYPES or -1, each
 * count is within its array, and each name is terminated within its room. */
#include "binding/conversion.h"

#include "base/memory.h"

bool conversion_credentials(const char *ufrag, Py_ssize_t ufrag_size, const char *password,
                            Py_ssize_t password_size, struct credentials *credentials)
{
    if (ufrag_size < 1 || ufrag_size > CREDENTIAL_MOST || password_size < 1 ||
        password_size > CREDENTIAL_MOST) {
        PyErr_Format(PyExc_ValueError, "user name fragment and password have 1 to %d bytes each",
                     (int)CREDENTIAL_MOST);
        return false;
    }
    memset(credentials, 0, sizeof *credentials);
    credentials->ufrag_size = (size_t)ufrag_size;
    credentials->password_size = (size_t)password_size;
    memcpy(credentials->ufrag, ufrag, (size_t)ufrag_size);
    memcpy(credentials->password, password, (size_t)password_size);
    return true;
}

/* Pass each item of the sequence, which must be a tuple, to `take`, with its index. */
static bool each_tuple(PyObject *sequence, int most, const char *what,
                       bool (*take)(PyObject *item, int at, void *into), void *into, int *count)
{
    Py_ssize_t size = PySequence_Size(sequence);
    if (size < 0)
        return false;
    if (size > most) {
        PyErr_Format(PyExc_ValueError, "at most %d %s", most, what);
        return false;
    }
    for (int at = 0; at < (int)size; at++) {
        PyObject *item = PySequence_GetItem(sequence, at);
        bool is_taken = false;
        if (item != NULL && !PyTuple_Check(item))
            PyErr_Format(PyExc_TypeError, "%s are tuples", what);
        else if (item != NULL)
            is_taken = take(item, at, into);
        Py_XDECREF(item);
        if (!is_taken)
            return false;
    }
    *count = (int)size;
    return true;
}

static bool number_in(PyObject *number, long least, long most, long *value)
{
    *value = PyLong_AsLong(number);
    if (*value == -1 && PyErr_Occurred() != NULL)
        return false;
    if (*value < least || *value > most) {
        PyErr_Format(PyExc_ValueError, "%ld is not from %ld to %ld", *value, least, most);
        return false;
    }
    return true;
}

/* Read a dictionary from payload type to related payload type. */
static bool read_types(PyObject *types, int8_t of[PAYLOAD_TYPES])
{
    memset(of, -1, PAYLOAD_TYPES);
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(types, &at, &key, &value)) {
        long type, other;
        if (!number_in(key, 0, PAYLOAD_TYPES - 1, &type) ||
            !number_in(value, 0, PAYLOAD_TYPES - 1, &other))
            return false;
        of[type] = (int8_t)other;
    }
    return true;
}

static bool read_codecs(PyObject *types, codec_id of[PAYLOAD_TYPES])
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(types, &at, &key, &value)) {
        long type, codec;
        if (!number_in(key, 0, PAYLOAD_TYPES - 1, &type) ||
            !number_in(value, 0, UINT16_MAX, &codec))
            return false;
        of[type] = (codec_id)codec;
    }
    return true;
}

static bool read_rids(PyObject *rids, struct incoming *track)
{
    Py_ssize_t count = PyTuple_Size(rids);
    if (count > LAYERS_MOST) {
        PyErr_Format(PyExc_ValueError, "at most %d layers", (int)LAYERS_MOST);
        return false;
    }
    for (int at = 0; at < (int)count; at++) {
        char *rid;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(rids, at), &rid, &size) < 0)
            return false;
        if (size >= RID_SIZE || memchr(rid, 0, (size_t)size) != NULL) {
            PyErr_Format(PyExc_ValueError, "a RID has at most %d bytes, none of them 0",
                         RID_SIZE - 1);
            return false;
        }
        memcpy(track->rids[at], rid, (size_t)size);
    }
    track->layers = (int)count;
    return true;
}

static bool read_track(PyObject *item, int at, void *into)
{
    struct incoming *track = &((struct publishing *)into)->tracks[at];
    int is_video, nack, pli;
    PyObject *codecs, *repairs, *red, *rids;
    memset(track, 0, sizeof *track);
    if (!PyArg_ParseTuple(item, "pIO!O!O!O!pp", &is_video, &track->clock_rate, &PyDict_Type,
                          &codecs, &PyDict_Type, &repairs, &PyDict_Type, &red, &PyTuple_Type, &rids,
                          &nack, &pli))
        return false;
    track->is_video = is_video != 0;
    track->nack = nack != 0;
    track->pli = pli != 0;
    return read_codecs(codecs, track->codecs) && read_types(repairs, track->repairs) &&
           read_types(red, track->red) && read_rids(rids, track);
}

bool conversion_tracks(PyObject *tracks, struct publishing *publishing)
{
    return each_tuple(tracks, INCOMING_MOST, "tracks", read_track, publishing, &publishing->count);
}

static bool read_outgoing(PyObject *item, int at, void *into)
{
    struct outgoing *each = &((struct outgoing *)into)[at];
    PyObject *codec, *types[3];
    long numbers[4];
    if (!PyArg_ParseTuple(item, "OOOO", &codec, &types[0], &types[1], &types[2]) ||
        !number_in(codec, 0, UINT16_MAX, &numbers[0]))
        return false;
    for (int which = 0; which < 3; which++)
        if (!number_in(types[which], which == 0 ? 0 : -1, PAYLOAD_TYPES - 1, &numbers[which + 1]))
            return false;
    each->codec = (codec_id)numbers[0];
    each->payload_type = (int8_t)numbers[1];
    each->retransmission = (int8_t)numbers[2];
    each->red = (int8_t)numbers[3];
    return true;
}

bool conversion_outgoing(PyObject *each, struct outgoing *outgoing, int *count)
{
    return each_tuple(each, OUTGOING_MOST, "codecs of a viewer", read_outgoing, outgoing, count);
}

static PyObject *layers_of(const struct health *health)
{
    PyObject *layers = PyTuple_New(health->layer_count);
    for (int at = 0; layers != NULL && at < health->layer_count; at++) {
        const struct layer_health *is = &health->layers[at];
        PyObject *layer =
            Py_BuildValue("(siid)", is->rid, is->size.width, is->size.height, is->kbps);
        if (layer == NULL || PyTuple_SetItem(layers, at, layer) < 0)
            Py_CLEAR(layers);
    }
    return layers;
}

PyObject *conversion_health(const struct health *health, enum transport transport)
{
    PyObject *layers = layers_of(health);
    if (layers == NULL)
        return NULL;
    return Py_BuildValue("(iiiddddddNNiNidid)", (int)health->codec, health->size.width,
                         health->size.height, health->bitrate_kbps, health->fps, health->loss,
                         health->rtt_ms, health->keyframe_s, health->jitter_ms,
                         PyBool_FromLong(health->keyframes_on_request),
                         PyBool_FromLong(health->audio), (int)health->objection, layers,
                         (int)transport, health->disposable_kbps, (int)health->delay_from,
                         health->delay_ms);
}
