/*
 * Locking: each write holds write_lock throughout; see trace/sqlite/group.h.
 *
 * A table's head is stored after its rows, and reads look for the head first: so rows without one,
 * of a table that failed half-way or in memory is not complete yet, are never seen, and may
 * stay.
 */
#include "trace/sqlite/write.h"

#include <errno.h>

#include "sync/testing.h"
#include "trace/error.h"
#include "trace/sqlite/fail.h"
#include "trace/sqlite/group.h"

/* A statement that is run for any number of rows. */
struct insert {
	struct store *store;
	enum statement which;
	struct binding binding;
};

static int insert_begin(struct store *store, enum statement which, struct insert *ret_insert)
{
	*ret_insert = (struct insert){.store = store, .which = which};
	return statement_take(store, store->writer, which, &ret_insert->binding.statement);
}

/* The row that is bound; what is bound next is another's. */
static int insert_row(struct insert *insert, const char *what, const char *value)
{
	struct binding *binding = &insert->binding;
	int error = binding->rc == SQLITE_OK
	                    ? statement_step(insert->store, binding->statement, what, value)
	                    : sqlite_fail(insert->store, NULL, binding->rc, what, value);

	(void)sqlite3_reset(binding->statement);
	binding->at = 0;
	binding->rc = SQLITE_OK;
	return error;
}

/* One that was never begun is fine. */
static int insert_end(struct insert *insert, int error)
{
	if (insert->binding.statement == NULL)
		return error;
	statement_put(insert->store, insert->store->writer, insert->which,
	              insert->binding.statement);
	return error;
}

/* ---- objects, tables, files --------------------------------------------------------------- */

static int add_object(struct store *store, int64_t number,
                      const struct bothy_object_version *object)
{
	struct insert insert;
	int error = insert_begin(store, STATEMENT_OBJECT_ADD, &insert);

	if (error == 0) {
		bind_number(&insert.binding, number);
		bind_text(&insert.binding, object->name);
		bind_text(&insert.binding, object->digest);
		bind_bytes(&insert.binding, object->json, object->bytes);
		bind_number(&insert.binding, object->created);
		error = insert_row(&insert, "can't store object", object->name);
	}
	return insert_end(&insert, error);
}

static int add_values(struct store *store, int64_t number, const struct bothy_table_row *rows,
                      size_t n)
{
	struct insert insert;
	int error = insert_begin(store, STATEMENT_ROW_ADD, &insert);

	for (size_t i = 0; error == 0 && i < n; i++) {
		bind_number(&insert.binding, number);
		bind_text(&insert.binding, rows[i].digest);
		bind_bytes(&insert.binding, rows[i].json, rows[i].bytes);
		error = insert_row(&insert, "can't store row", rows[i].digest);
	}
	return insert_end(&insert, error);
}

static int add_rows(struct store *store, int64_t number, const char *digest,
                    const struct bothy_table_row *rows, size_t n)
{
	struct insert insert;
	int error = insert_begin(store, STATEMENT_TABLE_ROW_ADD, &insert);

	for (size_t i = 0; error == 0 && i < n; i++) {
		bind_number(&insert.binding, number);
		bind_text(&insert.binding, digest);
		bind_number(&insert.binding, (int64_t)(PLANTED(ROWS_REVERSED) ? n - 1 - i : i));
		bind_text(&insert.binding, rows[i].digest);
		error = insert_row(&insert, "can't store table", digest);
	}
	return insert_end(&insert, error);
}

static int add_head(struct store *store, int64_t number, const char *digest, size_t n)
{
	struct insert insert;
	int error = insert_begin(store, STATEMENT_TABLE_ADD, &insert);

	if (error == 0) {
		bind_number(&insert.binding, number);
		bind_text(&insert.binding, digest);
		bind_number(&insert.binding, (int64_t)n);
		error = insert_row(&insert, "can't store table", digest);
	}
	return insert_end(&insert, error);
}

static int add_file(struct store *store, int64_t number, const char *digest, const void *content,
                    size_t bytes)
{
	struct insert insert;
	int error = insert_begin(store, STATEMENT_FILE_ADD, &insert);

	if (error == 0) {
		bind_number(&insert.binding, number);
		bind_text(&insert.binding, digest);
		bind_blob(&insert.binding, content, bytes);
		error = insert_row(&insert, "can't store file", digest);
	}
	return insert_end(&insert, error);
}

