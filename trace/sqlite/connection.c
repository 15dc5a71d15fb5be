/*
 * Locking: see trace/sqlite/store.h.  Connections are opened and closed with no lock held.
 */
#include "trace/sqlite/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/fail.h"

/* SQLite's own way of waiting sleeps up to 100 ms at a time, and so can miss every gap between
 * the transactions of a busy neighbour; this looks each millisecond, for about five seconds. */
enum { BUSY_TRIES = 5000, IDLE_MAX = 8 };

static int wait_a_little(void *user, int tries)
{
	(void)user;
	if (tries >= BUSY_TRIES)
		return 0;
	(void)sqlite3_sleep(1);
	return 1;
}

/* A file may come from anywhere: what its schema says is not to run. */
static void distrust(sqlite3 *db)
{
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '/' || c == '.' || c == '-' || c == '_';
}

/* PATH, which is absolute or begins with "./", as a URI that says it does not change: malloc'd,
 * or NULL. */
static char *immutable_uri(const char *path)
{
	char *uri = malloc(strlen("file:") + 3 * strlen(path) + strlen("?immutable=1") + 1);
	char *end;

	if (uri == NULL)
		return NULL;
	end = uri + sprintf(uri, "file:");
	for (; *path != '\0'; path++) {
		if (is_plain(*path))
			*end++ = *path;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*path);
	}
	(void)strcpy(end, "?immutable=1");
	return uri;
}

static int open_immutable(const struct store *store, sqlite3 **ret_db)
{
	char *uri = immutable_uri(store->path);
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	int rc = uri != NULL ? sqlite3_open_v2(uri, ret_db, flags, NULL) : SQLITE_NOMEM;

	free(uri);
	return rc;
}

static int open_db(const struct store *store, enum connection_use use, sqlite3 **ret_db)
{
	int flags = SQLITE_OPEN_NOMUTEX;

	if (use == CONNECTION_MEMORY)
		return sqlite3_open_v2(
			":memory:", ret_db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
	if (store->immutable)
		return open_immutable(store, ret_db);
	if (use == CONNECTION_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	flags |= store->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	return sqlite3_open_v2(store->path, ret_db, flags, NULL);
}

int connection_open(const struct store *store, enum connection_use use,
                    struct connection **ret_connection)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int error = 0, rc;

	if (connection == NULL)
		return trace_fail(-ENOMEM, "%s: no memory", store->path);
	errno = 0;
	rc = open_db(store, use, &connection->db);
	if (rc != SQLITE_OK) {
		error = sqlite_fail(store, connection->db, rc, "can't open it", NULL);
		connection_close(connection);
		return error;
	}
	(void)sqlite3_extended_result_codes(connection->db, 1);
	(void)sqlite3_busy_handler(connection->db, wait_a_little, NULL);
	distrust(connection->db);
	if (use == CONNECTION_READ)
		error = connection_execute(store, connection, "PRAGMA query_only = ON",
		                           "can't set it up");
	if (error == 0)
		*ret_connection = connection;
	else
		connection_close(connection);
	return error;
}

/* One try: 0, or a negative errno with its text. */
static int try_wal(const struct store *store, struct connection *connection)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(connection->db, "PRAGMA journal_mode = WAL", -1, &statement,
	                            NULL);
	const char *mode = NULL;
	int error = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(statement, 0);
	if (rc != SQLITE_ROW)
		error = sqlite_fail(store, connection->db, rc, "can't go over to WAL", NULL);
	else if (mode == NULL || strcmp(mode, "wal") != 0)
		error = trace_fail(-ENOTSUP, "%s: its file system can't share memory, as WAL needs",
		                   store->path);
	(void)sqlite3_finalize(statement);
	return error;
}

/* Going over needs the file alone for a moment, for which SQLite does not wait. */
static int set_wal(const struct store *store, struct connection *connection)
{
	int error, tries = 0;

	do
		error = try_wal(store, connection);
	while (error == -EBUSY && wait_a_little(NULL, tries++));
	return error;
}

int connection_set_up(const struct store *store, struct connection *connection)
{
	int error = set_wal(store, connection);

	if (error == 0)
		error = connection_execute(store, connection,
		                           "PRAGMA synchronous = FULL;"
		                           "PRAGMA cache_size = -16384;"
		                           "PRAGMA wal_autocheckpoint = 4000",
		                           "can't be set up");
	return error;
}

void connection_close(struct connection *connection)
{
	if (connection == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(connection->statements[i]);
	(void)sqlite3_close(connection->db);
	free(connection);
}

int connection_take(struct store *store, struct connection **ret_connection)
{
	struct connection *connection;

	if (store->memory) {
		*ret_connection = store->writer;
		return 0;
	}
	lock_acquire(&store->lock);
	connection = store->idle;
	if (connection != NULL) {
		store->idle = connection->next;
		store->n_idle--;
	}
	lock_release(&store->lock);
	*ret_connection = connection;
	return connection != NULL ? 0 : connection_open(store, CONNECTION_READ, ret_connection);
}

void connection_put(struct store *store, struct connection *connection)
{
	if (store->memory)
		return;
	lock_acquire(&store->lock);
	if (store->n_idle < IDLE_MAX) {
		connection->next = store->idle;
		store->idle = connection;
		store->n_idle++;
		connection = NULL;
	}
	lock_release(&store->lock);
	connection_close(connection);
}

/* SQLite works on them with no lock held. */
void connection_close_idle(struct store *store)
{
	struct connection *idle;

	lock_acquire(&store->lock);
	idle = store->idle;
	store->idle = NULL;
	store->n_idle = 0;
	lock_release(&store->lock);
	while (idle != NULL) {
		struct connection *next = idle->next;

		connection_close(idle);
		idle = next;
	}
}

int connection_renew(struct store *store)
{
	struct connection *fresh;
	int error = connection_open(store, CONNECTION_WRITE, &fresh);

	if (error < 0)
		return error;
	if (sqlite3_db_readonly(fresh->db, "main") == 1) {
		connection_close(fresh);
		return trace_fail(-EROFS, "%s: may only be read", store->path);
	}
	connection_close_idle(store);
	connection_close(store->writer);
	store->writer = fresh;
	store->unready = true;
	return 0;
}

int connection_execute(const struct store *store, struct connection *connection, const char *sql,
                       const char *what)
{
	int rc;

	errno = 0;
	rc = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_fail(store, connection->db, rc, what, NULL);
}

int connection_ask(const struct store *store, struct connection *connection, const char *sql,
                   int64_t *ret_number)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
	int error = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	else
		error = sqlite_fail(store, connection->db, rc, "can't read it", NULL);
	(void)sqlite3_finalize(statement);
	return error;
}
