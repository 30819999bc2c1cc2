/* A hash table of all peers by number. Numbers are consecutive, so that they spread evenly.
 *
 * Always holds: a peer is in the chain of its number modulo the size, and there are at least as
 * many chains as peers. */
#include "core/peer_table.h"

#include "base/memory.h"

enum { ROOM_AT_FIRST = 64 };

void peer_table_init(struct peer_table *peers)
{
    peers->count = 0;
    peers->room = ROOM_AT_FIRST;
    peers->slots = memory_new(peers->room * sizeof(struct peer *));
}

void peer_table_clear(struct peer_table *peers) { free(peers->slots); }

static struct peer **slot_of(const struct peer_table *peers, uint64_t number)
{
    return &peers->slots[number & (peers->room - 1)];
}

static void link_in(struct peer_table *peers, struct peer *peer)
{
    struct peer **slot = slot_of(peers, peer->number);
    peer->next_of_number = *slot;
    *slot = peer;
}

static void grow(struct peer_table *peers)
{
    struct peer **old = peers->slots;
    size_t room = peers->room;
    peers->room *= 2;
    peers->slots = memory_new(peers->room * sizeof(struct peer *));
    for (size_t at = 0; at < room; at++) {
        for (struct peer *peer = old[at], *next; peer != NULL; peer = next) {
            next = peer->next_of_number;
            link_in(peers, peer);
        }
    }
    free(old);
}

void peer_table_add(struct peer_table *peers, struct peer *peer)
{
    if (peers->count++ == peers->room)
        grow(peers);
    link_in(peers, peer);
}

void peer_table_remove(struct peer_table *peers, struct peer *peer)
{
    struct peer **slot = slot_of(peers, peer->number);
    while (*slot != peer)
        slot = &(*slot)->next_of_number;
    *slot = peer->next_of_number;
    peers->count--;
}

struct peer *peer_table_find(const struct peer_table *peers, uint64_t number)
{
    struct peer *peer = *slot_of(peers, number);
    while (peer != NULL && peer->number != number)
        peer = peer->next_of_number;
    return peer;
}

struct peer *peer_table_next(const struct peer_table *peers, const struct peer *peer)
{
    if (peer != NULL && peer->next_of_number != NULL)
        return peer->next_of_number;
    size_t at = peer != NULL ? (peer->number & (peers->room - 1)) + 1 : 0;
    while (at < peers->room && peers->slots[at] == NULL)
        at++;
    return at < peers->room ? peers->slots[at] : NULL;
}
