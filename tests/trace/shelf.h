/*
 * A server of the tests' own that keeps objects, tables, files and calls, and tells of them as it
 * was told to: each of its operations can be made to fail, and what it keeps can be nonsense.
 */
#ifndef TESTS_SHELF_H
#define TESTS_SHELF_H

#include <pthread.h>
#include <stdatomic.h>

#include <bothy/bothy.h>

#include "tests/gate.h"

enum shelf_op {
	OBJ_CREATE,
	TABLE_CREATE,
	FILE_CREATE,
	CALLS_UPSERT,
	FLUSH,
	OBJ_READ,
	OBJS_QUERY,
	TABLE_QUERY,
	FILE_CONTENT,
	CALL_READ,
	CALLS_QUERY,
	REFS_READ_BATCH,
	PROJECTS_QUERY,
	SHELF_OPS
};

enum shelf_kind { SHELF_OBJECT, SHELF_TABLE, SHELF_ROW, SHELF_FILE, SHELF_CALL };

struct shelf_entry {
	struct shelf_entry *next; /* the one put there before */
	enum shelf_kind kind;
	uint64_t number; /* of the version, or row */
	size_t bytes;
	/* "entity/project", an object's name or a row's table, and the digest or id; in the block */
	const char *tenant, *name, *digest;
	char *content;
};

struct shelf {
	atomic_int asked[SHELF_OPS];
	atomic_int codes[SHELF_OPS]; /* what each returns instead of doing anything; 0: it does */
	struct gate gate;            /* where flush stops while `stops` is set */
	atomic_bool stops;
	atomic_bool mute;        /* reads of one thing return 0 without calling EACH */
	atomic_bool twice;       /* ... call EACH twice */
	atomic_bool deaf;        /* a code of EACH's is not returned */
	atomic_uint rows_told;   /* by all table queries */
	atomic_int failed_error; /* what `failed` was told last */
	/* guarded by the lock */
	pthread_rwlock_t lock;
	struct shelf_entry *newest;
};

/* Operations that have all but refs_read_batch; each takes a struct shelf. */
extern const struct bothy_server_ops shelf_ops;

/* The same with refs_read_batch. */
struct bothy_server_ops shelf_batch_ops(void);

void *shelf_new(void); /* NULL without memory; destroy frees it */

/* Put CONTENT there by hand, of ann's project p. */
void shelf_put(struct shelf *shelf, enum shelf_kind kind, const char *name, const char *digest,
               const char *content);

#endif
