/*
 * Recording with bad arguments: each a documented error, wherever it is asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tests/trace/traced.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ONLY_FLUSH = 12 }; /* the last of only()'s */

static struct bothy_object object;
static bothy_ref *ref, *table_ref; /* of ann's project */
static bothy_table *table;
static bothy_call *call;

static int no_object(void *user, const struct bothy_object_version *version)
{
	(void)user, (void)version;
	return 0;
}

static int no_row(void *user, const struct bothy_table_row *row)
{
	(void)user, (void)row;
	return 0;
}

static int no_call(void *user, const struct bothy_call_record *record)
{
	(void)user, (void)record;
	return 0;
}

static int no_value(void *user, size_t i, int error, const char *json, size_t bytes)
{
	(void)user, (void)i, (void)error, (void)json, (void)bytes;
	return 0;
}

static int no_project(void *user, const char *entity, const char *project)
{
	(void)user, (void)entity, (void)project;
	return 0;
}

static void setup(void)
{
	traced_on_shelf();
	ref = ref_of("ann", "p", "x");
	ck_assert_int_eq(bothy_ref_new_table("ann", "p", "0000", &table_ref), 0);
	ck_assert_int_eq(bothy_table_new(&table), 0);
}

static void teardown(void)
{
	bothy_object_fini(&object);
	bothy_table_release(table);
	bothy_ref_release(ref);
	bothy_ref_release(table_ref);
	traced_teardown();
}

/* ---- null ---------------------------------------------------------------------------------- */

