/* A hash table by address.
 *
 * Always holds: an address is in it at most once, and at least half of the places are free, so that
 * a search is short. Hashes are keyed, so that strangers can't make it long. */
#ifndef FARMLIVE_TABLE_H
#define FARMLIVE_TABLE_H

#include <stddef.h>

#include "base/address.h"

struct table_entry {
    uint64_t hash;
    struct address address;
    void *value; /* NULL: a free place */
};

/* All zeros is an empty one. Its entries may be looked through while none comes or goes. */
struct table {
    size_t count, room;
    struct table_entry *entries;
};

/* Forget everything; the values are the caller's. */
void table_clear(struct table *table);
/* NULL where nothing is. */
void *table_get(const struct table *table, const struct address *address);
/* Put a value, which is not NULL, in the place of what was there. */
void table_put(struct table *table, const struct address *address, void *value);
/* Take it out; NULL where nothing was. */
void *table_take(struct table *table, const struct address *address);

#endif
