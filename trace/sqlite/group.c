/*
 * Memory has no transactions but those of single statements: see trace/sqlite/store.h.
 *
 * A statement that fails is undone by itself, and the transaction goes on.  But for lack of memory
 * or room SQLite may undo all of it: then the group is lost.  What is written after that goes
 * to another transaction, and the flush undoes that too and says so; the writer
 * then writes each item again.
 */
#include "trace/sqlite/group.h"

#include <errno.h>

#include "sync/clock.h"
#include "sync/testing.h"
#include "trace/error.h"
#include "trace/sqlite/connection.h"
#include "trace/sqlite/fail.h"

static int run(struct store *store, enum statement which, const char *what)
{
	sqlite3_stmt *statement;
	int error = statement_take(store, store->writer, which, &statement);

	if (error == 0)
		error = statement_step(store, statement, what, NULL);
	statement_put(store, store->writer, which, statement);
	return error;
}

/* Nobody finds again what is committed to a file that has lost its name. */
static int check_name(const struct store *store)
{
	int moved = 0;

	(void)sqlite3_file_control(store->writer->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved ? trace_fail(-ENOENT, "%s: was deleted or moved since it was opened",
	                          store->path)
	             : 0;
}

/* Without memory for it the transaction stays, until group_continue() tries again. */
static int roll_back(struct store *store)
{
	store->writing = false;
	project_forget(&store->projects);
	return sqlite3_get_autocommit(store->writer->db)
	               ? 0
	               : run(store, STATEMENT_ROLLBACK, "can't be rolled back");
}

static int begin(struct store *store)
{
	int error = store->unready ? connection_set_up(store, store->writer) : 0;

	if (error == 0) {
		store->unready = false;
		error = run(store, STATEMENT_BEGIN, "can't be written");
	}
	return error;
}

/* The file was opened for writing, so if it may only be read, another connection may do better. */
static int begin_anyhow(struct store *store)
{
	int error = begin(store);

	if (error == -EROFS && check_name(store) == 0 && connection_renew(store) == 0)
		error = begin(store);
	return error;
}

int group_continue(struct store *store)
{
	int error;

	if (store->memory || store->writing)
		return 0;
	error = roll_back(store); /* what an earlier one has left */
	if (error == 0)
		error = begin_anyhow(store);
	if ((error == -EIO || error == -EROFS) && check_name(store) < 0)
		error = -ENOENT; /* it is why */
	store->writing = error == 0;
	return error;
}

/* After one long wait in vain the items behind fail at once, until the flush; or for as long as a
 * wait, if none comes. */
static int begin_or_refuse(struct store *store)
{
	bothy_time begun = clock_now();
	int error;

	if (begun < store->refused_until)
		return trace_fail(-EBUSY, "%s: still locked, as for the item before", store->path);
	error = group_continue(store);
	if (error == -EBUSY)
		store->refused_until = clock_now() + (clock_now() - begun);
	return error;
}

int group_begin(struct store *store)
{
	int error;

	if (store->read_only)
		return trace_fail(-EROFS, "%s: opened to be read only", store->path);
	lock_acquire(&store->write_lock);
	error = begin_or_refuse(store);
	return error < 0 ? group_end(store, error) : 0;
}

int group_note(struct store *store, int error)
{
	if (error < 0 && store->writing && sqlite3_get_autocommit(store->writer->db)) {
		store->writing = false;
		store->lost = PLANTED(UNDONE_UNTOLD) ? 0 : error;
		project_forget(&store->projects);
	}
	return error;
}

int group_end(struct store *store, int error)
{
	lock_release(&store->write_lock);
	return error;
}

int group_commit(struct store *store)
{
	int error = store->lost;

	if (error < 0)
		(void)trace_fail(error, "%s: a failure undid all that was written with it",
		                 store->path);
	if (error == 0 && store->writing)
		error = check_name(store);
	if (error == 0 && store->writing && !PLANTED(COMMIT_SKIPPED))
		error = run(store, STATEMENT_COMMIT, "can't be committed");
	if (error < 0)
		(void)roll_back(store);
	store->writing = false;
	store->lost = 0;
	return error;
}

int group_flush(void *self)
{
	struct store *store = self;
	int error;

	if (store->read_only || store->memory)
		return 0;
	lock_acquire(&store->write_lock);
	error = group_commit(store);
	store->refused_until = 0;
	return group_end(store, error);
}
