/* ICE: the paths of peers, their checks and ours.
 *
 * Always holds: each of a peer's credentials has a name here, unless another peer took the same
 * one; and if a port maps an address to a peer, the peer has it among its own paths, so that
 * nothing refers to a removed peer. */
#include "core/ice.h"

#include <math.h>

#include "wire/stun.h"

/* Clients check every five seconds, plus or minus a fifth (RFC 7675, section 5.1). */
static const double LEFT_AFTER_S = 7.0;

void ice_init(struct ice *ice)
{
    ufrag_table_init(&ice->names);
    ice->left_after = LEFT_AFTER_S;
    list_init(&ice->validating);
}

void ice_clear(struct ice *ice)
{
    ufrag_table_clear(&ice->names);
    *ice = (struct ice){0};
}

/* Peers. */

void ice_add(struct ice *ice, struct peer *peer, const struct naming *naming, double now)
{
    peer->credentials_count = 1;
    peer->credentials[0] = *naming;
    peer->renewed = true;
    peer->at.port = peer->told.port = NULL;
    peer->path_count = 0;
    memcpy(peer->secret, naming->secret, SECRET);
    list_init(&peer->validating);
    peer->checked_at = peer->selected_at = peer->heard_at = now;
    ufrag_table_set(&ice->names, &naming->local, peer);
}

void ice_restart(struct ice *ice, struct peer *peer, const struct naming *naming, double now)
{
    int serving = peer->renewed ? peer->credentials_count - 1 : 0;
    for (int i = 0; i < peer->credentials_count; i++)
        if (i != serving)
            ufrag_table_remove(&ice->names, &peer->credentials[i].local);
    peer->credentials[0] = peer->credentials[serving];
    peer->credentials[1] = *naming;
    peer->credentials_count = 2;
    peer->renewed = false;
    peer->checked_at = now;
    ufrag_table_set(&ice->names, &naming->local, peer);
}

static struct path *path_of(struct peer *peer, const struct port *port,
                            const struct address *address)
{
    for (int i = 0; i < peer->path_count; i++)
        if (place_is_at(&peer->paths[i].place, port, address))
            return &peer->paths[i];
    return NULL;
}

static struct path *path_at(struct peer *peer, const struct place *place)
{
    return place->port != NULL ? path_of(peer, place->port, &place->address) : NULL;
}

/* Remove the peer's ownership of this address, if it still has it. */
static void give_back(struct peer *peer, struct path *path)
{
    const struct place *place = &path->place;
    path_clear(path);
    if (port_peer(place->port, &place->address) == peer)
        port_forget(place->port, &place->address);
}

void ice_remove(struct ice *ice, struct peer *peer)
{
    list_remove(&peer->validating);
    for (int i = 0; i < peer->credentials_count; i++)
        ufrag_table_remove(&ice->names, &peer->credentials[i].local);
    peer->credentials_count = 0;
    for (int i = 0; i < peer->path_count; i++)
        give_back(peer, &peer->paths[i]);
    peer->path_count = 0;
    peer->at.port = NULL;
}

void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address)
{
    if (place_is_at(&peer->at, port, address))
        peer->at.port = NULL;
}

bool ice_is_proved(struct peer *peer)
{
    const struct path *at = path_at(peer, &peer->at);
    return at != NULL && at->validated;
}

static void drop_path(struct peer *peer, int at)
{
    size_t behind = (size_t)(peer->path_count - at - 1);
    memmove(peer->paths + at, peer->paths + at + 1, behind * sizeof *peer->paths);
    peer->path_count--;
}

/* Return the peer's path at this address; the peer owns the address from now on. */
static struct path *own(struct peer *peer, struct port *port, const struct address *address)
{
    struct path *known = path_of(peer, port, address);
    if (known != NULL && port_peer(port, address) == peer)
        return known;
    port_set_peer(port, address, peer);
    /* A path that another peer had taken over meanwhile is in the list already. */
    struct path path = known != NULL ? *known : path_new(port, address);
    if (known != NULL)
        drop_path(peer, (int)(known - peer->paths));
    peer->paths[peer->path_count++] = path;
    if (peer->path_count > ADDRESSES_MOST) {
        /* Never the selected path. */
        int at = path_at(peer, &peer->at) == &peer->paths[0];
        struct path oldest = peer->paths[at];
        drop_path(peer, at);
        give_back(peer, &oldest);
    }
    return &peer->paths[peer->path_count - 1];
}

/* Remove all but the newest credentials, which have taken over. */
static void drop_older(struct ice *ice, struct peer *peer)
{
    if (peer->credentials_count < 2)
        return;
    ufrag_table_remove(&ice->names, &peer->credentials[0].local);
    peer->credentials[0] = peer->credentials[1];
    peer->credentials_count = 1;
}

/* Checks. */

/* Return the peer that authenticated this check, and with which of its credentials; NULL if
 * none. */
