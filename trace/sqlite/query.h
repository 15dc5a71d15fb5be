/*
 * One query: a connection, a statement of it, and its rows.
 */
#ifndef TRACE_SQLITE_QUERY_H
#define TRACE_SQLITE_QUERY_H

#include "trace/sqlite/statement.h"

struct query {
	struct store *store;
	struct connection *connection;
	sqlite3_stmt *statement;
	enum statement which;
	struct binding binding;
	size_t rows; /* told so far */
};

/* What is done with each row: 0 to go on. */
typedef int query_row(void *arg, struct columns *columns);

/*
 * Take what it needs, and bind the names of the project (NULL: it has none) as ?1 and ?2.
 *
 * To be ended whatever is returned: 0, or a negative errno with its text.
 */
int query_begin(struct store *store, enum statement which, const char *entity, const char *project,
                struct query *ret_query);

/* Hand each row to TELL with ARG.  0, what TELL said, or a negative errno with its text; with the
 * rows still to come when TELL ends it. */
int query_rows(struct query *query, query_row *tell, void *arg);

/* Begin anew with the same parameters, to bind some of them again. */
void query_rewind(struct query *query);

/* Gives all back, and returns RESULT. */
int query_end(struct query *query, int result);

#endif
