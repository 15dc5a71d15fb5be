#include "trace/sqlite/query.h"

#include <errno.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/connection.h"
#include "trace/sqlite/fail.h"

int query_begin(struct store *store, enum statement which, const char *entity, const char *project,
                struct query *ret_query)
{
	int error;

	memset(ret_query, 0, sizeof(*ret_query));
	ret_query->store = store;
	ret_query->which = which;
	error = connection_take(store, &ret_query->connection);
	if (error == 0)
		error = statement_take(store, ret_query->connection, which, &ret_query->statement);
	ret_query->binding.statement = ret_query->statement;
	if (error == 0 && entity != NULL && project != NULL) {
		bind_text(&ret_query->binding, entity);
		bind_text(&ret_query->binding, project);
	}
	return error;
}

static int tell_row(struct query *query, query_row *tell, void *arg)
{
	struct columns columns = {.statement = query->statement};
	int result = tell(arg, &columns);

	query->rows++;
	if (columns.no_memory)
		return trace_fail(-ENOMEM, "%s: no memory for a row", query->store->path);
	return result;
}

int query_rows(struct query *query, query_row *tell, void *arg)
{
	int result = SQLITE_ROW, told = 0;

	if (query->binding.rc != SQLITE_OK)
		return sqlite_fail(query->store, NULL, query->binding.rc, "can't be asked", NULL);
	while (result == SQLITE_ROW && told == 0) {
		result = statement_step(query->store, query->statement, "can't be read", NULL);
		if (result == SQLITE_ROW)
			told = tell_row(query, tell, arg);
	}
	return result < 0 ? result : told;
}

void query_rewind(struct query *query)
{
	(void)sqlite3_reset(query->statement);
}

int query_end(struct query *query, int result)
{
	statement_put(query->store, query->connection, query->which, query->statement);
	if (query->connection != NULL)
		connection_put(query->store, query->connection);
	return result;
}
