/* A hash table of all peers by number. */
#ifndef FARMLIVE_PEER_TABLE_H
#define FARMLIVE_PEER_TABLE_H

#include "core/peer.h"

struct peers {
    size_t count, room; /* the room is a power of two */
    struct peer **slots;
};

void peers_init(struct peers *peers);
/* Free the table; it must be empty. */
void peers_clear(struct peers *peers);
void peers_add(struct peers *peers, struct peer *peer);
void peers_remove(struct peers *peers, struct peer *peer);
/* NULL where there is none. */
struct peer *peers_find(const struct peers *peers, uint64_t number);
/* The one after this, in no order; with NULL the first, and NULL after the last. */
struct peer *peers_next(const struct peers *peers, const struct peer *peer);

#endif
