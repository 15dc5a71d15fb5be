/*
 * Locking: of a shared connection, `statements` is guarded by the store's lock; who took
 * one is alone with it.  Steps of a shared connection are taken in its mutex, so that an error's
 * words are those of this step.
 */
#include "trace/sqlite/statement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace/sqlite/fail.h"
#include "trace/sqlite/id.h"
#include "trace/sqlite/store.h"

/* Of every read: the project's number, NULL if there is none. */
#define PROJECT "(SELECT id FROM project WHERE entity = ?1 AND project = ?2)"

#define VERSIONS                                                                                 \
	"SELECT name, digest, json, created, version, version = (SELECT max(version) "           \
	"FROM object AS o WHERE o.project = object.project AND o.name = object.name) AS latest " \
	"FROM object WHERE project = " PROJECT

#define CALL_COLUMNS                                                                        \
	"id, trace, parent, op, display_name, started, attributes, inputs, ended, output, " \
	"exception, summary"

static const char *const sql_of[STATEMENT_CALLS] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",

	[STATEMENT_PROJECT_ADD] =
		"INSERT INTO project (entity, project) VALUES (?, ?) ON CONFLICT DO NOTHING",
	[STATEMENT_PROJECT_FIND] = "SELECT id FROM project WHERE entity = ? AND project = ?",
	[STATEMENT_PROJECTS] = "SELECT entity, project FROM project ORDER BY entity, project",

	[STATEMENT_OBJECT_ADD] =
		"INSERT INTO object (project, name, digest, json, created, version) VALUES "
		"(?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(version) + 1, 0) FROM object "
		"WHERE project = ?1 AND name = ?2)) ON CONFLICT (project, name, digest) DO NOTHING",
	[STATEMENT_OBJECT_DIGEST] = VERSIONS " AND name = ?3 AND digest = ?4",
	[STATEMENT_OBJECT_VERSION] = VERSIONS " AND name = ?3 AND version = ?4",
	[STATEMENT_OBJECT_LATEST] = VERSIONS " AND name = ?3 ORDER BY version DESC LIMIT 1",
	[STATEMENT_OBJECTS] = VERSIONS " AND (?3 IS NULL OR name = ?3) AND (NOT ?4 OR latest) "
				       "ORDER BY name, version LIMIT ?5 OFFSET ?6",

	[STATEMENT_ROW_ADD] = "INSERT INTO row_value (project, digest, json) VALUES (?, ?, ?) "
			      "ON CONFLICT DO NOTHING",
	[STATEMENT_TABLE_ROW_ADD] = "INSERT INTO table_row (project, digest, i, row) "
				    "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
	[STATEMENT_TABLE_ADD] = "INSERT INTO table_head (project, digest, n) VALUES (?, ?, ?) "
				"ON CONFLICT DO NOTHING",
	[STATEMENT_TABLE_FIND] =
		"SELECT 1 FROM table_head WHERE project = " PROJECT " AND digest = ?3",
	[STATEMENT_TABLE_ROWS] =
		"SELECT t.i, t.row, v.json FROM table_row AS t CROSS JOIN row_value AS v "
		"ON v.project = t.project AND v.digest = t.row WHERE t.project = " PROJECT
		" AND t.digest = ?3 AND (?4 IS NULL OR t.row = ?4) ORDER BY t.i LIMIT ?5 OFFSET ?6",

	[STATEMENT_FILE_ADD] = "INSERT INTO file (project, digest, content) VALUES (?, ?, ?) "
			       "ON CONFLICT DO NOTHING",
	[STATEMENT_FILE] = "SELECT content FROM file WHERE project = " PROJECT " AND digest = ?3",

	[STATEMENT_CALL_BOTH] =
		"INSERT INTO call (project, " CALL_COLUMNS ") "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT (project, id) DO UPDATE SET "
		"trace = excluded.trace, parent = excluded.parent, op = excluded.op, "
		"display_name = excluded.display_name, started = excluded.started, "
		"attributes = excluded.attributes, inputs = excluded.inputs, "
		"ended = excluded.ended, output = excluded.output, "
		"exception = excluded.exception, summary = excluded.summary",
	[STATEMENT_CALL_START] =
		"INSERT INTO call (project, id, trace, parent, op, display_name, started, "
		"attributes, inputs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT (project, id) DO UPDATE SET "
		"trace = excluded.trace, parent = excluded.parent, op = excluded.op, "
		"display_name = excluded.display_name, started = excluded.started, "
		"attributes = excluded.attributes, inputs = excluded.inputs",
	[STATEMENT_CALL_END] = "INSERT INTO call (project, id, ended, output, exception, summary) "
			       "VALUES (?, ?, ?, ?, ?, ?) "
			       "ON CONFLICT (project, id) DO UPDATE SET "
			       "ended = excluded.ended, output = excluded.output, "
			       "exception = excluded.exception, summary = excluded.summary",
};

/* ---- the queries of calls -------------------------------------------------------------------
 *
 * The parameters are always ?3 id, ?4 op, ?5 parent, ?6 trace, ?7 limit, ?8 offset.  The
 * index is named, the most selective one, since SQLite knows nothing of how many rows each has.
 * In all of them rows are in the order of their ids.
 */

enum { SQL_BYTES = 768 };

static const char *calls_index(unsigned filter)
{
	if (filter & CALLS_ID)
		return "call_id";
	if (filter & CALLS_PARENT)
		return "call_parent";
	if (filter & CALLS_TRACE)
		return "call_trace";
	if (filter & CALLS_OP)
		return "call_op";
	return filter & CALLS_ROOTS ? "call_parent" : "call_id";
}

