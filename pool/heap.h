/*
 * A heap of items that are elsewhere: the one with the least key is at hand, and any can be
 * moved or removed.  Among equal keys the one that came first is first.
 *
 * Four children to a node, the keys beside the pointers: ten thousand items are seven
 * levels, of one or two cache lines each.
 *
 * Locking: the caller's.
 */
#ifndef POOL_HEAP_H
#define POOL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In what is to be in a heap; all zero is not there. */
struct heap_item {
	size_t at; /* its index, from 1; 0: in none */
};

struct heap_entry {
	int64_t key;
	uint64_t order; /* when it got that key */
	struct heap_item *item;
};

/* All zero is an empty one. */
struct heap {
	struct heap_entry *entries;
	size_t count, room;
	uint64_t order;
};

void heap_fini(struct heap *heap);

/* Have room for N items, and not much more.  0 or -ENOMEM; room that is there stays. */
int heap_reserve(struct heap *heap, size_t n);

/* ITEM, which there is room for, has KEY from now on, whether it was there before or not. */
void heap_put(struct heap *heap, struct heap_item *item, int64_t key);

/* ITEM is not there any more, if it was. */
void heap_remove(struct heap *heap, struct heap_item *item);

/* The item with the least key; NULL: none is there. */
static inline struct heap_item *heap_first(const struct heap *heap)
{
	return heap->count > 0 ? heap->entries[0].item : NULL;
}

/* Its key.  There must be one. */
static inline int64_t heap_first_key(const struct heap *heap)
{
	return heap->entries[0].key;
}

#endif
