#include <bothy/trace.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/check.h"
#include "trace/call.h"
#include "trace/error.h"
#include "trace/file.h"
#include "trace/publish.h"
#include "trace/scope.h"
#include "trace/recorder.h"
#include "trace/resolve.h"
#include "trace/table.h"
#include "trace/value.h"

enum { NAME_BYTES_MAX = 128 };

const char *bothy_trace_error(void)
{
	return trace_error();
}

/* 0, or -EINVAL with a text. */
static int check_name(const char *name)
{
	static const char legal[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t bytes = strlen(name);

	if (bytes > 0 && bytes <= NAME_BYTES_MAX && strspn(name, legal) == bytes)
		return 0;
	return trace_fail(-EINVAL, "an object's name is [A-Za-z0-9_.-]{1,%d}, not \"%.200s\"",
	                  NAME_BYTES_MAX, name);
}

/* No server has to count beyond what an int64_t holds. */
static size_t countable(size_t n)
{
	uint64_t wide = n; /* a size_t of 32 bits holds nothing beyond */

	return wide <= INT64_MAX ? n : (size_t)INT64_MAX;
}

/* ---- values -------------------------------------------------------------------------------- */

int bothy_value_digest(const char *json, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES])
{
	struct json_text text;
	int error;

	if (json == NULL || ret_digest == NULL)
		return -EINVAL;
	error = value_canonical("the value", json, bytes, &text, ret_digest);
	if (error == 0)
		free(text.text);
	return error;
}

int bothy_file_digest(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES])
{
	if ((content == NULL && bytes > 0) || ret_digest == NULL)
		return -EINVAL;
	return file_digest(content, bytes, ret_digest);
}

int bothy_publish(struct bothy_object *object, const char *name, const char *json, size_t bytes,
                  bothy_ref **ret_ref)
{
	int error;

	if (name == NULL || json == NULL)
		return -EINVAL;
	error = check_name(name);
	return error < 0 ? error : publish_value(object, name, json, bytes, ret_ref);
}

int bothy_fetch(const bothy_ref *ref, bothy_value **ret_value)
{
	return ref == NULL || ret_value == NULL ? -EINVAL : value_fetch(ref, ret_value);
}

const char *bothy_value_json(const bothy_value *value, size_t *ret_bytes)
{
	if (value == NULL)
		return NULL;
	if (ret_bytes != NULL)
		*ret_bytes = value->text.bytes;
	return value->text.text;
}

struct bothy_object *bothy_value_object(bothy_value *value)
{
	return value != NULL ? &value->object : NULL;
}

bothy_value *bothy_value_hold(bothy_value *value)
{
	return value != NULL ? value_hold(value) : NULL;
}

void bothy_value_release(bothy_value *value)
{
	value_release(value);
}

/* ---- tables -------------------------------------------------------------------------------- */

int bothy_table_new(bothy_table **ret_table)
{
	bothy_table *table;

	if (ret_table == NULL)
		return -EINVAL;
	table = trace_table_new();
	if (table == NULL)
		return -ENOMEM;
	*ret_table = table;
	return 0;
}

int bothy_table_add(bothy_table *table, const char *json, size_t bytes)
{
	return table == NULL || json == NULL ? -EINVAL : trace_table_add(table, json, bytes);
}

int bothy_table_publish(bothy_table *table, bothy_ref **ret_ref)
{
	return table == NULL ? -EINVAL : publish_table(table, ret_ref);
}

int bothy_table_fetch(const bothy_ref *ref, size_t offset, size_t limit, bothy_table **ret_table)
{
	if (ref == NULL || ret_table == NULL)
		return -EINVAL;
	if (bothy_ref_kind(ref) != BOTHY_REF_TABLE)
		return scope_say(-EINVAL, ref, "no table's ref");
	return trace_table_fetch(ref, countable(offset), countable(limit), ret_table);
}

size_t bothy_table_count(const bothy_table *table)
{
	return table != NULL ? table->count : 0;
}

