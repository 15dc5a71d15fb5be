#include "trace/cli/forest.h"

#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/text.h"

struct forest_node *forest_add(struct forest *forest, const char *id, const char *parent_id)
{
	struct forest_node *node;

	if (forest->n == forest->room) {
		size_t room = forest->room * 2 + 64;
		struct forest_node *nodes = realloc(forest->nodes, room * sizeof(*nodes));

		if (nodes == NULL)
			say_no_memory();
		forest->nodes = nodes;
		forest->room = room;
	}
	node = &forest->nodes[forest->n++];
	memset(node, 0, sizeof(*node));
	node->id = text_copy(id);
	node->parent_id = parent_id == NULL ? NULL : text_copy(parent_id);
	return node;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct forest_node *)a)->id, ((const struct forest_node *)b)->id);
}

static size_t find(const struct forest *forest, const char *id)
{
	const struct forest_node key = {.id = (char *)id};
	const struct forest_node *node;

	if (id == NULL)
		return FOREST_NONE;
	node = bsearch(&key, forest->nodes, forest->n, sizeof(*node), by_id);
	return node == NULL ? FOREST_NONE : (size_t)(node - forest->nodes);
}

/* Walk up from node I.  Where that comes back to a node of the same walk, the ring is cut. */
static void cut_ring(struct forest *forest, size_t i)
{
	const size_t walk = i + 1; /* 0: never walked */

	while (i != FOREST_NONE && forest->nodes[i].walk == 0) {
		struct forest_node *node = &forest->nodes[i];

		node->walk = walk;
		if (node->parent != FOREST_NONE && forest->nodes[node->parent].walk == walk)
			node->parent = FOREST_NONE;
		i = node->parent;
	}
}

void forest_grow(struct forest *forest)
{
	struct forest_node *nodes = forest->nodes;

	qsort(nodes, forest->n, sizeof(*nodes), by_id);
	for (size_t i = 0; i < forest->n; i++) {
		nodes[i].parent = find(forest, nodes[i].parent_id);
		nodes[i].child = FOREST_NONE;
	}
	for (size_t i = 0; i < forest->n; i++)
		cut_ring(forest, i);
	forest->root = FOREST_NONE;
	for (size_t i = forest->n; i-- > 0;) { /* the last first: each is put before its siblings */
		size_t parent = nodes[i].parent;
		size_t *first = parent == FOREST_NONE ? &forest->root : &nodes[parent].child;

		nodes[i].next = *first;
		*first = i;
	}
}

size_t forest_next(const struct forest *forest, size_t i, size_t *depth)
{
	const struct forest_node *nodes = forest->nodes;

	if (nodes[i].child != FOREST_NONE) {
		++*depth;
		return nodes[i].child;
	}
	while (i != FOREST_NONE && nodes[i].next == FOREST_NONE) {
		i = nodes[i].parent;
		*depth -= i == FOREST_NONE ? 0 : 1;
	}
	return i == FOREST_NONE ? FOREST_NONE : nodes[i].next;
}

void forest_fini(struct forest *forest)
{
	for (size_t i = 0; i < forest->n; i++) {
		free(forest->nodes[i].id);
		free(forest->nodes[i].parent_id);
		free(forest->nodes[i].text);
	}
	free(forest->nodes);
}
