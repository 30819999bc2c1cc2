/* A hash table of all peers by number. */
#ifndef FARMLIVE_PEER_TABLE_H
#define FARMLIVE_PEER_TABLE_H

#include "core/peer.h"

struct peer_table {
    size_t count, room; /* the room is a power of two */
    struct peer **slots;
};

void peer_table_init(struct peer_table *peers);
/* Free the table; it must be empty. */
void peer_table_clear(struct peer_table *peers);
void peer_table_add(struct peer_table *peers, struct peer *peer);
void peer_table_remove(struct peer_table *peers, struct peer *peer);
/* Return the peer, or NULL. */
struct peer *peer_table_find(const struct peer_table *peers, uint64_t number);
/* Return the next peer, in no order; for NULL the first, and NULL after the last. */
struct peer *peer_table_next(const struct peer_table *peers, const struct peer *peer);

#endif
