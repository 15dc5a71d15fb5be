/*
 * A context's refs: a table from an object's serial number to its ref.
 *
 * The serial alone is the key: it is never used for a second object, so the address
 * would add nothing to it (see object.h, which checks the address).
 *
 * One owner, no lock.  Memory comes from the context's arena; removed rows are used again.
 */
#ifndef REFS_TABLE_H
#define REFS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "refs/arena.h"
#include "refs/ref.h"

struct table_row;

struct table {
	struct table_row *rows; /* uthash's head */
	struct table_row *free; /* removed rows, linked */
	struct arena *arena;
	size_t n; /* rows that have a ref */
};

void table_init(struct table *table, struct arena *arena);

/* Map SERIAL (not 0) to REF, of which the table takes a hold.  0 or -ENOMEM, and then
 * the table is as it was. */
int table_set(struct table *table, uint64_t serial, bothy_ref *ref);

/* The ref, not held, or NULL. */
bothy_ref *table_get(const struct table *table, uint64_t serial);

void table_remove(struct table *table, uint64_t serial);

/* Release every ref.  The arena keeps the memory until it is reset. */
void table_clear(struct table *table);

size_t table_count(const struct table *table);

/*
 * A snapshot: the rows of a table, counted and immutable, for the contexts that descend
 * from it on other threads.
 */
struct snapshot;

/* Of an empty table it is NULL, and fine everywhere.  0 or -ENOMEM. */
int snapshot_take(const struct table *table, struct snapshot **ret_snapshot);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/* Set all rows of SNAPSHOT in TABLE.  -ENOMEM leaves some of them set. */
int snapshot_restore(const struct snapshot *snapshot, struct table *table);

#endif
