/*
 * A batch: the items that one context hands over together.
 */
#ifndef TRACE_BATCH_H
#define TRACE_BATCH_H

#include "trace/item.h"

struct batch {
	struct batch *next;
	struct item *first, **end; /* in the order in which they were recorded */
	size_t n;
	size_t bytes; /* of the items, about */
	const char *entity, *project; /* in the same block */
};

/* An empty batch of that project.  0 or -ENOMEM. */
int batch_new(const char *entity, const char *project, struct batch **ret_batch);

void batch_add(struct batch *batch, struct item *item);

/* Free a list of batches, with their items. */
void batch_free(struct batch *batches);

#endif
