/*
 * Calls as trees.  One trace usually is one tree; a call whose parent is not there is a root, and
 * so is one of a ring of calls that call each other, which only a damaged file has.
 */
#ifndef TRACE_CLI_FOREST_H
#define TRACE_CLI_FOREST_H

#include <stddef.h>

#include "trace/cli/screen.h"
#include "trace/cli/times.h"

#define FOREST_NONE ((size_t)-1)

struct forest_node {
	char *id, *parent_id; /* or NULL */
	/* For whoever prints it; the text is malloc'd, and freed with the node. */
	char *text;
	char span[TIME_BYTES];
	const char *outcome;
	enum paint paint;
	/* Indices of other nodes, or FOREST_NONE: set by forest_grow(). */
	size_t parent, child, next;
	size_t walk; /* of forest_grow() */
};

/* All zero is empty. */
struct forest {
	struct forest_node *nodes;
	size_t n, room;
	size_t root; /* the first one; its next is the next root */
};

/* A new node; valid until the next one.  Without memory the program ends. */
struct forest_node *forest_add(struct forest *forest, const char *id, const char *parent_id);

/* All nodes are there: find out which hangs below which.  They are sorted by id. */
void forest_grow(struct forest *forest);

/* The node to print after node I, which is DEPTH levels below its root; FOREST_NONE at the end. */
size_t forest_next(const struct forest *forest, size_t i, size_t *depth);

void forest_fini(struct forest *forest);

#endif