const char *bothy_table_row(const bothy_table *table, size_t i, size_t *ret_bytes,
                            const char **ret_digest)
{
	if (table == NULL || i >= table->count)
		return NULL;
	if (ret_bytes != NULL)
		*ret_bytes = table->rows[i].bytes;
	if (ret_digest != NULL)
		*ret_digest = table->rows[i].digest;
	return table->rows[i].json;
}

struct bothy_object *bothy_table_object(bothy_table *table)
{
	return table != NULL ? &table->object : NULL;
}

void bothy_table_release(bothy_table *table)
{
	trace_table_release(table);
}

/* ---- files --------------------------------------------------------------------------------- */

int bothy_file_store(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES])
{
	if ((content == NULL && bytes > 0) || ret_digest == NULL)
		return -EINVAL;
	return file_store(content, bytes, ret_digest);
}

int bothy_file_fetch(const char *digest, void **ret_content, size_t *ret_bytes)
{
	if (digest == NULL || ret_content == NULL || ret_bytes == NULL)
		return -EINVAL;
	return file_fetch(digest, ret_content, ret_bytes);
}

/* ---- calls --------------------------------------------------------------------------------- */

int bothy_call_begin(const char *op, const char *inputs_json, bothy_call **ret_call)
{
	struct recorder *recorder;
	bothy_call *call;
	int error;

	if (op == NULL)
		return -EINVAL;
	error = recorder_current(&recorder);
	if (error == 0)
		error = call_begin(recorder, op, inputs_json, &call);
	if (error == 0 && ret_call != NULL)
		*ret_call = call;
	return error;
}

/* The current context's, for what CALL wants. */
static int recorder_of(const bothy_call *call, struct recorder **ret_recorder)
{
	return call == NULL ? -EINVAL : recorder_current(ret_recorder);
}

int bothy_call_end(bothy_call *call, const char *output_json, const char *exception)
{
	struct recorder *recorder;
	int error = recorder_of(call, &recorder);

	return error < 0 ? error : call_end(recorder, call, output_json, exception);
}

bothy_call *bothy_call_current(void)
{
	struct recorder *recorder;

	return recorder_current(&recorder) == 0 ? call_current(recorder) : NULL;
}

const char *bothy_call_id(const bothy_call *call)
{
	return call != NULL ? call->id : NULL;
}

const char *bothy_call_trace_id(const bothy_call *call)
{
	return call != NULL ? call->trace_id : NULL;
}

int bothy_call_ref(const bothy_call *call, bothy_ref **ret_ref)
{
	struct recorder *recorder;
	int error = ret_ref == NULL ? -EINVAL : recorder_of(call, &recorder);

	return error < 0 ? error : call_ref(recorder, call, ret_ref);
}

int bothy_call_set_name(bothy_call *call, const char *display_name)
{
	struct recorder *recorder;
	int error = recorder_of(call, &recorder);

	return error < 0 ? error : call_set_name(recorder, call, display_name);
}

int bothy_call_set_inputs(bothy_call *call, const char *json)
{
	struct recorder *recorder;
	int error = recorder_of(call, &recorder);

	return error < 0 ? error : call_set_inputs(recorder, call, json);
}

int bothy_call_set_output(bothy_call *call, const char *json)
{
	struct recorder *recorder;
	int error = recorder_of(call, &recorder);

	return error < 0 ? error : call_set_output(recorder, call, json);
}

int bothy_call_set_summary(bothy_call *call, const char *json)
{
	struct recorder *recorder;
	int error = recorder_of(call, &recorder);

	return error < 0 ? error : call_set_summary(recorder, call, json);
}

int bothy_attributes_set(const char *json)
{
	struct recorder *recorder;
	int error = recorder_current(&recorder);

	return error < 0 ? error : call_set_attributes(recorder, json);
}

/* ---- what is stored ------------------------------------------------------------------------- */

