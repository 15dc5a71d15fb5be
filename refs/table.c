/*
 * The table, on uthash.
 *
 * uthash takes its memory from the table's arena and gives nothing back: rows that are
 * removed are used again, and the hash itself stays until the arena is reset, since a first
 * row that stands for nothing keeps it from being empty.
 */
#include "refs/table.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/testing.h"

/* What uthash is told before it is included: no exit() without memory; memory from the arena
 * that is in scope; few buckets to begin with; a hash made for serial numbers (Fibonacci
 * hashing: Knuth, TAOCP 3, 6.4; the buckets are chosen by the low bits). */
#define HASH_NONFATAL_OOM 1
#define HASH_INITIAL_NUM_BUCKETS 8U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 3U
#define uthash_malloc(bytes) arena_alloc(arena, (bytes))
#define uthash_free(memory, bytes) ((void)(memory), (void)(bytes))
#define HASH_FUNCTION(key, bytes, value) ((value) = hash_serial((key), (bytes)))
#include <uthash.h>

struct table_row {
	uint64_t serial; /* 0: the row that keeps the hash */
	bothy_ref *ref;  /* held */
	UT_hash_handle hh;
};

static unsigned hash_serial(const void *key, size_t bytes)
{
	(void)bytes;
	return (unsigned)((*(const uint64_t *)key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

void table_init(struct table *table, struct arena *arena)
{
	table->rows = NULL;
	table->free = NULL;
	table->arena = arena;
}

static struct table_row *find(const struct table *table, uint64_t serial)
{
	struct table_row *row;

	HASH_FIND(hh, table->rows, &serial, sizeof(serial), row);
	return row;
}

static struct table_row *row_new(struct table *table)
{
	struct table_row *row = table->free;

	if (row == NULL)
		return arena_alloc(table->arena, sizeof(*row));
	table->free = row->hh.next;
	return row;
}

static void row_free(struct table *table, struct table_row *row)
{
	row->hh.next = table->free;
	table->free = row;
}

static int add(struct table *table, uint64_t serial, bothy_ref *ref)
{
	struct arena *arena = table->arena;
	struct table_row *row = row_new(table);

	if (row == NULL)
		return -ENOMEM;
	row->serial = serial;
	row->ref = ref;
	HASH_ADD(hh, table->rows, serial, sizeof(row->serial), row);
	if (row->hh.tbl != NULL)
		return 0;
	row_free(table, row); /* how uthash reports that it had no memory */
	return -ENOMEM;
}

int table_set(struct table *table, uint64_t serial, bothy_ref *ref)
{
	struct table_row *row;
	bothy_ref *old;
	int error;

	if (table->rows == NULL) {
		error = add(table, 0, NULL);
		if (error < 0)
			return error;
	}
	row = find(table, serial);
	if (row == NULL) {
		error = add(table, serial, ref);
		if (error == 0)
			(void)ref_hold(ref);
		return error;
	}
	old = row->ref;
	row->ref = ref_hold(ref);
	ref_release(old);
	return 0;
}

bothy_ref *table_get(const struct table *table, uint64_t serial)
{
	struct table_row *row = find(table, serial);

	return row != NULL && !PLANTED(OWN_REF_HIDDEN) ? row->ref : NULL;
}

void table_remove(struct table *table, uint64_t serial)
{
	struct table_row *row = serial != 0 ? find(table, serial) : NULL;

	if (row == NULL)
		return;
	HASH_DELETE(hh, table->rows, row);
	ref_release(row->ref);
	row_free(table, row);
}

void table_clear(struct table *table)
{
	bool leak = PLANTED(REF_LEAKED);

	for (struct table_row *row = table->rows; row != NULL; row = row->hh.next) {
		if (leak && row->ref != NULL)
			leak = false;
		else
			ref_release(row->ref);
	}
	table->rows = NULL;
	table->free = NULL;
}

size_t table_count(const struct table *table)
{
	return table->rows != NULL ? HASH_COUNT(table->rows) - 1 : 0;
}

/* ---- snapshots --------------------------------------------------------------------------- */

struct snapshot {
	_Atomic unsigned holds;
	size_t n;
	struct snapshot_row {
		uint64_t serial;
		bothy_ref *ref; /* held */
	} rows[];
};

int snapshot_take(const struct table *table, struct snapshot **ret_snapshot)
{
	size_t n = table_count(table);
	struct snapshot *snapshot;

	if (n == 0) {
		*ret_snapshot = NULL;
		return 0;
	}
	snapshot = malloc(sizeof(*snapshot) + n * sizeof(snapshot->rows[0]));
	if (snapshot == NULL)
		return -ENOMEM;
	atomic_init(&snapshot->holds, 1);
	snapshot->n = 0;
	for (const struct table_row *row = table->rows; row != NULL; row = row->hh.next) {
		if (row->ref == NULL)
			continue;
		snapshot->rows[snapshot->n].serial = row->serial;
		snapshot->rows[snapshot->n++].ref = ref_hold(row->ref);
	}
	*ret_snapshot = snapshot;
	return 0;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
	if (snapshot != NULL)
		(void)atom_add(&snapshot->holds, 1, relaxed); /* the caller has one already */
	return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
	/* Release and acquire: every use comes before the end. */
	if (snapshot == NULL || atom_sub(&snapshot->holds, 1, acq_rel) > 1)
		return;
	for (size_t i = 0; i < snapshot->n; i++)
		ref_release(snapshot->rows[i].ref);
	free(snapshot);
}

int snapshot_restore(const struct snapshot *snapshot, struct table *table)
{
	int error = 0;

	for (size_t i = 0; snapshot != NULL && i < snapshot->n && error == 0; i++)
		error = table_set(table, snapshot->rows[i].serial, snapshot->rows[i].ref);
	return error;
}
