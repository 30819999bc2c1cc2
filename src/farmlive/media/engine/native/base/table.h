/* A hash table by address.
 *
 * Always holds: an address is in it at most once, and at least half of the slots are free, so that
 * a search is short. Hashes are keyed, so that strangers can't make it long. */
#ifndef FARMLIVE_TABLE_H
#define FARMLIVE_TABLE_H

#include <stddef.h>

#include "base/address.h"

struct table_entry {
    uint64_t hash;
    struct address address;
    void *value; /* NULL: a free slot */
};

/* All zeros is an empty table. Its entries may be iterated while none is added or removed. */
struct table {
    size_t count, room;
    struct table_entry *entries;
};

/* Free the table; the caller owns the values. */
void table_clear(struct table *table);
/* Return the value, or NULL. */
void *table_get(const struct table *table, const struct address *address);
/* Put a value, which is not NULL, replacing an earlier one. */
void table_put(struct table *table, const struct address *address, void *value);
/* Remove and return the value, or NULL. */
void *table_take(struct table *table, const struct address *address);

#endif
