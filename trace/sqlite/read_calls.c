/*
 * Reads of calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/id.h"
#include "trace/sqlite/query.h"
#include "trace/sqlite/read.h"
#include "trace/sqlite/store.h"

struct call_listener {
	bothy_call_each *each;
	void *user;
	/* of queries by ids, which ask for one at a time */
	size_t skip, left;
};

/* An id as text, in BUFFER if it is stored packed. */
static const char *column_id(struct columns *columns, char buffer[ID_TEXT_BYTES])
{
	const unsigned char *id;

	if (sqlite3_column_type(columns->statement, columns->at) != SQLITE_BLOB ||
	    sqlite3_column_bytes(columns->statement, columns->at) != ID_BYTES)
		return column_text(columns, NULL);
	id = sqlite3_column_blob(columns->statement, columns->at++);
	if (id == NULL) {
		columns->no_memory = true;
		return NULL;
	}
	id_unpack(id, buffer);
	return buffer;
}

static void read_start(struct columns *columns, struct bothy_call_start *ret_start)
{
	ret_start->op = column_text(columns, NULL);
	ret_start->display_name = column_text(columns, NULL);
	ret_start->started = column_number(columns);
	ret_start->attributes_json = column_text(columns, NULL);
	ret_start->inputs_json = column_text(columns, NULL);
}

static void read_end(struct columns *columns, struct bothy_call_record *call)
{
	call->has_ended = sqlite3_column_type(columns->statement, columns->at) != SQLITE_NULL;
	call->end.id = call->has_ended ? call->start.id : NULL;
	call->end.ended = column_number(columns);
	call->end.output_json = column_text(columns, NULL);
	call->end.exception = column_text(columns, NULL);
	call->end.summary_json = column_text(columns, NULL);
}

/* In the order of CALL_COLUMNS. */
static int tell_call(void *arg, struct columns *columns)
{
	struct call_listener *listener = arg;
	char id[ID_TEXT_BYTES], trace[ID_TEXT_BYTES], parent[ID_TEXT_BYTES];
	struct bothy_call_record call = {.start = {.id = column_id(columns, id)}};

	if (listener->skip > 0) {
		listener->skip--;
		return 0;
	}
	listener->left--;
	call.start.trace_id = column_id(columns, trace);
	call.start.parent_id = column_id(columns, parent);
	read_start(columns, &call.start);
	read_end(columns, &call);
	return columns->no_memory ? -ENOMEM : listener->each(listener->user, &call);
}

/* A filter that is not used leaves its parameter NULL. */
static int begin(struct store *store, const char *entity, const char *project,
                 const struct bothy_calls_query *query, bool by_id, struct query *ret_run)
{
	unsigned filter = by_id ? CALLS_ID : 0;

	filter |= query->op != NULL ? CALLS_OP : 0;
	filter |= query->parent_id != NULL ? CALLS_PARENT : 0;
	filter |= query->trace_id != NULL ? CALLS_TRACE : 0;
	filter |= query->roots_only ? CALLS_ROOTS : 0;
	filter |= query->newest_first ? CALLS_NEWEST_FIRST : 0;
	return query_begin(store, STATEMENT_CALLS + filter, entity, project, ret_run);
}

static void bind_filters(struct query *run, const struct bothy_calls_query *query, const char *id,
                         size_t limit, size_t offset)
{
	run->binding.at = 2;
	bind_id(&run->binding, id);
	bind_text(&run->binding, query->op);
	bind_id(&run->binding, query->parent_id);
	bind_id(&run->binding, query->trace_id);
	bind_page(&run->binding, limit, offset);
}

/* ---- by ids: each once, in their order ---------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_ids_down(const void *a, const void *b)
{
	return compare_ids(b, a);
}

static int tell_ids(struct query *run, const struct bothy_calls_query *query,
                    const char *const *ids, struct call_listener *listener)
{
	int result = 0;

	for (size_t i = 0; result == 0 && listener->left > 0 && i < query->n_ids; i++) {
		if (i > 0 && strcmp(ids[i], ids[i - 1]) == 0)
			continue;
		bind_filters(run, query, ids[i], 1, 0);
		result = query_rows(run, tell_call, listener);
		query_rewind(run);
	}
	return result;
}

static int read_by_ids(struct store *store, const char *entity, const char *project,
                       const struct bothy_calls_query *query, struct call_listener *listener)
{
	const char **ids = malloc(query->n_ids * sizeof(ids[0]) + 1);
	struct query run;
	int result;

	if (ids == NULL)
		return trace_fail(-ENOMEM, "%s: no memory for %zu ids", store->path, query->n_ids);
	if (query->n_ids > 0)
		memcpy(ids, query->ids, query->n_ids * sizeof(ids[0]));
	qsort(ids, query->n_ids, sizeof(ids[0]),
	      query->newest_first ? compare_ids_down : compare_ids);
	listener->skip = query->offset;
	listener->left = query->limit > 0 ? query->limit : SIZE_MAX;
	result = begin(store, entity, project, query, true, &run);
	if (result == 0)
		result = tell_ids(&run, query, ids, listener);
	free(ids);
	return query_end(&run, result);
}

/* ---- the operations ----------------------------------------------------------------------- */

int read_calls(void *self, const char *entity, const char *project,
               const struct bothy_calls_query *query, bothy_call_each *each, void *user)
{
	struct call_listener listener = {.each = each, .user = user};
	struct query run;
	int result;

	if (query->ids != NULL)
		return read_by_ids(self, entity, project, query, &listener);
	result = begin(self, entity, project, query, false, &run);
	if (result == 0) {
		bind_filters(&run, query, NULL, query->limit, query->offset);
		result = query_rows(&run, tell_call, &listener);
	}
	return query_end(&run, result);
}

int read_call(void *self, const char *entity, const char *project, const char *id,
              bothy_call_each *each, void *user)
{
	struct call_listener listener = {.each = each, .user = user};
	const struct bothy_calls_query all = {.size = sizeof(all)};
	struct query run;
	int result = begin(self, entity, project, &all, true, &run);

	if (result == 0) {
		bind_filters(&run, &all, id, 1, 0);
		result = query_rows(&run, tell_call, &listener);
	}
	if (result == 0 && run.rows == 0)
		result = trace_fail(-ENOENT, "%s: no call %s in %s/%s", run.store->path, id, entity,
		                    project);
	return query_end(&run, result);
}
