/* A hash table with open addressing: a search goes from the hash's slot to the first free one.
 *
 * Always holds: between an address's hash slot and its own no slot is free; a removal closes the
 * gap. */
#include "base/table.h"

#include "base/memory.h"

enum { ROOM_LEAST = 16 };

void table_clear(struct table *table)
{
    free(table->entries);
    *table = (struct table){0};
}

/* Return the slot of the address, or the free slot where it would be. There must be room. */
static size_t place_of(const struct table *table, const struct address *address, uint64_t hash)
{
    size_t at = hash & (table->room - 1);
    while (table->entries[at].value) {
        const struct table_entry *entry = &table->entries[at];
        if (entry->hash == hash && address_equal(&entry->address, address))
            break;
        at = (at + 1) & (table->room - 1);
    }
    return at;
}

void *table_get(const struct table *table, const struct address *address)
{
    if (!table->count)
        return NULL;
    return table->entries[place_of(table, address, address_hash(address))].value;
}

static void grow(struct table *table)
{
    struct table old = *table;
    table->room = old.room ? 2 * old.room : ROOM_LEAST;
    table->entries = memory_new(table->room * sizeof *table->entries);
    for (size_t i = 0; i < old.room; i++) {
        const struct table_entry *entry = &old.entries[i];
        if (entry->value)
            table->entries[place_of(table, &entry->address, entry->hash)] = *entry;
    }
    free(old.entries);
}

void table_put(struct table *table, const struct address *address, void *value)
{
    if (2 * (table->count + 1) > table->room)
        grow(table);
    uint64_t hash = address_hash(address);
    struct table_entry *entry = &table->entries[place_of(table, address, hash)];
    if (!entry->value)
        table->count++;
    *entry = (struct table_entry){.hash = hash, .address = *address, .value = value};
}

void *table_take(struct table *table, const struct address *address)
{
    if (!table->count)
        return NULL;
    size_t mask = table->room - 1, gap = place_of(table, address, address_hash(address));
    void *value = table->entries[gap].value;
    if (!value)
        return NULL;
    /* An entry further on that would have been found across the gap moves into it. */
    for (size_t at = (gap + 1) & mask; table->entries[at].value; at = (at + 1) & mask) {
        size_t home = table->entries[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table->entries[gap] = table->entries[at];
            gap = at;
        }
    }
    table->entries[gap].value = NULL;
    table->count--;
    return value;
}