START_TEST(null_is_refused_wherever_something_is_needed)
{
	char digest[BOTHY_DIGEST_BYTES];
	bothy_value *value = NULL;
	bothy_table *fetched = NULL;
	void *content = NULL;
	size_t bytes = 0;

	ck_assert_int_eq(bothy_value_digest(NULL, 0, digest), -EINVAL);
	ck_assert_int_eq(bothy_value_digest("1", 1, NULL), -EINVAL);
	ck_assert_int_eq(bothy_file_digest(NULL, 1, digest), -EINVAL);
	ck_assert_int_eq(bothy_file_digest("1", 1, NULL), -EINVAL);
	ck_assert_int_eq(bothy_publish(&object, NULL, "1", 1, NULL), -EINVAL);
	ck_assert_int_eq(bothy_publish(&object, "x", NULL, 0, NULL), -EINVAL);
	ck_assert_int_eq(bothy_fetch(NULL, &value), -EINVAL);
	ck_assert_int_eq(bothy_fetch(ref, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_new(NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_add(NULL, "1", 1), -EINVAL);
	ck_assert_int_eq(bothy_table_add(table, NULL, 0), -EINVAL);
	ck_assert_int_eq(bothy_table_publish(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_fetch(NULL, 0, 0, &fetched), -EINVAL);
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, NULL), -EINVAL);
	ck_assert_int_eq(bothy_file_store(NULL, 1, digest), -EINVAL);
	ck_assert_int_eq(bothy_file_store("1", 1, NULL), -EINVAL);
	ck_assert_int_eq(bothy_file_fetch(NULL, &content, &bytes), -EINVAL);
	ck_assert_int_eq(bothy_file_fetch("0000", NULL, &bytes), -EINVAL);
	ck_assert_int_eq(bothy_file_fetch("0000", &content, NULL), -EINVAL);
}
END_TEST

START_TEST(null_is_no_call)
{
	bothy_ref *got = NULL;

	ck_assert_int_eq(bothy_call_begin("op", NULL, &call), 0);
	ck_assert_int_eq(bothy_call_begin(NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_end(NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_ref(NULL, &got), -EINVAL);
	ck_assert_int_eq(bothy_call_ref(call, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_set_name(NULL, "x"), -EINVAL);
	ck_assert_int_eq(bothy_call_set_inputs(NULL, "{}"), -EINVAL);
	ck_assert_int_eq(bothy_call_set_output(NULL, "1"), -EINVAL);
	ck_assert_int_eq(bothy_call_set_summary(NULL, "{}"), -EINVAL);
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), 0);
	ck_assert_ptr_null(bothy_call_id(NULL));
	ck_assert_ptr_null(bothy_call_trace_id(NULL));
	ck_assert_ptr_null(got);
}
END_TEST

START_TEST(queries_need_a_client_and_somebody_to_tell)
{
	const struct bothy_table_query rows = {.size = sizeof(rows), .digest = "0000"};
	const struct bothy_table_query no_table = {.size = sizeof(no_table)};
	bothy_client *client = traced.client;
	bothy_ref *const none[] = {NULL};

	ck_assert_int_eq(bothy_objects_query(NULL, NULL, no_object, NULL), -EINVAL);
	ck_assert_int_eq(bothy_objects_query(client, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_read(NULL, "x", "latest", no_object, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_read(client, NULL, "latest", no_object, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_read(client, "x", NULL, no_object, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_read(client, "x", "latest", NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_rows(NULL, &rows, no_row, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_rows(client, NULL, no_row, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_rows(client, &no_table, no_row, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_rows(client, &rows, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_read(NULL, "0000", no_call, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_read(client, NULL, no_call, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_read(client, "0000", NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_calls_query(NULL, NULL, no_call, NULL), -EINVAL);
	ck_assert_int_eq(bothy_calls_query(client, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_refs_read(NULL, &ref, 1, no_value, NULL), -EINVAL);
	ck_assert_int_eq(bothy_refs_read(client, NULL, 1, no_value, NULL), -EINVAL);
	ck_assert_int_eq(bothy_refs_read(client, none, 1, no_value, NULL), -EINVAL);
	ck_assert_int_eq(bothy_refs_read(client, &ref, 1, NULL, NULL), -EINVAL);
	for (int op = OBJ_READ; op < SHELF_OPS; op++)
		ck_assert_int_eq(atomic_load(&traced.shelf->asked[op]), 0);
}
END_TEST

START_TEST(the_parts_of_nothing_are_nothing)
{
	size_t bytes;

	ck_assert_ptr_null(bothy_value_json(NULL, &bytes));
	ck_assert_ptr_null(bothy_value_object(NULL));
	ck_assert_ptr_null(bothy_value_hold(NULL));
	bothy_value_release(NULL);
	ck_assert_uint_eq(bothy_table_count(NULL), 0);
	ck_assert_ptr_null(bothy_table_row(NULL, 0, &bytes, NULL));
	ck_assert_ptr_null(bothy_table_row(table, 0, &bytes, NULL));
	ck_assert_ptr_null(bothy_table_object(NULL));
	bothy_table_release(NULL);
}
END_TEST

/* ---- sizes -------------------------------------------------------------------------------------- */

START_TEST(a_query_of_no_releases_size_is_refused)
{
	struct bothy_objects_query objects = {.size = sizeof(objects) - 1};
	struct bothy_table_query rows = {.size = 0, .digest = "0000"};
	struct bothy_calls_query calls = {.size = 1};
	bothy_client *client = traced.client;

	ck_assert_int_eq(bothy_objects_query(client, &objects, no_object, NULL), -EINVAL);
	ck_assert_int_eq(bothy_table_rows(client, &rows, no_row, NULL), -EINVAL);
	ck_assert_int_eq(bothy_calls_query(client, &calls, no_call, NULL), -EINVAL);
	objects.size = rows.size = calls.size = 5000;
	ck_assert_int_eq(bothy_objects_query(client, &objects, no_object, NULL), -E2BIG);
	ck_assert_int_eq(bothy_table_rows(client, &rows, no_row, NULL), -E2BIG);
	ck_assert_int_eq(bothy_calls_query(client, &calls, no_call, NULL), -E2BIG);
}
END_TEST

START_TEST(a_query_of_a_later_release_is_taken_if_it_asks_for_nothing_new)
{
	struct {
		struct bothy_objects_query query;
		size_t later;
	} objects = {.query = {.size = sizeof(objects)}};

	ck_assert_int_eq(bothy_objects_query(traced.client, &objects.query, no_object, NULL), 0);
	objects.later = 1;
	ck_assert_int_eq(bothy_objects_query(traced.client, &objects.query, no_object, NULL),
	                 -E2BIG);
}
END_TEST

START_TEST(without_a_query_all_are_told)
{
	ck_assert_int_eq(bothy_objects_query(traced.client, NULL, no_object, NULL), 0);
	ck_assert_int_eq(bothy_calls_query(traced.client, NULL, no_call, NULL), 0);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[OBJS_QUERY]), 1);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[CALLS_QUERY]), 1);
}
END_TEST

START_TEST(ids_are_as_many_as_said_and_none_of_them_is_null)
{
	const char *const ids[] = {"a", NULL};
	struct bothy_calls_query query = {.size = sizeof(query), .n_ids = 1};

	ck_assert_int_eq(bothy_calls_query(traced.client, &query, no_call, NULL), -EINVAL);
	query.ids = ids;
	ck_assert_int_eq(bothy_calls_query(traced.client, &query, no_call, NULL), 0);
	query.n_ids = 2;
	ck_assert_int_eq(bothy_calls_query(traced.client, &query, no_call, NULL), -EINVAL);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[CALLS_QUERY]), 1);
	query.n_ids = 0; /* any of none: there is nothing to ask for */
	ck_assert_int_eq(bothy_calls_query(traced.client, &query, no_call, NULL), 0);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[CALLS_QUERY]), 1);
}
END_TEST

/* ---- names and values ----------------------------------------------------------------------------- */

START_TEST(an_objects_name_is_short_and_plain)
{
	char longest[130];
	static const char *const bad[] = {"", "a b", "a/b", "a:b", "\xc3\xbc", "a%20b", "a\n"};

	memset(longest, 'x', sizeof(longest));
	longest[129] = '\0';
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_int_eq(bothy_publish(&object, bad[i], "1", 1, NULL), -EINVAL);
		ck_assert_ptr_nonnull(strstr(bothy_trace_error(), bad[i]));
	}
	ck_assert_int_eq(bothy_publish(&object, longest, "1", 1, NULL), -EINVAL);
	longest[128] = '\0';
	ck_assert_int_eq(bothy_publish(&object, longest, "1", 1, NULL), 0);
	ck_assert_int_eq(bothy_publish(&object, "Az09_.-", "1", 1, NULL), 0);
}
END_TEST

START_TEST(what_is_no_value_is_refused_before_it_is_sent)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[1,]",
		"nope",
		"1 2",
		"{\"a\": 1, \"a\": 2}",
		"\"\xff\"",
		"NaN",
		"{\"\\u0000\": 1}",
		"\"\\ud800\"",
		"1e999",
		"9223372036854775808",
	};
	char digest[BOTHY_DIGEST_BYTES] = "untouched";

	for (size_t i = 0; i < COUNT(bad); i++) {
		size_t bytes = strlen(bad[i]);

		ck_assert_int_eq(bothy_publish(&object, "x", bad[i], bytes, NULL), -EINVAL);
		ck_assert_ptr_nonnull(bothy_trace_error());
		ck_assert_int_eq(bothy_table_add(table, bad[i], bytes), -EINVAL);
		ck_assert_int_eq(bothy_value_digest(bad[i], bytes, digest), -EINVAL);
	}
	ck_assert_ref(&object, NULL);
	ck_assert_str_eq(digest, "untouched");
	traced_flush();
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[OBJ_CREATE]), 0);
}
END_TEST

START_TEST(a_value_has_a_mebibyte_as_it_is_given_and_as_it_is_stored)
{
	const size_t bytes = BOTHY_VALUE_MAX + 1;
	char *text = malloc(bytes);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', bytes);
	text[0] = text[bytes - 1] = '"';
	ck_assert_int_eq(bothy_publish(&object, "x", text, bytes, NULL), -EMSGSIZE);
	ck_assert_ptr_nonnull(bothy_trace_error());
	text[bytes - 2] = '"';
	ck_assert_int_eq(bothy_publish(&object, "x", text, bytes - 1, NULL), 0);
	/* 0x7f is written as six characters. */
	text[1] = 0x7f;
	ck_assert_int_eq(bothy_publish(&object, "x", text, bytes - 1, NULL), -EMSGSIZE);
	free(text);
}
END_TEST

START_TEST(a_flush_needs_a_point_in_time)
{
	for (bothy_time t = -1; t <= 0; t++) {
		ck_assert_int_eq(bothy_client_flush(NULL, t), -EINVAL);
		ck_assert_int_eq(bothy_client_flush(traced.client, t), -EINVAL);
	}
}
END_TEST

/* ---- where nothing can be recorded ------------------------------------------------------------------ */

/* Whether each call that needs a recording context returns ERROR.  (A child of a fork asks too, so
 * that this is no place for assertions.) */
static bool nothing_records(int error)
{
	char digest[BOTHY_DIGEST_BYTES];
	bothy_ref *got = NULL;
	bothy_value *value = NULL;
	bothy_table *fetched = NULL;
	void *content = NULL;
	size_t bytes;

	return bothy_publish(&object, "x", "1", 1, &got) == error &&
	       bothy_fetch(ref, &value) == error && bothy_table_publish(table, &got) == error &&
	       bothy_table_fetch(table_ref, 0, 0, &fetched) == error &&
	       bothy_file_store("x", 1, digest) == error &&
	       bothy_file_fetch("0000", &content, &bytes) == error &&
	       bothy_call_begin("op", NULL, NULL) == error && bothy_call_current() == NULL &&
	       bothy_attributes_set("{}") == error &&
	       bothy_client_flush(NULL, BOTHY_FOREVER) == error && got == NULL && value == NULL &&
	       fetched == NULL && content == NULL;
}

/* Whether each call on a call of another time returns ERROR. */
static bool no_call_is_known(int error)
{
	bothy_ref *got = NULL;

	return bothy_call_end(call, NULL, NULL) == error && bothy_call_ref(call, &got) == error &&
	       bothy_call_set_name(call, NULL) == error &&
	       bothy_call_set_inputs(call, NULL) == error &&
	       bothy_call_set_output(call, NULL) == error &&
	       bothy_call_set_summary(call, NULL) == error && got == NULL;
}

/* Whether each query of CLIENT's returns ERROR. */
static bool nothing_is_told(bothy_client *client, int error)
{
	const struct bothy_table_query rows = {.size = sizeof(rows), .digest = "0000"};

	return bothy_client_flush(client, BOTHY_FOREVER) == error &&
	       bothy_objects_query(client, NULL, no_object, NULL) == error &&
	       bothy_object_read(client, "x", "latest", no_object, NULL) == error &&
	       bothy_table_rows(client, &rows, no_row, NULL) == error &&
	       bothy_call_read(client, "0000", no_call, NULL) == error &&
	       bothy_calls_query(client, NULL, no_call, NULL) == error &&
	       bothy_refs_read(client, &ref, 1, no_value, NULL) == error;
}

static bool nothing_is_told_of(bothy_server *server, int error)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	return bothy_server_stats(server, &stats) == error &&
	       bothy_server_projects(server, no_project, NULL) == error;
}

START_TEST(in_no_context_there_is_nowhere_to_record)
{
	ck_assert_int_eq(bothy_call_begin("op", NULL, &call), 0);
	traced_leave();
	ck_assert(nothing_records(-ENOENT));
	ck_assert(no_call_is_known(-ENOENT));
	ck_assert_int_eq(bothy_client_set_global(traced.client), 0);
	ck_assert(nothing_records(-ENOENT)); /* the global client is not asked */
	ck_assert_int_eq(bothy_client_set_global(NULL), 0);
}
END_TEST

START_TEST(in_no_context_digests_and_tables_work)
{
	char digest[BOTHY_DIGEST_BYTES];

	traced_leave();
	ck_assert_int_eq(bothy_value_digest("{\"a\": 1}", 8, digest), 0);
	ck_assert_str_eq(digest, "XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA");
	ck_assert_int_eq(bothy_file_digest("", 0, digest), 0);
	ck_assert_int_eq(bothy_table_add(table, "1", 1), 0);
	ck_assert_int_eq(bothy_table_add(table, "{", 1), -EINVAL);
	ck_assert_ptr_nonnull(bothy_trace_error());
}
END_TEST

START_TEST(without_a_server_nothing_is_recorded)
{
	bothy_context *context = enter("ann", "p");
	bothy_client *client = NULL;

	ck_assert_int_eq(bothy_client_new(NULL, "ann", "p", &client), 0);
	ck_assert(nothing_records(-ENOTSUP));
	ck_assert(nothing_is_told(client, -ENOTSUP));
	ck_assert(nothing_is_told_of(NULL, -EINVAL));
	leave(context);
	bothy_client_release(client);
}
END_TEST

START_TEST(a_server_of_hooks_alone_records_nothing)
{
	bothy_context *context;
	bothy_client *client = NULL;

	recorder_open();
	context = enter_recorded("ann", "p");
	ck_assert(nothing_records(-ENOTSUP));
	ck_assert_int_eq(bothy_client_new(recorder.server, "ann", "p", &client), 0);
	ck_assert(nothing_is_told(client, -ENOTSUP));
	ck_assert(nothing_is_told_of(recorder.server, -ENOTSUP));
	bothy_client_release(client);
	leave(context);
	recorder_close();
}
END_TEST

/* The server of shelf_batch_ops() with all but one operation left out, by its place among them. */
static struct bothy_server_ops only(size_t i)
{
	const struct bothy_server_ops all = shelf_batch_ops();
	struct bothy_server_ops ops[] = {
		{.obj_create = all.obj_create},
		{.table_create = all.table_create},
		{.file_create = all.file_create},
		{.calls_upsert = all.calls_upsert},
		{.obj_read = all.obj_read},
		{.objs_query = all.objs_query},
		{.table_query = all.table_query},
		{.file_content = all.file_content},
		{.call_read = all.call_read},
		{.calls_query = all.calls_query},
		{.refs_read_batch = all.refs_read_batch},
		{.projects_query = all.projects_query},
		{.flush = all.flush},
	};

	ck_assert_uint_le(COUNT(ops), ONLY_FLUSH + 1);
	ops[i].size = sizeof(ops[i]);
	ops[i].destroy = all.destroy;
	return ops[i];
}

START_TEST(a_server_with_one_write_or_read_records)
{
	for (size_t i = 0; i <= ONLY_FLUSH; i++) {
		struct bothy_server_ops ops = only(i);
		struct bothy_server_stats stats = {.size = sizeof(stats)};
		bothy_server *server = NULL;

		ck_assert_int_eq(bothy_server_new(&ops, shelf_new(), &server), 0);
		ck_assert_int_eq(bothy_server_stats(server, &stats),
		                 i == ONLY_FLUSH ? -ENOTSUP : 0);
		bothy_server_release(server);
	}
}
END_TEST

START_TEST(a_server_is_opened_by_a_url_and_asked_with_both_arguments)
{
	struct bothy_server_options bad = {.size = 1};
	struct bothy_server_stats stats = {.size = 1};
	bothy_server *server = NULL;

	ck_assert_int_eq(bothy_server_open(NULL, NULL, &server), -EINVAL);
	ck_assert_int_eq(bothy_server_open("memory:", NULL, NULL), -EINVAL);
	ck_assert_int_lt(bothy_server_open("memory:", &bad, &server), 0);
	ck_assert_ptr_null(server);
	ck_assert_int_eq(bothy_server_stats(NULL, &stats), -EINVAL);
	ck_assert_int_eq(bothy_server_stats(traced.server, NULL), -EINVAL);
	ck_assert_int_eq(bothy_server_stats(traced.server, &stats), -EINVAL);
	ck_assert_int_eq(bothy_server_projects(NULL, no_project, NULL), -EINVAL);
	ck_assert_int_eq(bothy_server_projects(traced.server, NULL, NULL), -EINVAL);
}
END_TEST

static int ask_in_child(void *arg)
{
	(void)arg;
	if (!nothing_records(-ECHILD) || !no_call_is_known(-ECHILD))
		return 1;
	if (!nothing_is_told(traced.client, -ECHILD) || !nothing_is_told_of(traced.server, -ECHILD))
		return 2;
	return 0;
}

START_TEST(after_a_fork_the_server_is_gone)
{
	ck_assert_int_eq(bothy_call_begin("op", NULL, &call), 0);
	ck_assert_int_eq(support_in_child(ask_in_child, NULL), 0);
	ck_assert_int_eq(bothy_publish(&object, "x", "1", 1, NULL), 0);
	traced_flush();
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), 0);
}
END_TEST