static struct peer *prove(const struct ice *ice, const struct stun_message *message, int *which)
{
    const uint8_t *end = memchr(message->username, ':', message->username_size);
    size_t size = end ? (size_t)(end - message->username) : message->username_size;
    struct peer *peer = ufrag_table_find(&ice->names, message->username, size);
    if (!peer || message->kind != STUN_BINDING_REQUEST)
        return NULL;
    for (int i = 0; i < peer->credentials_count; i++) {
        const struct credentials *each = &peer->credentials[i].local;
        if (each->ufrag_size == size && memcmp(each->ufrag, message->username, size) == 0) {
            *which = i;
            return stun_authentic(message, each->password, each->password_size) ? peer : NULL;
        }
    }
    return NULL;
}

/* Return whether another peer has validated this address and was active recently. */
static bool is_anothers(const struct ice *ice, const struct peer *peer, const struct port *port,
                        const struct address *from, double now)
{
    struct peer *found = port_peer(port, from);
    if (!found || found == peer || !place_is_at(&found->at, port, from) || !ice_is_proved(found))
        return false;
    return now - fmax(found->selected_at, found->heard_at) <= ice->left_after;
}

/* Select this validated path, unless a validated path was requested later. Return whether it was
 * selected. */
static bool move(struct peer *peer, struct path *path)
{
    struct path *at = path_at(peer, &peer->at);
    if (at != NULL && at != path && at->validated && at->wanted > path->wanted) {
        path_forget(path);
        return false;
    }
    if (at != NULL && at != path)
        path_forget(at);
    peer->at = path->place;
    return true;
}

/* Return whether its remote ufrag is one of ours: then the check would be sent to ourselves. */
static bool is_us(const struct ice *ice, const struct path *path)
{
    const struct credentials *theirs = path_theirs(path);
    return theirs != NULL &&
           ufrag_table_find(&ice->names, theirs->ufrag, theirs->ufrag_size) != NULL;
}

/* Send a check on a path under validation. */
static void ask(const struct ice *ice, struct path *path, double now)
{
    uint8_t check[STUN_CHECK_MOST];
    if (path->validated || !path_may_prove(path, now) || is_us(ice, path))
        return;
    size_t size = path_ask(path, check, now);
    if (size > 0)
        port_send(path->place.port, check, size, &path->place.address, now);
}

/* Draw the transaction id and tie-breaker of our next check: unpredictable to others. */
static void draw(struct peer *peer, uint8_t seed[SHA1_SIZE])
{
    uint8_t number[4];
    put32(number, ++peer->trials);
    sha1_hmac(peer->secret, SECRET, number, sizeof number, number, 0, seed);
}

/* Handle a check that asks to select this path. Return whether it was selected. */
static bool want(struct ice *ice, struct peer *peer, struct path *path, const struct naming *used,
                 double now)
{
    path->wanted = ++peer->wanted;
    if (peer->at.port == NULL)
        peer->at = path->place;
    if (path->validated)
        return move(peer, path);
    uint8_t seed[SHA1_SIZE];
    draw(peer, seed);
    path_begin(path, &used->local, used->has_remote ? &used->remote : NULL, seed, now);
    if (list_is_empty(&peer->validating))
        list_add(&ice->validating, &peer->validating);
    return false;
}

bool ice_check_link(const struct ice *ice, struct peer *peer, double now)
{
    const struct path *at = path_at(peer, &peer->at);
    if (at == NULL || !at->validated || port_transport(at->place.port) == TRANSPORT_TCP)
        return false;
    const struct naming *used = &peer->credentials[peer->renewed ? peer->credentials_count - 1 : 0];
    if (!used->has_remote ||
        ufrag_table_find(&ice->names, used->remote.ufrag, used->remote.ufrag_size) != NULL)
        return false;
    uint8_t seed[SHA1_SIZE], check[STUN_CHECK_MOST];
    draw(peer, seed);
    size_t size = stun_check(&used->local, &used->remote, seed, check);
    struct link_check *pending = &peer->link_check;
    pending->is_pending = true;
    pending->place = at->place;
    pending->remote = used->remote;
    pending->sent_at = now;
    memcpy(pending->transaction, seed, STUN_TRANSACTION);
    port_send(at->place.port, check, size, &at->place.address, now);
    return true;
}

/* Return whether this is the response to our check of the peer's link. */
static bool link_check_is_answered(const struct peer *peer, const struct place *place,
                                   const struct stun_message *message)
{
    const struct link_check *pending = &peer->link_check;
    if (!pending->is_pending || !place_is_at(place, pending->place.port, &pending->place.address))
        return false;
    unsigned different = 0;
    for (size_t at = 0; at < STUN_TRANSACTION; at++)
        different |= (unsigned)(message->transaction[at] ^ pending->transaction[at]);
    return !different &&
           stun_authentic(message, pending->remote.password, pending->remote.password_size);
}

/* Handle the response to a check of ours, which validates the path: its sender receives at that
 * address and has the peer's credentials. */