static void calls_sql(unsigned filter, char ret_sql[SQL_BYTES])
{
	/* What only its end is known of is no root yet. */
	(void)snprintf(ret_sql, SQL_BYTES,
	               "SELECT " CALL_COLUMNS " FROM call INDEXED BY %s WHERE project = " PROJECT
	               "%s%s%s%s%s ORDER BY id%s LIMIT ?7 OFFSET ?8",
	               calls_index(filter), filter & CALLS_ID ? " AND id = ?3" : "",
	               filter & CALLS_PARENT ? " AND parent = ?5" : "",
	               filter & CALLS_TRACE ? " AND trace = ?6" : "",
	               filter & CALLS_OP ? " AND op = ?4" : "",
	               filter & CALLS_ROOTS ? " AND parent IS NULL AND started IS NOT NULL" : "",
	               filter & CALLS_NEWEST_FIRST ? " DESC" : "");
}

static int prepare(const struct store *store, const struct connection *connection,
                   enum statement which, sqlite3_stmt **ret_statement)
{
	char calls[SQL_BYTES];
	const char *sql = calls;
	int rc, error = 0;

	if (which < STATEMENT_CALLS)
		sql = sql_of[which];
	else
		calls_sql((unsigned)(which - STATEMENT_CALLS), calls);
	sqlite3_mutex_enter(sqlite3_db_mutex(connection->db));
	rc = sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement,
	                        NULL);
	if (rc != SQLITE_OK)
		error = sqlite_fail(store, connection->db, rc, "can't be asked", NULL);
	sqlite3_mutex_leave(sqlite3_db_mutex(connection->db));
	return error;
}

int statement_take(struct store *store, struct connection *connection, enum statement which,
                   sqlite3_stmt **ret_statement)
{
	lock_acquire(&store->lock);
	*ret_statement = connection->statements[which];
	connection->statements[which] = NULL;
	lock_release(&store->lock);
	return *ret_statement != NULL ? 0 : prepare(store, connection, which, ret_statement);
}

void statement_put(struct store *store, struct connection *connection, enum statement which,
                   sqlite3_stmt *statement)
{
	if (statement == NULL)
		return;
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	lock_acquire(&store->lock);
	if (connection->statements[which] == NULL) {
		connection->statements[which] = statement;
		statement = NULL;
	}
	lock_release(&store->lock);
	(void)sqlite3_finalize(statement);
}

int statement_step(const struct store *store, sqlite3_stmt *statement, const char *what,
                   const char *value)
{
	sqlite3 *db = sqlite3_db_handle(statement);
	int saved = errno, rc;

	sqlite3_mutex_enter(sqlite3_db_mutex(db));
	errno = 0;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE)
		rc = 0;
	else if (rc != SQLITE_ROW)
		rc = sqlite_fail(store, db, rc, what, value);
	sqlite3_mutex_leave(sqlite3_db_mutex(db));
	errno = saved;
	return rc;
}

/* ---- values ------------------------------------------------------------------------------- */

static void bound(struct binding *binding, int rc)
{
	if (binding->rc == SQLITE_OK)
		binding->rc = rc;
}

void bind_bytes(struct binding *binding, const char *text, size_t bytes)
{
	bound(binding, sqlite3_bind_text64(binding->statement, ++binding->at, text, bytes,
	                                   SQLITE_STATIC, SQLITE_UTF8));
}

void bind_text(struct binding *binding, const char *text)
{
	bind_bytes(binding, text, text != NULL ? strlen(text) : 0);
}

void bind_blob(struct binding *binding, const void *blob, size_t bytes)
{
	/* Empty is not NULL. */
	bound(binding, sqlite3_bind_blob64(binding->statement, ++binding->at, bytes > 0 ? blob : "",
	                                   bytes, SQLITE_STATIC));
}

void bind_number(struct binding *binding, int64_t number)
{
	bound(binding, sqlite3_bind_int64(binding->statement, ++binding->at, number));
}

void bind_id(struct binding *binding, const char *id)
{
	unsigned char packed[ID_BYTES];

	if (id == NULL || !id_pack(id, packed))
		bind_text(binding, id);
	else
		bound(binding, sqlite3_bind_blob(binding->statement, ++binding->at, packed,
		                                 ID_BYTES, SQLITE_TRANSIENT));
}

void bind_page(struct binding *binding, size_t limit, size_t offset)
{
	uint64_t rows = limit, skipped = offset; /* a size_t may have 32 bits */

	bind_number(binding, rows == 0 || rows > INT64_MAX ? -1 : (int64_t)rows);
	bind_number(binding, skipped > INT64_MAX ? INT64_MAX : (int64_t)skipped);
}

/* ---- columns ------------------------------------------------------------------------------ */

const char *column_text(struct columns *columns, size_t *ret_bytes)
{
	int i = columns->at++;
	const char *text = (const char *)sqlite3_column_text(columns->statement, i);

	if (text == NULL && sqlite3_column_type(columns->statement, i) != SQLITE_NULL)
		columns->no_memory = true;
	if (ret_bytes != NULL)
		*ret_bytes = (size_t)sqlite3_column_bytes(columns->statement, i);
	return text;
}

int64_t column_number(struct columns *columns)
{
	return sqlite3_column_int64(columns->statement, columns->at++);
}
