/*
 * The transaction of a file: begun by the first write, committed by flush.
 */
#ifndef TRACE_SQLITE_GROUP_H
#define TRACE_SQLITE_GROUP_H

#include "trace/sqlite/store.h"

/*
 * Begin a write: takes write_lock, and sees to it that a transaction is open.  On failure the
 * lock is not held.
 *
 * Errors: -EROFS; what BEGIN said.
 */
int group_begin(struct store *store);

/* See to it that a transaction is open.  Needs write_lock. */
int group_continue(struct store *store);

/* The write is over: ERROR, unless SQLite has given up the whole transaction, which is noted for
 * flush.  Needs write_lock. */
int group_note(struct store *store, int error);

/* Gives write_lock back, and returns ERROR. */
int group_end(struct store *store, int error);

/* Make durable what was written; on failure none of it stays.  Needs write_lock. */
int group_commit(struct store *store);

/* The operation. */
int group_flush(void *self);

#endif