int write_object(void *self, const char *entity, const char *project,
                 const struct bothy_object_version *object)
{
	struct store *store = self;
	int64_t number;
	int error = group_begin(store);

	if (error < 0)
		return error;
	error = project_number(store, entity, project, &number);
	if (error == 0)
		error = add_object(store, number, object);
	return group_end(store, group_note(store, error));
}

int write_table(void *self, const char *entity, const char *project, const char *digest,
                const struct bothy_table_row *rows, size_t n)
{
	struct store *store = self;
	int64_t number;
	int error = group_begin(store);

	if (error < 0)
		return error;
	error = project_number(store, entity, project, &number);
	if (error == 0)
		error = add_values(store, number, rows, n);
	if (error == 0)
		error = add_rows(store, number, digest, rows, n);
	if (error == 0)
		error = add_head(store, number, digest, n);
	return group_end(store, group_note(store, error));
}

int write_file(void *self, const char *entity, const char *project, const char *digest,
               const void *content, size_t bytes)
{
	struct store *store = self;
	int64_t number;
	int error = group_begin(store);

	if (error < 0)
		return error;
	error = project_number(store, entity, project, &number);
	if (error == 0)
		error = add_file(store, number, digest, content, bytes);
	return group_end(store, group_note(store, error));
}

/* ---- calls -------------------------------------------------------------------------------- */

/* The three ways in which a call comes; taken as they are needed. */
struct call_inserts {
	struct store *store;
	struct insert both, start, end;
};

static void bind_start(struct binding *binding, const struct bothy_call_start *start)
{
	bind_id(binding, start->trace_id);
	bind_id(binding, start->parent_id);
	bind_text(binding, start->op);
	bind_text(binding, start->display_name);
	bind_number(binding, start->started);
	bind_text(binding, start->attributes_json);
	bind_text(binding, start->inputs_json);
}

static void bind_end(struct binding *binding, const struct bothy_call_end *end)
{
	bind_number(binding, end->ended);
	bind_text(binding, end->output_json);
	bind_text(binding, end->exception);
	bind_text(binding, end->summary_json);
}

static struct insert *insert_of(struct call_inserts *inserts, const struct bothy_call_part *part,
                                enum statement *ret_which)
{
	*ret_which = part->end == NULL     ? STATEMENT_CALL_START
	             : part->start == NULL ? STATEMENT_CALL_END
	                                   : STATEMENT_CALL_BOTH;
	return part->end == NULL     ? &inserts->start
	       : part->start == NULL ? &inserts->end
	                             : &inserts->both;
}

static int check_part(const struct store *store, const struct bothy_call_part *part)
{
	if (part->start == NULL && part->end == NULL)
		return trace_fail(-EINVAL, "%s: a part of a call with neither start nor end",
		                  store->path);
	if ((part->start != NULL && (part->start->id == NULL || part->start->op == NULL)) ||
	    (part->end != NULL && part->end->id == NULL))
		return trace_fail(-EINVAL, "%s: a call without an id or op", store->path);
	return 0;
}

static int add_part(struct call_inserts *inserts, const struct bothy_call_part *part)
{
	enum statement which;
	struct insert *insert = insert_of(inserts, part, &which);
	const char *id = part->start != NULL ? part->start->id : part->end->id;
	int64_t number;
	int error = project_number(inserts->store, part->entity, part->project, &number);

	if (error == 0 && insert->binding.statement == NULL)
		error = insert_begin(inserts->store, which, insert);
	if (error < 0)
		return error;
	bind_number(&insert->binding, number);
	bind_id(&insert->binding, id);
	if (part->start != NULL)
		bind_start(&insert->binding, part->start);
	if (part->end != NULL)
		bind_end(&insert->binding, part->end);
	return insert_row(insert, "can't store call", id);
}

/* Each part in a transaction that is open: one before it may have lost it. */
static int write_part(struct call_inserts *inserts, const struct bothy_call_part *part)
{
	struct store *store = inserts->store;
	int error = check_part(store, part);

	if (error == 0)
		error = group_continue(store);
	return error < 0 ? error : group_note(store, add_part(inserts, part));
}

void write_calls(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	struct call_inserts inserts = {.store = self};
	int error = group_begin(self);

	for (size_t i = 0; i < n; i++)
		ret_errors[i] = error < 0 ? error : write_part(&inserts, &parts[i]);
	if (error < 0)
		return;
	(void)insert_end(&inserts.both, 0);
	(void)insert_end(&inserts.start, 0);
	(void)insert_end(&inserts.end, 0);
	(void)group_end(self, 0);
}