/* The current context's client, in place of NULL; not the global one. */
static int complete_client(bothy_client **client)
{
	struct recorder *recorder;
	int error;

	if (*client != NULL)
		return 0;
	error = recorder_current(&recorder);
	if (error == 0)
		*client = recorder->client;
	return error;
}

int bothy_client_flush(bothy_client *client, bothy_time deadline)
{
	int error = deadline <= 0 ? -EINVAL : complete_client(&client);

	return error < 0 ? error : recorder_flush(client, deadline);
}

int bothy_objects_query(bothy_client *client, const struct bothy_objects_query *query,
                        bothy_object_each *each, void *user)
{
	struct bothy_objects_query complete = {0};
	struct scope scope;
	int error = 0;

	if (client == NULL || each == NULL)
		return -EINVAL;
	if (query != NULL)
		error = CHECK_COPY(&complete, query);
	if (error == 0)
		error = scope_of(client, &scope);
	if (error < 0)
		return error;
	complete.size = sizeof(complete);
	complete.limit = countable(complete.limit);
	complete.offset = countable(complete.offset);
	return scope_objects(&scope, &complete, each, user);
}

int bothy_object_read(bothy_client *client, const char *name, const char *version,
                      bothy_object_each *each, void *user)
{
	struct scope scope;
	int error;

	if (client == NULL || name == NULL || version == NULL || each == NULL)
		return -EINVAL;
	error = scope_of(client, &scope);
	return error < 0 ? error : scope_object(&scope, name, version, each, user);
}

int bothy_table_rows(bothy_client *client, const struct bothy_table_query *query,
                     bothy_row_each *each, void *user)
{
	struct bothy_table_query complete;
	struct scope scope;
	int error;

	if (client == NULL || query == NULL || each == NULL)
		return -EINVAL;
	error = CHECK_COPY(&complete, query);
	if (error == 0 && complete.digest == NULL)
		error = -EINVAL;
	if (error == 0)
		error = scope_of(client, &scope);
	if (error < 0)
		return error;
	complete.size = sizeof(complete);
	complete.limit = countable(complete.limit);
	complete.offset = countable(complete.offset);
	return scope_rows(&scope, &complete, each, user);
}

int bothy_call_read(bothy_client *client, const char *id, bothy_call_each *each, void *user)
{
	struct scope scope;
	int error;

	if (client == NULL || id == NULL || each == NULL)
		return -EINVAL;
	error = scope_of(client, &scope);
	return error < 0 ? error : scope_call(&scope, id, each, user);
}

static int check_ids(const struct bothy_calls_query *query)
{
	if (query->ids == NULL)
		return query->n_ids > 0 ? -EINVAL : 0;
	for (size_t i = 0; i < query->n_ids; i++)
		if (query->ids[i] == NULL)
			return -EINVAL;
	return 0;
}

int bothy_calls_query(bothy_client *client, const struct bothy_calls_query *query,
                      bothy_call_each *each, void *user)
{
	struct bothy_calls_query complete = {0};
	struct scope scope;
	int error = 0;

	if (client == NULL || each == NULL)
		return -EINVAL;
	if (query != NULL)
		error = CHECK_COPY(&complete, query);
	if (error == 0)
		error = check_ids(&complete);
	if (error == 0)
		error = scope_of(client, &scope);
	if (error < 0)
		return error;
	if (complete.ids != NULL && complete.n_ids == 0)
		return 0;
	complete.size = sizeof(complete);
	complete.limit = countable(complete.limit);
	complete.offset = countable(complete.offset);
	return scope_calls(&scope, &complete, each, user);
}

int bothy_refs_read(bothy_client *client, bothy_ref *const *refs, size_t n, bothy_value_each *each,
                    void *user)
{
	struct scope scope;
	int error;

	if (client == NULL || (refs == NULL && n > 0) || each == NULL)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (refs[i] == NULL)
			return -EINVAL;
	error = scope_of(client, &scope);
	return error < 0 ? error : resolve_refs(&scope, refs, n, each, user);
}
