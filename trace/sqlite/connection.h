/*
 * Connections: opening one, and the idle ones that readers take.
 */
#ifndef TRACE_SQLITE_CONNECTION_H
#define TRACE_SQLITE_CONNECTION_H

#include "trace/sqlite/store.h"

enum connection_use {
	CONNECTION_MEMORY, /* new, in memory, for all threads */
	CONNECTION_CREATE, /* reads and writes; the file is made if it does not exist */
	CONNECTION_WRITE,  /* the same of a file that exists */
	CONNECTION_READ
};

/* Open one more connection; it is the caller's, to close.  0, or a negative errno with its
 * text. */
int connection_open(const struct store *store, enum connection_use use,
                    struct connection **ret_connection);

/* Make CONNECTION, whose file is ours, the one that writes: WAL, durable commits. */
int connection_set_up(const struct store *store, struct connection *connection);

/*
 * Make the connection that writes anew, and close the idle ones: a -wal or -shm that can't be
 * opened for writing, for want of descriptors say, SQLite takes as one to be read only, and
 * never asks again.
 *
 * Needs write_lock, and no open transaction.  The new one is not set up yet. Errors: -EROFS if
 * the file may only be read; those of connection_open().  Then nothing has changed.
 */
int connection_renew(struct store *store);

/* NULL is fine.  All its statements have been put back. */
void connection_close(struct connection *connection);

/* Take a connection to read from, and give it back: an idle one, or a new one; memory has but
 * one, which is shared. */
int connection_take(struct store *store, struct connection **ret_connection);
void connection_put(struct store *store, struct connection *connection);
void connection_close_idle(struct store *store);

/* Run SQL that has no parameters and no rows that matter; WHAT as for sqlite_fail(). */
int connection_execute(const struct store *store, struct connection *connection, const char *sql,
                       const char *what);

/* The one number that SQL answers with. */
int connection_ask(const struct store *store, struct connection *connection, const char *sql,
                   int64_t *ret_number);

#endif