START_TEST(a_call_of_another_context_is_not_open_in_this_one)
{
	bothy_context *inner;

	ck_assert_int_eq(bothy_call_begin("op", NULL, &call), 0);
	inner = traced_enter("bob");
	ck_assert(no_call_is_known(-EINVAL));
	leave(inner);
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), 0);
}
END_TEST

/* ---- a server that fails --------------------------------------------------------------------------------- */

/* Whether the last failure's text begins so. */
static bool it_was_said(const char *beginning)
{
	return strncmp(bothy_trace_error(), beginning, strlen(beginning)) == 0;
}

START_TEST(what_the_server_says_of_a_query_comes_back)
{
	const struct bothy_table_query rows = {.size = sizeof(rows), .digest = "t0"};

	for (int op = OBJ_READ; op < SHELF_OPS; op++)
		atomic_store(&traced.shelf->codes[op], -EIO);
	ck_assert_int_eq(bothy_publish(&object, "", "1", 1, NULL), -EINVAL);
	ck_assert_ptr_null(strstr(bothy_trace_error(), "server"));
	ck_assert_int_eq(bothy_objects_query(traced.client, NULL, no_object, NULL), -EIO);
	ck_assert(it_was_said("objects of ann/p: the server said: ")); /* and not the text before */
	ck_assert_int_eq(bothy_object_read(traced.client, "x", "latest", no_object, NULL), -EIO);
	ck_assert(it_was_said("object x of ann/p: the server said: "));
	ck_assert_int_eq(bothy_table_rows(traced.client, &rows, no_row, NULL), -EIO);
	ck_assert(it_was_said("table t0 of ann/p: the server said: "));
	ck_assert_int_eq(bothy_call_read(traced.client, "0000", no_call, NULL), -EIO);
	ck_assert(it_was_said("call 0000 of ann/p: the server said: "));
	ck_assert_int_eq(bothy_calls_query(traced.client, NULL, no_call, NULL), -EIO);
	ck_assert(it_was_said("calls of ann/p: the server said: "));
	ck_assert_int_eq(bothy_server_projects(traced.server, no_project, NULL), -EIO);
	ck_assert(it_was_said("the projects: the server said: "));
	for (int op = OBJ_READ; op < SHELF_OPS; op++)
		atomic_store(&traced.shelf->codes[op], 3);
	ck_assert_int_eq(bothy_objects_query(traced.client, NULL, no_object, NULL), -EPROTO);
	ck_assert_int_eq(bothy_call_read(traced.client, "0000", no_call, NULL), -EPROTO);
	ck_assert_int_eq(bothy_server_projects(traced.server, no_project, NULL), -EPROTO);
}
END_TEST

