/* A hash table of peers by user name fragment; a peer may have several. */
#ifndef FARMLIVE_UFRAG_TABLE_H
#define FARMLIVE_UFRAG_TABLE_H

#include "core/peer.h"

struct ufrag_name; /* a user name fragment and its peer */

struct ufrag_table {
    size_t count, room; /* the room is a power of two */
    struct ufrag_name **names;
};

void ufrag_table_init(struct ufrag_table *table);
/* Free the table and all names. */
void ufrag_table_clear(struct ufrag_table *table);
/* Map the fragment of these credentials to the peer, in place of any other peer. */
void ufrag_table_set(struct ufrag_table *table, const struct credentials *local, struct peer *peer);
void ufrag_table_remove(struct ufrag_table *table, const struct credentials *local);
/* Return the peer, or NULL. */
struct peer *ufrag_table_find(const struct ufrag_table *table, const uint8_t *ufrag, size_t size);

#endif
