/*
 * The store behind both servers: its connections, its open transaction, and what all of
 * its files share.
 *
 * Locking
 *   write_lock  one write at a time: held for each of the writer thread's operations, and for
 *               ensure_project, which comes on any thread.  Between them the transaction of a
 *               file stays open.
 *   lock        the idle connections, and the statements of a connection that is shared.
 *               Held for a few instructions, never while SQLite works.
 *   Order: write_lock, lock.  Neither is held while a query's EACH runs, so queries may nest.
 *
 * A file's readers each have a connection of their own while they read, and in WAL mode never
 * wait for the writer.  Memory has one connection, which SQLite itself guards
 * (SQLITE_OPEN_FULLMUTEX): there each write commits by itself, so that nobody can see, or
 * wait for, more than one statement of it.
 */
#ifndef TRACE_SQLITE_STORE_H
#define TRACE_SQLITE_STORE_H

#include <sqlite3.h>

#include <bothy/server.h>

#include "sync/lock.h"
#include "trace/sqlite/fork.h"
#include "trace/sqlite/project.h"
#include "trace/sqlite/statement.h"

struct connection {
	sqlite3 *db;
	struct connection *next;              /* idle ones; guarded by lock */
	sqlite3_stmt *statements[STATEMENTS]; /* kept between uses, or NULL; if the connection
	                                       * is shared: guarded by lock */
};

struct store {
	char *path; /* absolute, once it is open; for texts too */
	bool memory, read_only;
	bool immutable; /* nobody can write the file, not even its -shm: read it without */
	struct fork_file file;
	void (*failed)(void *user, const struct bothy_failure *failure);
	void *user;

	struct lock write_lock;
	/* Memory: everybody's, and const; NULL if read_only.  Else guarded by write_lock, as is: */
	struct connection *writer;
	bool unready; /* the writer is not set up yet */
	bool writing; /* a transaction is open: what was written since the last flush */
	int lost;     /* SQLite rolled one back by itself: what the next flush will say */
	/* None could begin, after a long wait: nor shall others try. */
	bothy_time refused_until;
	struct project_cache projects;

	struct lock lock;
	struct connection *idle; /* guarded by lock, as is */
	unsigned n_idle;
};

#endif
