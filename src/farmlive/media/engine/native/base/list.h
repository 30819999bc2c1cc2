/* Intrusive doubly linked lists. A link that is in no list points to itself, so that removing it
 * again does no harm. */
#ifndef FARMLIVE_LIST_H
#define FARMLIVE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

static inline void list_init(struct list *list) { list->next = list->previous = list; }

static inline bool list_is_empty(const struct list *list) { return list->next == list; }

/* Add the link at the end of the list; it must be in none. */
static inline void list_add(struct list *list, struct list *link)
{
    link->next = list;
    link->previous = list->previous;
    list->previous->next = link;
    list->previous = link;
}

static inline void list_remove(struct list *link)
{
    link->next->previous = link->previous;
    link->previous->next = link->next;
    list_init(link);
}

#define list_entry(link, type, member) ((type *)((char *)(link) - offsetof(type, member)))

/* The current link may be removed in the loop, others may not. */
#define list_each(at, whole)                                                    \
    for (struct list *at = (whole)->next, *at##_next = at->next; at != (whole); \
         at = at##_next, at##_next = at->next)

#endif