static int stop_at_once(void *user, const struct bothy_object_version *version)
{
	(void)version;
	++*(int *)user;
	return 9;
}

START_TEST(each_is_not_told_more_once_it_has_had_enough)
{
	int told = 0;

	bothy_ref_release(publish_as("x", "1"));
	bothy_ref_release(publish_as("x", "2"));
	traced_flush();
	atomic_store(&traced.shelf->deaf, true);
	ck_assert_int_eq(bothy_objects_query(traced.client, NULL, stop_at_once, &told), 9);
	ck_assert_int_eq(told, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		null_is_refused_wherever_something_is_needed,
		null_is_no_call,
		queries_need_a_client_and_somebody_to_tell,
		the_parts_of_nothing_are_nothing,
		a_query_of_no_releases_size_is_refused,
		a_query_of_a_later_release_is_taken_if_it_asks_for_nothing_new,
		without_a_query_all_are_told,
		ids_are_as_many_as_said_and_none_of_them_is_null,
		an_objects_name_is_short_and_plain,
		what_is_no_value_is_refused_before_it_is_sent,
		a_value_has_a_mebibyte_as_it_is_given_and_as_it_is_stored,
		a_flush_needs_a_point_in_time,
		in_no_context_there_is_nowhere_to_record,
		in_no_context_digests_and_tables_work,
		without_a_server_nothing_is_recorded,
		a_server_of_hooks_alone_records_nothing,
		a_server_with_one_write_or_read_records,
		a_server_is_opened_by_a_url_and_asked_with_both_arguments,
		after_a_fork_the_server_is_gone,
		a_call_of_another_context_is_not_open_in_this_one,
		what_the_server_says_of_a_query_comes_back,
		each_is_not_told_more_once_it_has_had_enough,
	};

	return run_suite_with("trace arguments", setup, teardown, tests, COUNT(tests));
}
