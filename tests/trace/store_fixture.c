#include "tests/trace/store_fixture.h"

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/sqlite/sqlite.h"

struct store_under_test store;

/* ---- opening ------------------------------------------------------------------------------ */

static const struct bothy_server_options defaults = {.size = sizeof(defaults)};

void store_open_memory(void)
{
	ck_assert_int_eq(sqlite_open(NULL, &defaults, &store.ops, &store.self), 0);
}

void store_directory(void)
{
	(void)strcpy(store.directory, "/tmp/bothy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(store.directory));
	(void)snprintf(store.path, sizeof(store.path), "%s/trace.db", store.directory);
}

void store_open(void)
{
	ck_assert_int_eq(sqlite_open(store.path, &defaults, &store.ops, &store.self), 0);
}

void store_open_file(void)
{
	store_directory();
	store_open();
}

void store_shut(void)
{
	if (store.self != NULL)
		store.ops.destroy(store.self);
	store.self = NULL;
}

static void remove_directory(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", store.directory);
	ck_assert_int_eq(system(command), 0);
}

void store_close(void)
{
	store_shut();
	if (store.directory[0] != '\0')
		remove_directory();
	store.directory[0] = '\0';
}

/* ---- writes ------------------------------------------------------------------------------- */

enum { IDS = 1024 };

static char ids[IDS][37];

__attribute__((constructor)) static void make_ids(void)
{
	for (int n = 0; n < IDS; n++)
		(void)snprintf(ids[n], sizeof(ids[n]), "019ab697-%04x-7abc-9def-0123456789ab",
		               (unsigned)n & 0xffff);
}

const char *id_of(int n)
{
	ck_assert(n > 0 && n < IDS);
	return ids[n];
}

static int number_of(const char *id)
{
	char digits[5] = {0};

	memcpy(digits, id + 9, 4);
	return (int)strtol(digits, NULL, 16);
}

void put_object(const char *entity, const char *project, const char *name, const char *digest,
                const char *json)
{
	struct bothy_object_version version = {
		.name = name, .digest = digest, .json = json, .bytes = strlen(json)};

	ck_assert_int_eq(store.ops.obj_create(store.self, entity, project, &version), 0);
}

static const char *json_of_row(const char *digest)
{
	static const char *const json[] = {"\"row a\"", "\"row b\"", "\"row c\"", "\"row d\""};

	return json[digest[0] - 'a'];
}

void put_table(const char *entity, const char *project, const char *digest, const char *rows)
{
	static char digests[26][2];
	struct bothy_table_row row[16];
	size_t n = 0;

	for (; *rows != '\0'; rows++) {
		if (*rows == ' ')
			continue;
		digests[*rows - 'a'][0] = *rows;
		row[n] = (struct bothy_table_row){.index = n, .digest = digests[*rows - 'a']};
		row[n].json = json_of_row(rows);
		row[n].bytes = strlen(row[n].json);
		n++;
	}
	ck_assert_int_eq(store.ops.table_create(store.self, entity, project, digest, row, n), 0);
}

void put_file(const char *entity, const char *project, const char *digest, const void *content,
              size_t bytes)
{
	ck_assert_int_eq(store.ops.file_create(store.self, entity, project, digest, content, bytes),
	                 0);
}

void put_part(const char *entity, const char *project, const struct bothy_call_start *start,
              const struct bothy_call_end *end)
{
	struct bothy_call_part part = {entity, project, start, end};
	int error = 0;

	store.ops.calls_upsert(store.self, &part, 1, &error);
	ck_assert_int_eq(error, 0);
}

void put_call(const char *entity, const char *project, int n, const char *op, int parent, int trace)
{
	struct bothy_call_start start = start_of(n, op, parent, trace);
	struct bothy_call_end end = end_of(n, "0");

	put_part(entity, project, &start, &end);
}

void flush(void)
{
	ck_assert_int_eq(store.ops.flush(store.self), 0);
}

struct bothy_call_start start_of(int n, const char *op, int parent, int trace)
{
	return (struct bothy_call_start){
		.id = id_of(n),
		.op = op,
		.parent_id = parent > 0 ? id_of(parent) : NULL,
		.trace_id = id_of(trace),
		.started = n,
		.attributes_json = "{}",
		.inputs_json = "{\"i\": 1}",
	};
}

struct bothy_call_end end_of(int n, const char *output_json)
{
	return (struct bothy_call_end){
		.id = id_of(n), .ended = n + 1, .output_json = output_json, .summary_json = "{}"};
}

/* ---- text --------------------------------------------------------------------------------- */

struct text {
	char text[8192];
	size_t at;
};

static void append(struct text *text, const char *format, ...) BOTHY_PRINTF(2, 3);

static void append(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->at += (size_t)vsnprintf(text->text + text->at, sizeof(text->text) - text->at, format,
	                              arguments);
	va_end(arguments);
	ck_assert_uint_lt(text->at, sizeof(text->text));
}

static const char *between(const struct text *text)
{
	return text->at > 0 ? " " : "";
}

/* What a read came to. */
static const char *result(struct text *text, int error)
{
	if (error == -ENOENT && text->at == 0)
		return "-ENOENT";
	ck_assert_int_eq(error, 0);
	return text->text;
}

static void clear(struct text *text)
{
	text->text[0] = '\0';
	text->at = 0;
}

/* ---- reads -------------------------------------------------------------------------------- */

static int tell_object(void *user, const struct bothy_object_version *version)
{
	struct text *text = user;

	ck_assert_uint_eq(version->bytes, strlen(version->json));
	append(text, "%s%s:%s=%s v%u%s", between(text), version->name, version->digest,
	       version->json, (unsigned)version->version, version->latest ? " latest" : "");
	return 0;
}

const char *object(const char *entity, const char *project, const char *name, const char *version)
{
	static struct text text;

	clear(&text);
	return result(&text, store.ops.obj_read(store.self, entity, project, name, version,
	                                        tell_object, &text));
}

const char *objects(const char *entity, const char *project,
                    const struct bothy_objects_query *query)
{
	static const struct bothy_objects_query all = {.size = sizeof(all)};
	static struct text text;

	clear(&text);
	return result(&text,
	              store.ops.objs_query(store.self, entity, project,
	                                   query != NULL ? query : &all, tell_object, &text));
}

static int keep_created(void *user, const struct bothy_object_version *version)
{
	*(bothy_wall *)user = version->created;
	return 0;
}

bothy_wall object_created(const char *entity, const char *project, const char *name)
{
	bothy_wall created = 0;

	ck_assert_int_eq(store.ops.obj_read(store.self, entity, project, name, "latest",
	                                    keep_created, &created),
	                 0);
	return created;
}

static int tell_row(void *user, const struct bothy_table_row *row)
{
	struct text *text = user;

	ck_assert_str_eq(row->json, json_of_row(row->digest));
	ck_assert_uint_eq(row->bytes, strlen(row->json));
	append(text, "%s%u:%s", between(text), (unsigned)row->index, row->digest);
	return 0;
}

const char *table(const char *entity, const char *project, const struct bothy_table_query *query)
{
	static struct text text;

	clear(&text);
	return result(&text,
	              store.ops.table_query(store.self, entity, project, query, tell_row, &text));
}

static int tell_call(void *user, const struct bothy_call_record *call)
{
	struct text *text = user;

	append(text, "%s%d", between(text), number_of(call->start.id));
	return 0;
}

static const struct bothy_calls_query all_calls = {.size = sizeof(all_calls)};

const char *calls(const char *entity, const char *project, const struct bothy_calls_query *query)
{
	static struct text text;

	clear(&text);
	return result(&text,
	              store.ops.calls_query(store.self, entity, project,
	                                    query != NULL ? query : &all_calls, tell_call, &text));
}

static int count(void *user, const struct bothy_call_record *call)
{
	(void)call;
	++*(int *)user;
	return 0;
}

int count_calls(const char *entity, const char *project)
{
	int n = 0;

	ck_assert_int_eq(store.ops.calls_query(store.self, entity, project, &all_calls, count, &n),
	                 0);
	return n;
}

static int tell_project(void *user, const char *entity, const char *project)
{
	struct text *text = user;

	append(text, "%s%s/%s", between(text), entity, project);
	return 0;
}

const char *projects(void)
{
	static struct text text;

	clear(&text);
	return result(&text, store.ops.projects_query(store.self, tell_project, &text));
}

/* ---- what something must be --------------------------------------------------------------- */

struct expected {
	const void *bytes;
	size_t n;
	int told;
};

static int compare_content(void *user, const void *content, size_t bytes)
{
	struct expected *expected = user;

	expected->told++;
	ck_assert_ptr_nonnull(content);
	ck_assert_uint_eq(bytes, expected->n);
	ck_assert_int_eq(memcmp(content, expected->bytes, bytes), 0);
	return 0;
}

void expect_file(const char *entity, const char *project, const char *digest, const void *content,
                 size_t bytes)
{
	struct expected expected = {content, bytes, 0};

	ck_assert_int_eq(store.ops.file_content(store.self, entity, project, digest,
	                                        compare_content, &expected),
	                 0);
	ck_assert_int_eq(expected.told, 1);
}

static int compare_object(void *user, const struct bothy_object_version *version)
{
	ck_assert_int_eq(version->json[version->bytes], '\0');
	return compare_content(user, version->json, version->bytes);
}

void expect_object_json(const char *entity, const char *project, const char *name, const char *json,
                        size_t bytes)
{
	struct expected expected = {json, bytes, 0};

	ck_assert_int_eq(store.ops.obj_read(store.self, entity, project, name, "latest",
	                                    compare_object, &expected),
	                 0);
	ck_assert_int_eq(expected.told, 1);
}

struct expected_call {
	const struct bothy_call_start *start;
	const struct bothy_call_end *end;
	int told;
};

static void compare_start(const struct bothy_call_start *start,
                          const struct bothy_call_start *expected)
{
	ck_assert_pstr_eq(start->trace_id, expected->trace_id);
	ck_assert_pstr_eq(start->parent_id, expected->parent_id);
	ck_assert_pstr_eq(start->op, expected->op);
	ck_assert_pstr_eq(start->display_name, expected->display_name);
	ck_assert_int_eq(start->started, expected->started);
	ck_assert_pstr_eq(start->attributes_json, expected->attributes_json);
	ck_assert_pstr_eq(start->inputs_json, expected->inputs_json);
}

static void compare_end(const struct bothy_call_end *end, const struct bothy_call_end *expected)
{
	ck_assert_str_eq(end->id, expected->id);
	ck_assert_int_eq(end->ended, expected->ended);
	ck_assert_pstr_eq(end->output_json, expected->output_json);
	ck_assert_pstr_eq(end->exception, expected->exception);
	ck_assert_pstr_eq(end->summary_json, expected->summary_json);
}

static int compare_call(void *user, const struct bothy_call_record *call)
{
	static const struct bothy_call_start unknown;
	struct expected_call *expected = user;

	expected->told++;
	ck_assert_str_eq(call->start.id,
	                 expected->start != NULL ? expected->start->id : expected->end->id);
	compare_start(&call->start, expected->start != NULL ? expected->start : &unknown);
	ck_assert(call->has_ended == (expected->end != NULL));
	if (call->has_ended)
		compare_end(&call->end, expected->end);
	return 0;
}

void expect_call(const char *entity, const char *project, const struct bothy_call_start *start,
                 const struct bothy_call_end *end)
{
	struct expected_call expected = {start, end, 0};

	ck_assert_int_eq(store.ops.call_read(store.self, entity, project,
	                                     start != NULL ? start->id : end->id, compare_call,
	                                     &expected),
	                 0);
	ck_assert_int_eq(expected.told, 1);
}

static int compare_inputs(void *user, const struct bothy_call_record *call)
{
	return compare_content(user, call->start.inputs_json, strlen(call->start.inputs_json));
}

void expect_call_inputs(const char *entity, const char *project, const char *id, const char *json)
{
	struct expected expected = {json, strlen(json), 0};

	ck_assert_int_eq(
		store.ops.call_read(store.self, entity, project, id, compare_inputs, &expected), 0);
	ck_assert_int_eq(expected.told, 1);
}

static int refuse_content(void *user, const void *content, size_t bytes)
{
	(void)user;
	(void)content;
	(void)bytes;
	return 1;
}

int read_no_file(const char *entity, const char *project, const char *digest)
{
	return store.ops.file_content(store.self, entity, project, digest, refuse_content, NULL);
}

static int refuse_call(void *user, const struct bothy_call_record *call)
{
	(void)user;
	(void)call;
	return 1;
}

int read_no_call(const char *entity, const char *project, const char *id)
{
	return store.ops.call_read(store.self, entity, project, id, refuse_call, NULL);
}
