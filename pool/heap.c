#include "pool/heap.h"

#include <errno.h>
#include <stdlib.h>

enum { CHILDREN = 4, ROOM_LEAST = 16 };

void heap_fini(struct heap *heap)
{
	free(heap->entries);
}

static int resize(struct heap *heap, size_t room)
{
	struct heap_entry *entries = realloc(heap->entries, room * sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	heap->entries = entries;
	heap->room = room;
	return 0;
}

int heap_reserve(struct heap *heap, size_t n)
{
	if (n > heap->room)
		return resize(heap, n < ROOM_LEAST ? ROOM_LEAST : 2 * n);
	/* Half of it is given back when three quarters are not needed. */
	if (heap->room > ROOM_LEAST && n <= heap->room / 4)
		(void)resize(heap, heap->room / 2);
	return 0;
}

static bool before(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void set(struct heap *heap, size_t at, const struct heap_entry *entry)
{
	heap->entries[at] = *entry;
	entry->item->at = at + 1;
}

/* Put ENTRY, of which AT is free, where it belongs above AT, or at it. */
static void rise(struct heap *heap, size_t at, const struct heap_entry *entry)
{
	while (at > 0) {
		size_t parent = (at - 1) / CHILDREN;

		if (!before(entry, &heap->entries[parent]))
			break;
		set(heap, at, &heap->entries[parent]);
		at = parent;
	}
	set(heap, at, entry);
}

/* The child of AT with the least key; its count: none. */
static size_t least_child(const struct heap *heap, size_t at)
{
	size_t least = CHILDREN * at + 1, end = least + CHILDREN;

	if (least >= heap->count)
		return heap->count;
	for (size_t i = least + 1; i < end && i < heap->count; i++)
		if (before(&heap->entries[i], &heap->entries[least]))
			least = i;
	return least;
}

/* The same for below AT. */
static void sink(struct heap *heap, size_t at, const struct heap_entry *entry)
{
	for (;;) {
		size_t child = least_child(heap, at);

		if (child == heap->count || !before(&heap->entries[child], entry))
			break;
		set(heap, at, &heap->entries[child]);
		at = child;
	}
	set(heap, at, entry);
}

static void settle(struct heap *heap, size_t at, const struct heap_entry *entry)
{
	if (at > 0 && before(entry, &heap->entries[(at - 1) / CHILDREN]))
		rise(heap, at, entry);
	else
		sink(heap, at, entry);
}

void heap_put(struct heap *heap, struct heap_item *item, int64_t key)
{
	struct heap_entry entry = {key, heap->order++, item};
	size_t at = item->at > 0 ? item->at - 1 : heap->count++;

	settle(heap, at, &entry);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
	size_t at = item->at - 1;
	struct heap_entry last;

	if (item->at == 0)
		return;
	item->at = 0;
	last = heap->entries[--heap->count];
	if (at < heap->count)
		settle(heap, at, &last);
}
