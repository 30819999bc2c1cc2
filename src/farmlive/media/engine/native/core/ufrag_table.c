/* A hash table of peers by user name fragment. The fragments are ours and random, so that a simple
 * hash spreads them (FNV-1a).
 *
 * Always holds: a name is in the chain of its hash modulo the size, and there are at least as many
 * chains as names. */
#include "core/ufrag_table.h"

#include "base/memory.h"

enum { ROOM_AT_FIRST = 64 };

struct ufrag_name {
    struct ufrag_name *next; /* with the same hash */
    struct peer *peer;
    size_t size;
    uint8_t ufrag[CREDENTIAL_MOST];
};

void ufrag_table_init(struct ufrag_table *table)
{
    table->count = 0;
    table->room = ROOM_AT_FIRST;
    table->names = memory_new(table->room * sizeof(struct ufrag_name *));
}

void ufrag_table_clear(struct ufrag_table *table)
{
    for (size_t i = 0; i < table->room; i++) {
        for (struct ufrag_name *name = table->names[i], *next; name; name = next) {
            next = name->next;
            free(name);
        }
    }
    free(table->names);
}

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

/* Return the link to the name, or to where it would be. */
static struct ufrag_name **link_to(const struct ufrag_table *table, const uint8_t *ufrag,
                                   size_t size)
{
    struct ufrag_name **link = &table->names[hash_of(ufrag, size) & (table->room - 1)];
    while (*link && !same((*link)->ufrag, (*link)->size, ufrag, size))
        link = &(*link)->next;
    return link;
}

static void grow(struct ufrag_table *table)
{
    struct ufrag_table old = *table;
    table->room = 2 * old.room;
    table->names = memory_new(table->room * sizeof(struct ufrag_name *));
    for (size_t i = 0; i < old.room; i++) {
        for (struct ufrag_name *name = old.names[i], *next; name; name = next) {
            next = name->next;
            struct ufrag_name **link = link_to(table, name->ufrag, name->size);
            name->next = NULL;
            *link = name;
        }
    }
    free(old.names);
}

void ufrag_table_set(struct ufrag_table *table, const struct credentials *local, struct peer *peer)
{
    if (table->count == table->room)
        grow(table);
    struct ufrag_name **link = link_to(table, local->ufrag, local->ufrag_size);
    if (!*link) {
        *link = memory_new(sizeof **link);
        (*link)->size = local->ufrag_size;
        memcpy((*link)->ufrag, local->ufrag, local->ufrag_size);
        table->count++;
    }
    (*link)->peer = peer;
}

void ufrag_table_remove(struct ufrag_table *table, const struct credentials *local)
{
    struct ufrag_name **link = link_to(table, local->ufrag, local->ufrag_size), *name = *link;
    if (name) {
        *link = name->next;
        free(name);
        table->count--;
    }
}

struct peer *ufrag_table_find(const struct ufrag_table *table, const uint8_t *ufrag, size_t size)
{
    const struct ufrag_name *name = *link_to(table, ufrag, size);
    return name != NULL ? name->peer : NULL;
}
