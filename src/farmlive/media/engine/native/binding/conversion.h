/* Converts Python's values into the engine's structs and back. False, with an error set, for a
 * wrong type or too many items. */
#ifndef FARMLIVE_CONVERSION_H
#define FARMLIVE_CONVERSION_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "core/engine.h"

bool conversion_credentials(const char *ufrag, Py_ssize_t ufrag_size, const char *password,
                            Py_ssize_t password_size, struct credentials *credentials);
/* A sequence of tuples (is_video, clock_rate, codecs, repairs, red, rids, nack, pli). */
bool conversion_tracks(PyObject *tracks, struct publishing *publishing);
/* A sequence of tuples (codec, payload_type, retransmission, red). */
bool conversion_outgoing(PyObject *each, struct outgoing *outgoing, int *count);
PyObject *conversion_health(const struct health *health, enum transport transport);

#endif
