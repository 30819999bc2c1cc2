/* Path validation: the limit before a path is validated, and our check of it. */
#include "net/path.h"

#include "base/memory.h"
#include "net/port.h"

/* Seconds within which a path must be validated, from the check that asks for it; and after which
 * an unanswered check is sent again. */
static const double PROVING_S = 2.0, AGAIN_S = 0.2;

/* Bytes that may be sent to an unvalidated path for each byte received from it. */
enum { FACTOR = 3 };

enum { OURS, THEIRS };

enum { RECORD_HEADER = 13, HANDSHAKE = 22, CLIENT_HELLO = 1 };

bool place_is_at(const struct place *place, const struct port *port, const struct address *address)
{
    return place->port == port && address_equal(&place->address, address);
}

bool path_is_client_hello(const uint8_t *record, size_t size)
{
    return size > RECORD_HEADER && record[0] == HANDSHAKE && record[RECORD_HEADER] == CLIENT_HELLO;
}

/* Return whether it is a TCP connection, which its handshake has validated. */
static bool is_stream(const struct place *place)
{
    return port_transport(place->port) == TRANSPORT_TCP;
}

struct path path_new(struct port *port, const struct address *address)
{
    struct path path = {.place = {.port = port, .address = *address}};
    path.validated = is_stream(&path.place);
    return path;
}

void path_clear(struct path *path)
{
    free(path->ends);
    path->ends = NULL;
}

const struct credentials *path_theirs(const struct path *path)
{
    return path->ends != NULL && path->has_remote ? &path->ends[THEIRS] : NULL;
}

bool path_may_prove(const struct path *path, double now)
{
    return path->has_begun && now - path->begun <= PROVING_S;
}

/* Return whether our pending check has these credentials of ours. */
static bool is_by(const struct path *path, const struct credentials *local)
{
    const struct credentials *ours = path->ends;
    return ours != NULL && ours->ufrag_size == local->ufrag_size &&
           memcmp(ours->ufrag, local->ufrag, local->ufrag_size) == 0;
}

void path_begin(struct path *path, const struct credentials *local,
                const struct credentials *remote, const uint8_t seed[SHA1_SIZE], double now)
{
    if (is_by(path, local) && path_may_prove(path, now))
        return;
    path_clear(path);
    path->has_begun = true;
    path->has_asked = false;
    path->begun = now;
    path->has_remote = remote != NULL;
    path->ends = memory_new(2 * sizeof *path->ends);
    path->ends[OURS] = *local;
    if (remote != NULL)
        path->ends[THEIRS] = *remote;
    memcpy(path->seed, seed, SHA1_SIZE);
}

void path_prove(struct path *path)
{
    path->validated = true;
    path_clear(path);
}

void path_forget(struct path *path)
{
    path->validated = is_stream(&path->place);
    path->has_begun = false;
    path_clear(path);
}

bool path_spend(struct path *path, size_t size, double now)
{
    if (path->validated)
        return true;
    if (!path_may_prove(path, now) || path->sent + size > FACTOR * path->received)
        return false;
    path->sent += size;
    return true;
}

void path_answers(struct path *path, size_t size)
{
    if (!path->validated)
        path->sent += size;
}

size_t path_ask(struct path *path, uint8_t out[STUN_CHECK_MOST], double now)
{
    if (path_theirs(path) == NULL || (path->has_asked && now - path->asked_at < AGAIN_S))
        return 0;
    size_t size = stun_check(&path->ends[OURS], &path->ends[THEIRS], path->seed, out);
    if (!path_spend(path, size, now))
        return 0;
    path->has_asked = true;
    path->asked_at = now;
    return size;
}

bool path_is_answered_by(const struct path *path, const struct stun_message *message)
{
    const struct credentials *theirs = path_theirs(path);
    if (theirs == NULL || !path->has_asked)
        return false;
    unsigned different = 0;
    for (size_t at = 0; at < STUN_TRANSACTION; at++)
        different |= (unsigned)(message->transaction[at] ^ path->seed[at]);
    return !different && stun_authentic(message, theirs->password, theirs->password_size);
}