static struct peer *answered(const struct stun_message *message, const struct port *port,
                             const struct address *from, double now, struct checked *checked)
{
    struct peer *peer = port_peer(port, from);
    struct path *path = peer != NULL ? path_of(peer, port, from) : NULL;
    if (path == NULL)
        return NULL;
    if (link_check_is_answered(peer, &path->place, message)) {
        peer->link_check.is_pending = false;
        checked->asked_at = peer->link_check.sent_at;
        return peer;
    }
    if (!path_is_answered_by(path, message))
        return NULL;
    checked->asked_at = path->begun;
    path_prove(path);
    checked->moved = move(peer, path);
    if (checked->moved)
        peer->checked_at = peer->selected_at = now;
    return peer;
}

struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, struct checked *checked)
{
    struct stun_message message;
    uint8_t answer[STUN_SUCCESS_MOST];
    int which;
    *checked = (struct checked){.asked_at = -1};
    if (!stun_parse(data, size, &message))
        return NULL;
    if (message.kind == STUN_BINDING_SUCCESS)
        return answered(&message, port, from, now, checked);
    struct peer *peer = prove(ice, &message, &which);
    if (!peer || is_anothers(ice, peer, port, from, now))
        return NULL;
    const struct naming used = peer->credentials[which];
    bool is_newest = which == peer->credentials_count - 1;
    bool restarted = is_newest && !peer->renewed;
    if (is_newest) {
        peer->renewed = true;
        if (message.use_candidate)
            drop_older(ice, peer);
    }
    struct path *path = own(peer, port, from);
    path->received += size;
    /* Only USE-CANDIDATE selects another path, or the address would flap while pairs are checked;
     * except once no check comes on the old path any more, since some clients nominate only
     * once. */
    checked->first = !peer->at.port;
    bool is_here = place_is_at(&peer->at, port, from);
    bool left = now - peer->selected_at > ice->left_after;
    bool may_move = (message.use_candidate || left) && (is_newest || !peer->renewed);
    if (!is_here && (checked->first || restarted || may_move))
        checked->moved = want(ice, peer, path, &used, now);
    /* A check on another path gives no consent for the selected one (RFC 7675). */
    if (place_is_at(&peer->at, port, from))
        peer->checked_at = peer->selected_at = now;
    const struct credentials *local = &used.local;
    size_t count = stun_success(&message, from, local->password, local->password_size, answer);
    path_answers(path, count);
    port_send(port, answer, count, from, now);
    ask(ice, path, now);
    /* Sending the response may have ended its connection. */
    if (peer->at.port == NULL)
        checked->first = checked->moved = false;
    return peer;
}

void ice_secured(struct peer *peer)
{
    struct path *path = path_at(peer, peer->at.port != NULL ? &peer->at : &peer->told);
    if (path == NULL || peer->dtls_on_two_paths ||
        (peer->told.port != NULL &&
         !place_is_at(&peer->told, path->place.port, &path->place.address)))
        return;
    path_prove(path);
    peer->at = path->place;
}

/* Retransmit checks on a peer's paths under validation; false if there are none any more. */
static bool look_at(const struct ice *ice, struct peer *peer, double now)
{
    bool any = false;
    for (int i = 0; i < peer->path_count; i++) {
        struct path *path = &peer->paths[i];
        if (!path->validated && path_may_prove(path, now)) {
            any = true;
            ask(ice, path, now);
        }
    }
    const struct path *at = path_at(peer, &peer->at);
    if (at != NULL && !at->validated && !path_may_prove(at, now))
        peer->at.port = NULL;
    return any;
}

void ice_look(struct ice *ice, double now)
{
    list_each(link, &ice->validating) {
        struct peer *peer = list_entry(link, struct peer, validating);
        if (!look_at(ice, peer, now))
            list_remove(&peer->validating);
    }
}

/* DTLS records. */

void ice_record_came(struct peer *peer, const struct port *port, const struct address *from,
                     const uint8_t *record, size_t size)
{
    if (!place_is_at(&peer->at, port, from))
        return;
    struct path *at = path_at(peer, &peer->at);
    if (at != NULL && !at->validated) {
        at->received += size;
        at->has_greeted = at->has_greeted || path_is_client_hello(record, size);
    }
}

void ice_send_record(struct peer *peer, const uint8_t *record, size_t size, double now)
{
    struct path *at = path_at(peer, &peer->at);
    if (at == NULL)
        return;
    if (!at->validated && at->has_greeted && !peer->sent_first_flight && path_may_prove(at, now)) {
        peer->sent_first_flight = true;
        at->sent += size;
    } else if (!path_spend(at, size, now)) {
        return;
    }
    const struct place place = at->place;
    if (peer->told.port != NULL && !place_is_at(&peer->told, place.port, &place.address))
        peer->dtls_on_two_paths = true;
    peer->told = place;
    port_send(place.port, record, size, &place.address, now);
}
