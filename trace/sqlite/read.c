/*
 * Reads of objects, tables and files.
 */
#include "trace/sqlite/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/query.h"
#include "trace/sqlite/store.h"

/* ---- objects ------------------------------------------------------------------------------ */

struct object_listener {
	bothy_object_each *each;
	void *user;
};

static int tell_object(void *arg, struct columns *columns)
{
	const struct object_listener *listener = arg;
	struct bothy_object_version object = {.name = column_text(columns, NULL)};

	object.digest = column_text(columns, NULL);
	object.json = column_text(columns, &object.bytes);
	object.created = column_number(columns);
	object.version = (uint64_t)column_number(columns);
	object.latest = column_number(columns) != 0;
	return columns->no_memory ? -ENOMEM : listener->each(listener->user, &object);
}

/* Whether VERSION is "vN", of which N has no sign and no leading zero. */
static bool is_number(const char *version, int64_t *ret_number)
{
	const char *digits = version + 1;
	size_t n = strlen(version);

	if (version[0] != 'v' || n < 2 || n > 19 || (digits[0] == '0' && n > 2))
		return false;
	if (strspn(digits, "0123456789") != n - 1)
		return false;
	*ret_number = strtoll(digits, NULL, 10);
	return true;
}

int read_object(void *self, const char *entity, const char *project, const char *name,
                const char *version, bothy_object_each *each, void *user)
{
	struct object_listener listener = {each, user};
	enum statement which = STATEMENT_OBJECT_DIGEST;
	struct query query;
	int64_t number;
	int result;

	if (strcmp(version, "latest") == 0)
		which = STATEMENT_OBJECT_LATEST;
	else if (is_number(version, &number))
		which = STATEMENT_OBJECT_VERSION;
	result = query_begin(self, which, entity, project, &query);
	if (result == 0) {
		bind_text(&query.binding, name);
		if (which == STATEMENT_OBJECT_VERSION)
			bind_number(&query.binding, number);
		else if (which == STATEMENT_OBJECT_DIGEST)
			bind_text(&query.binding, version);
		result = query_rows(&query, tell_object, &listener);
	}
	if (result == 0 && query.rows == 0)
		result = trace_fail(-ENOENT, "%s: no object %s:%s in %s/%s", query.store->path,
		                    name, version, entity, project);
	return query_end(&query, result);
}

int read_objects(void *self, const char *entity, const char *project,
                 const struct bothy_objects_query *query, bothy_object_each *each, void *user)
{
	struct object_listener listener = {each, user};
	struct query run;
	int result = query_begin(self, STATEMENT_OBJECTS, entity, project, &run);

	if (result == 0) {
		bind_text(&run.binding, query->name);
		bind_number(&run.binding, query->latest_only);
		bind_page(&run.binding, query->limit, query->offset);
		result = query_rows(&run, tell_object, &listener);
	}
	return query_end(&run, result);
}

/* ---- tables ------------------------------------------------------------------------------- */

struct row_listener {
	bothy_row_each *each;
	void *user;
};

static int tell_table_row(void *arg, struct columns *columns)
{
	const struct row_listener *listener = arg;
	struct bothy_table_row row = {.index = (uint64_t)column_number(columns)};

	row.digest = column_text(columns, NULL);
	row.json = column_text(columns, &row.bytes);
	return columns->no_memory ? -ENOMEM : listener->each(listener->user, &row);
}

static int tell_nothing(void *arg, struct columns *columns)
{
	(void)arg;
	(void)columns;
	return 0;
}

static int find_table(struct store *store, const char *entity, const char *project,
                      const char *digest)
{
	struct query query;
	int result = query_begin(store, STATEMENT_TABLE_FIND, entity, project, &query);

	if (result == 0) {
		bind_text(&query.binding, digest);
		result = query_rows(&query, tell_nothing, NULL);
	}
	if (result == 0 && query.rows == 0)
		result = trace_fail(-ENOENT, "%s: no table %s in %s/%s", store->path, digest,
		                    entity, project);
	return query_end(&query, result);
}

int read_table(void *self, const char *entity, const char *project,
               const struct bothy_table_query *query, bothy_row_each *each, void *user)
{
	struct row_listener listener = {each, user};
	struct query run;
	int result = find_table(self, entity, project, query->digest);

	if (result < 0)
		return result;
	result = query_begin(self, STATEMENT_TABLE_ROWS, entity, project, &run);
	if (result == 0) {
		bind_text(&run.binding, query->digest);
		bind_text(&run.binding, query->row_digest);
		bind_page(&run.binding, query->limit, query->offset);
		result = query_rows(&run, tell_table_row, &listener);
	}
	return query_end(&run, result);
}

/* ---- files -------------------------------------------------------------------------------- */

struct content_listener {
	bothy_content_each *each;
	void *user;
};

static int tell_content(void *arg, struct columns *columns)
{
	const struct content_listener *listener = arg;
	const void *content = sqlite3_column_blob(columns->statement, 0);
	size_t bytes = (size_t)sqlite3_column_bytes(columns->statement, 0);

	columns->no_memory = content == NULL && bytes > 0;
	if (columns->no_memory)
		return -ENOMEM;
	return listener->each(listener->user, content != NULL ? content : "", bytes);
}

int read_file(void *self, const char *entity, const char *project, const char *digest,
              bothy_content_each *each, void *user)
{
	struct content_listener listener = {each, user};
	struct query query;
	int result = query_begin(self, STATEMENT_FILE, entity, project, &query);

	if (result == 0) {
		bind_text(&query.binding, digest);
		result = query_rows(&query, tell_content, &listener);
	}
	if (result == 0 && query.rows == 0)
		result = trace_fail(-ENOENT, "%s: no file %s in %s/%s", query.store->path, digest,
		                    entity, project);
	return query_end(&query, result);
}
