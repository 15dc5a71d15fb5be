#include "trace/lot.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "sync/fork.h"
#include "sync/testing.h"
#include "tls/server.h"
#include "trace/table.h"

/* Parts of calls are collected, so that a server gets many at once. */
enum { PARTS = 256 };

struct lot {
	const struct bothy_server_ops *ops;
	void *self;
	uint32_t generation;
	size_t n;
	struct item *items[PARTS];
	struct bothy_call_part parts[PARTS];
	int errors[PARTS];
};

/* What an operation has said.  If it has forked, and this is the child, then the writer's thread is its
 * only one, with nothing to write. */
static int said(const struct lot *lot, int error)
{
	if (lot->generation != fork_generation())
		pthread_exit(NULL);
	return server_said(error);
}

static void upsert_collected(struct lot *lot)
{
	if (lot->n == 0)
		return;
	for (size_t i = 0; i < lot->n; i++)
		lot->errors[i] = lot->ops->calls_upsert != NULL ? 0 : -ENOTSUP;
	if (lot->ops->calls_upsert != NULL)
		lot->ops->calls_upsert(lot->self, lot->parts,
		                       lot->n - (PLANTED(CALL_LOST) && lot->n > 1), lot->errors);
	if (lot->ops->calls_upsert != NULL && PLANTED(CALLS_WRITTEN_TWICE))
		lot->ops->calls_upsert(lot->self, lot->parts, lot->n, lot->errors);
	for (size_t i = 0; i < lot->n; i++)
		lot->items[i]->error = said(lot, lot->errors[i]);
	lot->n = 0;
}

static void collect_call(struct lot *lot, const struct batch *batch, struct item *item)
{
	lot->items[lot->n] = item;
	lot->parts[lot->n] = (struct bothy_call_part){
		.entity = batch->entity,
		.project = batch->project,
		.start = item->call.start,
		.end = item->call.end,
	};
	if (++lot->n == PARTS)
		upsert_collected(lot);
}

static int create(struct lot *lot, const struct batch *batch, const struct item *item)
{
	const struct bothy_server_ops *ops = lot->ops;
	const char *entity = batch->entity, *project = batch->project;
	const bothy_table *table;

	switch (item->kind) {
	case ITEM_OBJECT:
		return ops->obj_create == NULL
		               ? -ENOTSUP
		               : ops->obj_create(lot->self, entity, project, &item->object);
	case ITEM_TABLE:
		table = item->table;
		return ops->table_create == NULL
		               ? -ENOTSUP
		               : ops->table_create(lot->self, entity, project, table->digest,
		                                   table->rows, table->count);
	case ITEM_FILE:
		return ops->file_create == NULL
		               ? -ENOTSUP
		               : ops->file_create(lot->self, entity, project, item->file.digest,
		                                  item->file.content, item->file.bytes);
	case ITEM_CALL:
		break;
	}
	return 0;
}

static void write_item(struct lot *lot, const struct batch *batch, struct item *item)
{
	if (item->kind == ITEM_CALL)
		collect_call(lot, batch, item);
	else
		item->error = said(lot, create(lot, batch, item));
}

static int flush(const struct lot *lot)
{
	if (lot->ops->flush == NULL || PLANTED(NEVER_FLUSHED))
		return 0;
	return said(lot, lot->ops->flush(lot->self));
}

/* Whether ITEM is stored, durably and by itself. */
static bool store_alone(struct lot *lot, const struct batch *batch, struct item *item)
{
	int error;

	write_item(lot, batch, item);
	upsert_collected(lot);
	error = PLANTED(LOST_TOGETHER) ? -EIO : flush(lot);
	if (item->error == 0)
		item->error = error;
	return error == 0;
}

static unsigned store_one_by_one(struct lot *lot, struct batch *batches)
{
	unsigned flushes = 0;

	for (struct batch *batch = batches; batch != NULL; batch = batch->next)
		for (struct item *item = batch->first; item != NULL; item = item->next)
			flushes += store_alone(lot, batch, item);
	return flushes;
}

unsigned lot_store(const struct bothy_server_ops *ops, void *self, struct batch *batches)
{
	struct lot lot;

	lot.ops = ops;
	lot.self = self;
	lot.generation = fork_generation();
	lot.n = 0;
	for (struct batch *batch = batches; batch != NULL; batch = batch->next)
		for (struct item *item = batch->first; item != NULL; item = item->next)
			write_item(&lot, batch, item);
	upsert_collected(&lot);
	if (flush(&lot) == 0 || PLANTED(FLUSH_FAILURE_IGNORED))
		return 1;
	return store_one_by_one(&lot, batches);
}
