/*
 * Statements: the SQL of each, kept prepared by connection; binding values and reading columns.
 */
#ifndef TRACE_SQLITE_STATEMENT_H
#define TRACE_SQLITE_STATEMENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct connection;

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_PROJECT_ADD,
	STATEMENT_PROJECT_FIND,
	STATEMENT_PROJECTS,
	STATEMENT_OBJECT_ADD,
	STATEMENT_OBJECT_DIGEST,
	STATEMENT_OBJECT_VERSION,
	STATEMENT_OBJECT_LATEST,
	STATEMENT_OBJECTS,
	STATEMENT_ROW_ADD,
	STATEMENT_TABLE_ROW_ADD,
	STATEMENT_TABLE_ADD,
	STATEMENT_TABLE_FIND,
	STATEMENT_TABLE_ROWS,
	STATEMENT_FILE_ADD,
	STATEMENT_FILE,
	STATEMENT_CALL_BOTH,
	STATEMENT_CALL_START,
	STATEMENT_CALL_END,
	STATEMENT_CALLS, /* and 63 more: plus the sum of what it filters by */
	STATEMENTS = STATEMENT_CALLS + 64
};

enum calls_filter {
	CALLS_ID = 1,
	CALLS_OP = 2,
	CALLS_PARENT = 4,
	CALLS_TRACE = 8,
	CALLS_ROOTS = 16,
	CALLS_NEWEST_FIRST = 32
};

/*
 * Take a prepared statement of CONNECTION, for the caller alone; of a connection that is shared,
 * any number may be out at once.  0, or a negative errno with its text.
 */
int statement_take(struct store *store, struct connection *connection, enum statement which,
                   sqlite3_stmt **ret_statement);

/* Give it back, reset.  NULL is fine. */
void statement_put(struct store *store, struct connection *connection, enum statement which,
                   sqlite3_stmt *statement);

/* One step.  SQLITE_ROW, 0 for done, or a negative errno with a text: that WHAT failed for
 * VALUE. */
int statement_step(const struct store *store, sqlite3_stmt *statement, const char *what,
                   const char *value);

/* ---- values, from parameter 1 on: they are not copied ------------------------------------- */

struct binding {
	sqlite3_stmt *statement;
	int at; /* parameters bound */
	int rc; /* the first error, or SQLITE_OK */
};

void bind_text(struct binding *binding, const char *text); /* NULL for NULL, as below */
void bind_bytes(struct binding *binding, const char *text, size_t bytes);
void bind_blob(struct binding *binding, const void *blob, size_t bytes);
void bind_number(struct binding *binding, int64_t number);
void bind_id(struct binding *binding, const char *id);
void bind_page(struct binding *binding, size_t limit, size_t offset); /* two: LIMIT, OFFSET */

/* ---- columns: they live until the next step ----------------------------------------------- */

struct columns {
	sqlite3_stmt *statement;
	int at;         /* columns read */
	bool no_memory; /* a text could not be had */
};

const char *column_text(struct columns *columns, size_t *ret_bytes /* or NULL */);
int64_t column_number(struct columns *columns);

#endif
