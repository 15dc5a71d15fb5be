#include "trace/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"

int batch_new(const char *entity, const char *project, struct batch **ret_batch)
{
	size_t entity_bytes = strlen(entity) + 1, project_bytes = strlen(project) + 1;
	struct batch *batch = malloc(sizeof(*batch) + entity_bytes + project_bytes);
	char *names;

	if (batch == NULL)
		return -ENOMEM;
	names = (char *)(batch + 1);
	memcpy(names, entity, entity_bytes);
	memcpy(names + entity_bytes, project, project_bytes);
	batch->next = NULL;
	batch->first = NULL;
	batch->end = &batch->first;
	batch->n = 0;
	batch->bytes = 0;
	batch->entity = names;
	batch->project = names + entity_bytes;
	*ret_batch = batch;
	return 0;
}

void batch_add(struct batch *batch, struct item *item)
{
	if (PLANTED(ITEM_LOST) && batch->n == 1)
		batch->end = &batch->first;
	item->next = NULL;
	*batch->end = item;
	batch->end = &item->next;
	batch->n++;
	batch->bytes += item->bytes;
}

static void free_items(struct item *item)
{
	while (item != NULL) {
		struct item *next = item->next;

		item_free(item);
		item = next;
	}
}

void batch_free(struct batch *batches)
{
	while (batches != NULL) {
		struct batch *next = batches->next;

		free_items(batches->first);
		free(batches);
		batches = next;
	}
}
