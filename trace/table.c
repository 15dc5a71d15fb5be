#include "trace/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "refs/ref.h"
#include "sync/atomic.h"
#include "sync/holds.h"
#include "tls/context.h"
#include "trace/digest.h"
#include "trace/error.h"
#include "trace/scope.h"
#include "trace/value.h"

bothy_table *trace_table_new(void)
{
	bothy_table *table = calloc(1, sizeof(*table));

	if (table != NULL)
		atomic_init(&table->holds, 1);
	return table;
}

void trace_table_hold(bothy_table *table)
{
	/* Relaxed: whoever adds a hold has one. */
	(void)atom_add(&table->holds, 1, relaxed);
}

void trace_table_release(bothy_table *table)
{
	if (table == NULL || !holds_drop(&table->holds))
		return;
	context_object_end(&table->object);
	for (size_t i = 0; i < table->count; i++)
		free((char *)table->rows[i].digest);
	free(table->rows);
	free(table);
}

void trace_table_digest(bothy_table *table)
{
	digest_table(table->rows, table->count, table->digest);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Room for one row more. */
static int grow(bothy_table *table)
{
	size_t room = table->room > 0 ? 2 * table->room : 8;
	struct bothy_table_row *rows;

	if (table->count < table->room)
		return 0;
	rows = realloc(table->rows, room * sizeof(rows[0]));
	if (rows == NULL)
		return -ENOMEM;
	table->rows = rows;
	table->room = room;
	return 0;
}

/* Append a row, of which TEXT and DIGEST are copied to one block. */
static int append(bothy_table *table, const struct json_text *text, const char *digest)
{
	size_t digest_bytes = strlen(digest) + 1;
	char *block = grow(table) == 0 ? malloc(digest_bytes + text->bytes + 1) : NULL;

	if (block == NULL)
		return -ENOMEM;
	memcpy(block, digest, digest_bytes);
	memcpy(block + digest_bytes, text->text, text->bytes + 1);
	table->rows[table->count] = (struct bothy_table_row){
		.index = table->count,
		.digest = block,
		.json = block + digest_bytes,
		.bytes = text->bytes,
	};
	table->count++;
	table->bytes += text->bytes;
	return 0;
}

int trace_table_add(bothy_table *table, const char *json, size_t bytes)
{
	char digest[BOTHY_DIGEST_BYTES];
	struct json_text text;
	int error;

	if (table->fixed)
		return trace_fail(-EBUSY, "the table has been published or fetched");
	error = value_canonical("the row", json, bytes, &text, digest);
	if (error < 0)
		return error;
	if (text.bytes > BOTHY_TABLE_MAX - table->bytes)
		error = trace_fail(-EMSGSIZE, "the table's rows would have more than %zu bytes",
		                   BOTHY_TABLE_MAX);
	else
		error = append(table, &text, digest);
	free(text.text);
	return error;
}

/* ---- fetched ---------------------------------------------------------------------------------- */

/* Rows on their way into a table. */
struct fetch {
	bothy_table *table;
	const bothy_ref *ref;
};

static int on_row(void *user, const struct bothy_table_row *row)
{
	const struct fetch *fetch = user;
	struct json_text text;
	int error;

	if (row->json == NULL || row->digest == NULL)
		return -EPROTO;
	error = json_canonical(fetch->ref->digest, row->json, row->bytes, JSON_SHAPE_ANY, &text);
	if (error < 0)
		return error == -EINVAL ? -EBADMSG : error;
	error = append(fetch->table, &text, row->digest);
	free(text.text);
	return error;
}

/* Read the rows to TABLE, and fix it. */
static int fetch_rows(bothy_table *table, const bothy_ref *ref, size_t offset, size_t limit)
{
	struct fetch fetch = {table, ref};
	const struct bothy_table_query query = {
		.size = sizeof(query),
		.digest = ref->digest,
		.offset = offset,
		.limit = limit,
	};
	struct scope scope;
	int error = scope_current(&scope);

	if (error < 0)
		return error;
	error = scope_check_ref(&scope, ref);
	if (error == 0)
		error = scope_rows(&scope, &query, on_row, &fetch);
	if (error < 0)
		return scope_fail(error, ref);
	table->fixed = true;
	trace_table_digest(table);
	return 0;
}

/* All rows are there: TABLE is what REF names. */
static int name(bothy_table *table, const bothy_ref *ref)
{
	/* Its rows' digests are the server's, and so is its own. */
	if (strlen(ref->digest) < sizeof(table->digest))
		strcpy(table->digest, ref->digest);
	return context_object_set(&table->object, (bothy_ref *)ref);
}

int trace_table_fetch(const bothy_ref *ref, size_t offset, size_t limit, bothy_table **ret_table)
{
	bothy_table *table = trace_table_new();
	int error;

	if (table == NULL)
		return -ENOMEM;
	error = fetch_rows(table, ref, offset, limit);
	if (error == 0 && offset == 0 && limit == 0)
		error = name(table, ref);
	if (error < 0)
		trace_table_release(table);
	else
		*ret_table = table;
	return error;
}
