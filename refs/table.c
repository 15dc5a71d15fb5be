/*
 * The table, on uthash.
 *
 * uthash takes its memory from the table's arena and gives nothing back: rows that are
 * removed are used again, and so that the hash itself stays until the arena is reset, its
 * only row is not taken out, but stays without a ref.
 */
#include "refs/table.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/holds.h"
#include "sync/testing.h"

/* What uthash is told: no exit() without memory; memory from the arena that is in scope. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(bytes) arena_alloc(arena, (bytes))
#define uthash_free(memory, bytes) ((void)(memory), (void)(bytes))
#define HASH_KEYCMP(a, b, bytes) (*(const uint64_t *)(a) != *(const uint64_t *)(b))
#include <uthash.h>

/* Few buckets to begin with, and few rows in each: a new row is looked for first, all through
 * its bucket.  With fewer still, ten thousand numbers that are not consecutive would make a
 * quarter of a million buckets.  uthash defines its own, whatever was defined before. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_INITIAL_NUM_BUCKETS 16U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 4U
#define HASH_BKT_CAPACITY_THRESH 6U

struct table_row {
	uint64_t serial;
	bothy_ref *ref; /* held; NULL: the row stands for nothing */
	UT_hash_handle hh;
};

/* Made for serial numbers (Fibonacci hashing: Knuth, TAOCP 3, 6.4; the buckets are chosen by
 * the low bits). */
static unsigned hash(uint64_t serial)
{
	return (unsigned)((serial * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

void table_init(struct table *table, struct arena *arena)
{
	table->rows = NULL;
	table->free = NULL;
	table->arena = arena;
	table->n = 0;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static struct table_row *find(const struct table *table, uint64_t serial)
{
	struct table_row *row;

	HASH_FIND_BYHASHVALUE(hh, table->rows, &serial, sizeof(serial), hash(serial), row);
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

/* A new row, without a ref; NULL without memory. */
static struct table_row *add(struct table *table, uint64_t serial)
{
	struct arena *arena = table->arena;
	struct table_row *row = row_new(table);

	if (row == NULL)
		return NULL;
	row->serial = serial;
	row->ref = NULL;
	HASH_ADD_BYHASHVALUE(hh, table->rows, serial, sizeof(row->serial), hash(serial), row);
	if (row->hh.tbl != NULL)
		return row;
	row_free(table, row); /* how uthash reports that it had no memory */
	return NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

int table_set(struct table *table, uint64_t serial, bothy_ref *ref)
{
	struct table_row *row = find(table, serial);
	bothy_ref *old;

	if (row == NULL)
		row = add(table, serial);
	if (row == NULL)
		return -ENOMEM;
	old = row->ref;
	row->ref = PLANTED(REF_NOT_HELD) ? ref : ref_hold(ref);
	if (old == NULL)
		table->n++;
	else
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
	struct table_row *row = find(table, serial);

	if (row == NULL || row->ref == NULL || PLANTED(UNSET_FORGOTTEN))
		return;
	ref_release(row->ref);
	row->ref = NULL;
	table->n--;
	if (HASH_COUNT(table->rows) == 1)
		return;
	HASH_DELETE(hh, table->rows, row);
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
	table_init(table, table->arena);
}

size_t table_count(const struct table *table)
{
	return table->n;
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
	if (snapshot == NULL || !holds_drop(&snapshot->holds))
		return;
	for (size_t i = 0; i < snapshot->n; i++)
		ref_release(snapshot->rows[i].ref);
	free(snapshot);
}

int snapshot_restore(const struct snapshot *snapshot, struct table *table)
{
	size_t n = snapshot != NULL ? snapshot->n - PLANTED(CAPTURE_LOSES_ONE) : 0;
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++)
		error = table_set(table, snapshot->rows[i].serial, snapshot->rows[i].ref);
	return error;
}
