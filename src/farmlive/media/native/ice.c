/* ICE-lite: all peers by their user name fragments, and what a check means.
 *
 * Always holds: each of a peer's credentials has a name here, unless another peer took the same;
 * and whatever port maps an address to a peer, the peer has it among its own, so that nothing leads
 * to a peer that was removed. */
#include "ice.h"

#include <math.h>

#include "memory.h"
#include "stun.h"

enum { ROOM_LEAST = 64 };

/* Clients check every five seconds, less or more by a fifth (RFC 7675, section 5.1). */
static const double LEFT_AFTER_S = 7.0;

struct ice_name {
    struct ice_name *next; /* of the same hash */
    struct peer *peer;
    size_t size;
    uint8_t ufrag[CREDENTIAL_MOST];
};

/* Names. They are ours and drawn at random, so that a simple hash spreads them (FNV-1a). */

static size_t hash_of(const uint8_t *ufrag, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ufrag[i]) * 0x100000001B3;
    return (size_t)(hash ^ hash >> 32);
}

static bool same(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* The link that leads to the name, or to where it would be. */
static struct ice_name **link_to(const struct ice *ice, const uint8_t *ufrag, size_t size)
{
    struct ice_name **link = &ice->names[hash_of(ufrag, size) & (ice->room - 1)];
    while (*link && !same((*link)->ufrag, (*link)->size, ufrag, size))
        link = &(*link)->next;
    return link;
}

static void grow(struct ice *ice)
{
    struct ice old = *ice;
    ice->room = 2 * old.room;
    ice->names = memory_new(ice->room * sizeof(struct ice_name *));
    for (size_t i = 0; i < old.room; i++) {
        for (struct ice_name *name = old.names[i], *next; name; name = next) {
            next = name->next;
            struct ice_name **link = link_to(ice, name->ufrag, name->size);
            name->next = NULL;
            *link = name;
        }
    }
    free(old.names);
}

static void name_peer(struct ice *ice, struct peer *peer, const struct credentials *local)
{
    if (ice->count == ice->room)
        grow(ice);
    struct ice_name **link = link_to(ice, local->ufrag, local->ufrag_size);
    if (!*link) {
        *link = memory_new(sizeof **link);
        (*link)->size = local->ufrag_size;
        memcpy((*link)->ufrag, local->ufrag, local->ufrag_size);
        ice->count++;
    }
    (*link)->peer = peer;
}

static void forget_name(struct ice *ice, const struct credentials *local)
{
    struct ice_name **link = link_to(ice, local->ufrag, local->ufrag_size), *name = *link;
    if (name) {
        *link = name->next;
        free(name);
        ice->count--;
    }
}

void ice_init(struct ice *ice)
{
    ice->count = 0;
    ice->room = ROOM_LEAST;
    ice->left_after = LEFT_AFTER_S;
    ice->names = memory_new(ice->room * sizeof(struct ice_name *));
}

void ice_clear(struct ice *ice)
{
    for (size_t i = 0; i < ice->room; i++) {
        for (struct ice_name *name = ice->names[i], *next; name; name = next) {
            next = name->next;
            free(name);
        }
    }
    free(ice->names);
    *ice = (struct ice){0};
}

/* Peers. */

void ice_add(struct ice *ice, struct peer *peer, const struct credentials *local, double now)
{
    peer->credentials_count = 1;
    peer->credentials[0] = *local;
    peer->renewed = true;
    peer->at.port = NULL;
    peer->address_count = 0;
    peer->checked_at = peer->there_at = peer->heard_at = now;
    name_peer(ice, peer, local);
}

void ice_restart(struct ice *ice, struct peer *peer, const struct credentials *local, double now)
{
    int serving = peer->renewed ? peer->credentials_count - 1 : 0;
    for (int i = 0; i < peer->credentials_count; i++)
        if (i != serving)
            forget_name(ice, &peer->credentials[i]);
    peer->credentials[0] = peer->credentials[serving];
    peer->credentials[1] = *local;
    peer->credentials_count = 2;
    peer->renewed = false;
    peer->checked_at = now;
    name_peer(ice, peer, local);
}

static bool is_there(const struct place *place, const struct port *port,
                     const struct address *address)
{
    return place->port == port && address_equal(&place->address, address);
}

/* The peer has this address no more, if it still had. */
static void give_back(struct peer *peer, const struct place *place)
{
    if (port_peer(place->port, &place->address) == peer)
        port_forget(place->port, &place->address);
}

void ice_remove(struct ice *ice, struct peer *peer)
{
    for (int i = 0; i < peer->credentials_count; i++)
        forget_name(ice, &peer->credentials[i]);
    peer->credentials_count = 0;
    for (int i = 0; i < peer->address_count; i++)
        give_back(peer, &peer->addresses[i]);
    peer->address_count = 0;
    peer->at.port = NULL;
}

void ice_cut_off(struct peer *peer, const struct port *port, const struct address *address)
{
    if (is_there(&peer->at, port, address))
        peer->at.port = NULL;
}

static void drop_address(struct peer *peer, int at)
{
    size_t behind = (size_t)(peer->address_count - at - 1);
    memmove(peer->addresses + at, peer->addresses + at + 1, behind * sizeof *peer->addresses);
    peer->address_count--;
}

static void own(struct peer *peer, struct port *port, const struct address *address)
{
    port_set_peer(port, address, peer);
    /* One that it had before another peer did is listed already. */
    for (int i = 0; i < peer->address_count; i++) {
        if (is_there(&peer->addresses[i], port, address)) {
            drop_address(peer, i);
            break;
        }
    }
    peer->addresses[peer->address_count++] = (struct place){.port = port, .address = *address};
    if (peer->address_count > ADDRESSES_MOST) {
        /* Never the one where it is reached. */
        const struct place *first = &peer->addresses[0];
        int at = peer->at.port && is_there(&peer->at, first->port, &first->address);
        struct place oldest = peer->addresses[at];
        drop_address(peer, at);
        give_back(peer, &oldest);
    }
}

/* The newest credentials have taken over. */
static void drop_older(struct ice *ice, struct peer *peer)
{
    if (peer->credentials_count < 2)
        return;
    forget_name(ice, &peer->credentials[0]);
    peer->credentials[0] = peer->credentials[1];
    peer->credentials_count = 1;
}

/* Checks. */

/* Whose check it is, by which of its credentials, once it has proved to be; NULL: nobody's. */
static struct peer *prove(const struct ice *ice, const struct stun_message *message, int *which)
{
    const uint8_t *end = memchr(message->username, ':', message->username_size);
    size_t size = end ? (size_t)(end - message->username) : message->username_size;
    const struct ice_name *name = *link_to(ice, message->username, size);
    if (!name || message->kind != STUN_BINDING_REQUEST)
        return NULL;
    struct peer *peer = name->peer;
    for (int i = 0; i < peer->credentials_count; i++) {
        const struct credentials *each = &peer->credentials[i];
        if (same(each->ufrag, each->ufrag_size, name->ufrag, name->size)) {
            *which = i;
            return stun_authentic(message, each->password, each->password_size) ? peer : NULL;
        }
    }
    return NULL;
}

/* Whether another peer is reached at this address, and was heard of late. */
static bool is_anothers(const struct ice *ice, const struct peer *peer, const struct port *port,
                        const struct address *from, double now)
{
    const struct peer *found = port_peer(port, from);
    if (!found || found == peer || !is_there(&found->at, port, from))
        return false;
    return now - fmax(found->there_at, found->heard_at) <= ice->left_after;
}

struct peer *ice_check(struct ice *ice, struct port *port, const uint8_t *data, size_t size,
                       const struct address *from, double now, bool *first, bool *moved)
{
    struct stun_message message;
    uint8_t answer[STUN_SUCCESS_MOST];
    int which;
    if (!stun_parse(data, size, &message))
        return NULL;
    struct peer *peer = prove(ice, &message, &which);
    if (!peer || is_anothers(ice, peer, port, from, now))
        return NULL;
    const struct credentials *used = &peer->credentials[which];
    size_t answered = stun_success(&message, from, used->password, used->password_size, answer);
    bool is_newest = which == peer->credentials_count - 1;
    bool restarted = is_newest && !peer->renewed;
    if (is_newest) {
        peer->renewed = true;
        if (message.use_candidate)
            drop_older(ice, peer);
    }
    if (port_peer(port, from) != peer)
        own(peer, port, from);
    /* Later only by USE-CANDIDATE, or the address would flap while pairs are checked; or where no
     * check comes from the old one any more, since some clients name it once and for all. */
    *first = !peer->at.port;
    bool is_here = is_there(&peer->at, port, from);
    bool left = now - peer->there_at > ice->left_after;
    bool may_move = (message.use_candidate || left) && (is_newest || !peer->renewed);
    *moved = !is_here && (*first || restarted || may_move);
    if (*moved)
        peer->at = (struct place){.port = port, .address = *from};
    /* From elsewhere a check gives no consent to send where it is reached. */
    if (*moved || is_here)
        peer->checked_at = peer->there_at = now;
    port_send(port, answer, answered, from, now);
    /* By that its connection may have ended. */
    if (peer->at.port == NULL)
        *first = *moved = false;
    return peer;
}
