/*
 * Fetching: what a ref names, where its extra leads, and the errors on the way.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tests/trace/traced.h"
#include "trace/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The smallest stack that a pool's thread may have; a sanitizer's frames are larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_BYTES ((size_t)1 << 20)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_BYTES ((size_t)1 << 20)
#endif
#endif
#ifndef STACK_BYTES
#define STACK_BYTES ((size_t)64 << 10)
#endif

static const char *const rows[] = {"{\"n\": 0}", "{\"n\": 1}", "{\"n\": [5, 6]}"};

static bothy_ref *parse(const char *uri)
{
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_ref_parse(uri, &ref), 0);
	return ref;
}

static bothy_ref *extend(const bothy_ref *ref, enum bothy_ref_edge edge, const char *value)
{
	bothy_ref *below = NULL;

	ck_assert_int_eq(bothy_ref_extend(ref, edge, value, &below), 0);
	return below;
}

/* The same, where REF is taken. */
static bothy_ref *extended(bothy_ref *ref, enum bothy_ref_edge edge, const char *value)
{
	bothy_ref *below = extend(ref, edge, value);

	bothy_ref_release(ref);
	return below;
}

static void release_all(bothy_ref *const *refs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bothy_ref_release(refs[i]);
}

/* Publish {"to": "REF"} under NAME. */
static bothy_ref *publish_link(const char *name, const bothy_ref *to)
{
	char json[600];

	snprintf(json, sizeof(json), "{\"to\": \"%s\"}", uri_of(to));
	return publish_as(name, json);
}

/* ---- what is fetched ---------------------------------------------------------------------- */

START_TEST(values_of_any_kind_are_fetched_as_they_were_published)
{
	static const char *const values[] = {
		"null", "true", "\"\\u00fcber\"",      "[]",
		"{}",   "-0.0", "9223372036854775807", "[1, [2, {\"a\": null}]]",
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		bothy_ref *ref = publish_thing(NULL, values[i]);

		ck_assert_str_eq(fetch_uri(uri_of(ref)), values[i]);
		bothy_ref_release(ref);
	}
}
END_TEST

START_TEST(a_fetched_value_has_the_very_ref)
{
	bothy_ref *ref = publish_thing(NULL, "1"), *got = NULL;
	bothy_value *value = NULL;
	size_t bytes = 0;

	ck_assert_int_eq(bothy_fetch(ref, &value), 0);
	ck_assert_int_eq(bothy_object_get_ref(bothy_value_object(value), &got), 0);
	ck_assert_ptr_eq(got, ref);
	ck_assert_str_eq(bothy_value_json(value, &bytes), "1");
	ck_assert_uint_eq(bytes, 1);
	bothy_ref_release(got);
	bothy_value_release(value);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(an_ops_ref_names_what_an_objects_does)
{
	bothy_ref *ref = publish_thing(NULL, "{\"code\": 1}"), *op = NULL;

	ck_assert_int_eq(bothy_ref_new_op("ann", "p", "thing", bothy_ref_digest(ref), &op), 0);
	ck_assert_str_eq(fetch_uri(uri_of(op)), "{\"code\": 1}");
	bothy_ref_release(op);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_call_is_an_object_with_its_parts)
{
	bothy_call *call = NULL;
	bothy_ref *ref = NULL;
	char id[40];

	ck_assert_int_eq(bothy_call_begin("an op", "{\"x\": 1}", &call), 0);
	ck_assert_int_eq(bothy_call_set_name(call, "shown"), 0);
	ck_assert_int_eq(bothy_call_set_summary(call, "{\"s\": 2}"), 0);
	ck_assert_int_eq(bothy_call_ref(call, &ref), 0);
	snprintf(id, sizeof(id), "\"%s\"", bothy_call_id(call));
	ck_assert_str_eq(fetch_below(ref, "key/inputs/key/x"), "1"); /* open still */
	ck_assert_str_eq(fetch_below(ref, "attr/ended_at"), "null");
	ck_assert_int_eq(bothy_call_end(call, "[7]", "broken"), 0);
	ck_assert_str_eq(fetch_below(ref, "attr/output/index/0"), "7"); /* not handed over yet */
	ck_assert_str_eq(fetch_below(ref, "attr/exception"), "\"broken\"");
	ck_assert_str_eq(fetch_below(ref, "attr/op_name"), "\"an op\"");
	ck_assert_str_eq(fetch_below(ref, "attr/display_name"), "\"shown\"");
	ck_assert_str_eq(fetch_below(ref, "attr/summary"), "{\"s\": 2}");
	ck_assert_str_eq(fetch_below(ref, "attr/attributes"), "{}");
	ck_assert_str_eq(fetch_below(ref, "attr/id"), id);
	ck_assert_str_eq(fetch_below(ref, "attr/parent_id"), "null");
	ck_assert_uint_eq(strlen(fetch_below(ref, "attr/started_at")),
	                  strlen("\"2000-01-01T00:00:00.000000000Z\""));
	ck_assert_int_eq(strncmp(fetch_below(ref, "attr/ended_at"), "\"20", 3), 0);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(any_time_is_written_or_null_where_the_calendar_does_not_reach_it)
{
	static const struct {
		bothy_wall wall;
		const char *text;
		bool is_far;
	} times[] = {
		{0, "1970-01-01T00:00:00.000000000Z", false},
		{-1, "1969-12-31T23:59:59.999999999Z", false},
		{-1000000000, "1969-12-31T23:59:59.000000000Z", false},
		{INT64_MAX, "2262-04-11T23:47:16.854775807Z", true},
		{INT64_MIN, "1677-09-21T00:12:43.145224192Z", true},
	};

	for (size_t i = 0; i < COUNT(times); i++) {
		const struct bothy_call_record call = {
			.start = {.id = "1", .op = "op", .started = times[i].wall},
		};
		json_t *value = NULL, *text;

		ck_assert_int_eq(record_value(&call, &value), 0);
		text = json_object_get(value, "started_at");
		if (times[i].is_far && sizeof(time_t) < sizeof(times[i].wall))
			ck_assert(json_is_null(text));
		else
			ck_assert_str_eq(json_string_value(text), times[i].text);
		json_decref(value);
	}
}
END_TEST

/* ---- steps ---------------------------------------------------------------------------------- */

START_TEST(each_step_goes_down_into_the_value)
{
	bothy_ref *ref = publish_thing(NULL, "{\"a b\": [10, {\"c\": true}], \"\\u00fc\": 3}");

	ck_assert_str_eq(fetch_below(ref, "key/a%20b"), "[10, {\"c\": true}]");
	ck_assert_str_eq(fetch_below(ref, "attr/a%20b/index/0"), "10");
	ck_assert_str_eq(fetch_below(ref, "key/a%20b/index/1/key/c"), "true");
	ck_assert_str_eq(fetch_below(ref, "key/%C3%BC"), "3");
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_step_to_what_is_not_there_says_which)
{
	bothy_ref *ref = publish_thing(NULL, "{\"list\": [1], \"n\": 1, \"s\": \"text\"}");

	ck_assert_int_eq(fetch_error_below(ref, "key/gone"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "key gone"));
	ck_assert_int_eq(fetch_error_below(ref, "index/0"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "id/x"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/index/1"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/index/4294967296"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/index/18446744073709551616"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/key/0"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/id/0"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/n/key/x"), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "key x"));
	ck_assert_int_eq(fetch_error_below(ref, "key/s/index/0"), -ENOTDIR);
	ck_assert_int_eq(fetch_error_below(ref, "key/list/index/0/attr/x"), -ENOTDIR);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_string_that_only_looks_like_a_ref_has_no_parts)
{
	bothy_ref *ref = publish_thing(NULL, "[\"weave:///ann/p/nothing/x\"]");

	ck_assert_str_eq(fetch_below(ref, "index/0"), "\"weave:///ann/p/nothing/x\"");
	ck_assert_int_eq(fetch_error_below(ref, "index/0/key/x"), -ENOTDIR);
	bothy_ref_release(ref);
}
END_TEST

/* ---- refs on the way ---------------------------------------------------------------------- */

START_TEST(a_step_goes_through_a_ref_but_the_last_one_stops_at_it)
{
	bothy_ref *inner = publish_as("inner", "{\"list\": [1, 2]}");
	bothy_ref *list = extend(inner, BOTHY_REF_KEY, "list");
	bothy_ref *outer = publish_link("outer", inner);
	bothy_ref *to_list = publish_link("to_list", list);
	bothy_ref *twice = publish_link("twice", to_list);
	char quoted[600];

	snprintf(quoted, sizeof(quoted), "\"%s\"", uri_of(inner));
	ck_assert_str_eq(fetch_below(outer, "key/to"), quoted);
	ck_assert_str_eq(fetch_below(outer, "key/to/key/list/index/1"), "2");
	ck_assert_str_eq(fetch_below(to_list, "key/to/index/0"), "1");
	ck_assert_str_eq(fetch_below(twice, "key/to/key/to/index/1"), "2");
	bothy_ref_release(inner);
	bothy_ref_release(list);
	bothy_ref_release(outer);
	bothy_ref_release(to_list);
	bothy_ref_release(twice);
}
END_TEST

START_TEST(a_step_goes_on_in_a_tables_rows)
{
	bothy_ref *table = publish_rows(rows, COUNT(rows));
	bothy_ref *ref = publish_link("data", table);
	bothy_table *fetched = NULL;
	const char *digest = NULL;
	char extra[128];

	ck_assert_str_eq(fetch_below(ref, "key/to/index/1"), "{\"n\": 1}");
	ck_assert_str_eq(fetch_below(ref, "key/to/index/2/key/n/index/1"), "6");
	ck_assert_int_eq(bothy_table_fetch(table, 0, 0, &fetched), 0);
	(void)bothy_table_row(fetched, 2, NULL, &digest);
	snprintf(extra, sizeof(extra), "key/to/id/%s/attr/n", digest);
	ck_assert_str_eq(fetch_below(ref, extra), "[5, 6]");
	ck_assert_int_eq(fetch_error_below(ref, "key/to/index/3"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/to/index/4294967296"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/to/index/9223372036854775807"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/to/index/9223372036854775808"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/to/id/unknown"), -ENOENT);
	ck_assert_int_eq(fetch_error_below(ref, "key/to/key/n"), -ENOENT);
	bothy_table_release(fetched);
	bothy_ref_release(table);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_ref_on_the_way_to_another_project_or_to_nothing_is_not_followed)
{
	bothy_ref *foreign = ref_of("bob", "p", "x"), *gone = ref_of("ann", "p", "x");
	bothy_ref *to_foreign = publish_link("to_foreign", foreign);
	bothy_ref *to_gone = publish_link("to_gone", gone);

	ck_assert_int_eq(fetch_error_below(to_foreign, "key/to/key/a"), -EACCES);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "weave:///bob/p/object/x"));
	ck_assert_int_eq(fetch_error_below(to_gone, "key/to/key/a"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "weave:///ann/p/object/x:digest"));
	bothy_ref_release(foreign);
	bothy_ref_release(gone);
	bothy_ref_release(to_foreign);
	bothy_ref_release(to_gone);
}
END_TEST

/* Publish a chain of N links above {"end": 1}; each has the key "to". */
static bothy_ref *publish_chain(int n)
{
	bothy_ref *ref = publish_as("end", "{\"end\": 1}");

	for (int i = 0; i < n; i++) {
		bothy_ref *next = publish_link("link", ref);

		bothy_ref_release(ref);
		ref = next;
	}
	return ref;
}

static const char *many_steps(int n, const char *last)
{
	static char extra[2000];

	extra[0] = '\0';
	for (int i = 0; i < n; i++)
		strcat(extra, "key/to/");
	return strcat(extra, last);
}

START_TEST(sixty_four_refs_on_the_way_are_fine_and_more_are_too_many)
{
	bothy_ref *ref = publish_chain(65);

	ck_assert_int_eq(fetch_error_below(ref, many_steps(65, "key/end")), -ELOOP);
	ck_assert_ptr_nonnull(bothy_trace_error());
	bothy_ref_release(ref);
	ref = publish_chain(64);
	ck_assert_str_eq(fetch_below(ref, many_steps(64, "key/end")), "1");
	bothy_ref_release(ref);
}
END_TEST

static int fetch_far(void *arg, void **ret_result)
{
	bothy_value *value = NULL;
	int error = bothy_fetch(arg, &value);

	(void)ret_result;
	bothy_value_release(value);
	return error;
}

START_TEST(the_longest_way_needs_little_stack)
{
	struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = 1,
		.stack_bytes = STACK_BYTES,
	};
	/* Each of its refs is met on the way along the one before. */
	bothy_ref *self =
		publish_as("self", "[\"weave:///ann/p/object/self:latest/index/0/index/0\"]");
	bothy_ref *far = extended(extend(self, BOTHY_REF_INDEX, "0"), BOTHY_REF_INDEX, "0");

	traced_flush();
	ck_assert_int_eq(bothy_pool_new(traced.server, &options, &pool), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fetch_far, .arg = far))), ELOOP);
	bothy_pool_free(pool);
	pool = NULL;
	bothy_ref_release(self);
	bothy_ref_release(far);
}
END_TEST

START_TEST(refs_that_lead_in_a_circle_end)
{
	bothy_ref *ref =
		publish_as("round", "{\"to\": \"weave:///ann/p/object/round:latest/key/to\"}");
	bothy_ref *self =
		publish_as("self", "[\"weave:///ann/p/object/self:latest/index/0/index/0\"]");

	ck_assert_int_eq(fetch_error_below(ref, "key/to/key/x"), -ELOOP);
	ck_assert_int_eq(fetch_error_below(self, "index/0/index/0"), -ELOOP);
	bothy_ref_release(ref);
	bothy_ref_release(self);
}
END_TEST

/* ---- what there is not ------------------------------------------------------------------------ */

START_TEST(what_does_not_exist_is_not_found)
{
	ck_assert_int_eq(fetch_error("weave:///ann/p/object/thing:0000"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "weave:///ann/p/object/thing:0000"));
	ck_assert_int_eq(fetch_error("weave:///ann/p/object/thing:latest"), -ENOENT);
	ck_assert_int_eq(fetch_error("weave:///ann/p/table/0000"), -ENOENT);
	ck_assert_int_eq(fetch_error("weave:///ann/p/call/0000"), -ENOENT);
}
END_TEST

START_TEST(no_project_reaches_anothers_by_its_ref_or_digest)
{
	bothy_ref *ref = publish_thing(NULL, "\"secret\"");
	char uri[200];
	bothy_context *bob;

	traced_flush();
	bob = traced_enter("bob");
	ck_assert_int_eq(fetch_error(uri_of(ref)), -EACCES);
	snprintf(uri, sizeof(uri), "weave:///bob/p/object/thing:%s", bothy_ref_digest(ref));
	ck_assert_int_eq(fetch_error(uri), -ENOENT);
	leave(bob);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(what_other_contexts_published_is_found_once_it_is_stored)
{
	bothy_ref *ref = publish_thing(NULL, "1");
	bothy_context *inner;

	traced_leave();
	traced_flush();
	inner = traced_enter("ann");
	ck_assert_str_eq(fetch_uri(uri_of(ref)), "1");
	leave(inner);
	bothy_ref_release(ref);
}
END_TEST

static int fetch_in_each(void *user, const struct bothy_object_version *object)
{
	char uri[200];

	snprintf(uri, sizeof(uri), "weave:///ann/p/object/%s:%s", object->name, object->digest);
	ck_assert_str_eq(fetch_uri(uri), object->json);
	++*(int *)user;
	return 0;
}

START_TEST(what_is_stored_may_be_fetched_while_a_query_tells_of_it)
{
	int n = 0;

	bothy_ref_release(publish_thing(NULL, "1"));
	bothy_ref_release(publish_thing(NULL, "2"));
	traced_flush();
	ck_assert_int_eq(bothy_objects_query(traced.client, NULL, fetch_in_each, &n), 0);
	ck_assert_int_eq(n, 2);
}
END_TEST

/* ---- one value, many tenants ---------------------------------------------------------------------- */

enum { TENANTS = 4, ROUNDS = 200 };

static bothy_value *shared;

static void *use_shared(void *arg)
{
	const char *entity = arg;

	gate_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		bothy_context *context = traced_enter(entity);
		bothy_value *own = bothy_value_hold(shared);

		ck_assert_ref(bothy_value_object(own), NULL);
		put_ref(bothy_value_object(own), entity, "p", entity);
		ck_assert_ref(bothy_value_object(own), entity);
		ck_assert_str_eq(bothy_value_json(own, NULL), "[1]");
		ck_assert_int_eq(bothy_object_set_ref(bothy_value_object(own), NULL), 0);
		bothy_value_release(own);
		leave(context);
	}
	bothy_value_release(shared);
	return NULL;
}

START_TEST(tenants_that_share_a_value_see_their_own_refs)
{
	static char entities[TENANTS][4] = {"bob", "cyd", "dan", "eve"};
	bothy_ref *ref = publish_thing(NULL, "[1]");
	pthread_t threads[TENANTS];

	ck_assert_int_eq(bothy_fetch(ref, &shared), 0);
	bothy_ref_release(ref);
	for (int i = 0; i < TENANTS; i++) {
		(void)bothy_value_hold(shared);
		threads[i] = support_thread(use_shared, entities[i]);
	}
	bothy_value_release(shared);
	gate_await(&gate, TENANTS);
	gate_open(&gate);
	for (int i = 0; i < TENANTS; i++)
		support_join(threads[i]);
}
END_TEST

/* ---- many refs --------------------------------------------------------------------------------------- */

struct told {
	size_t n, stop_after;
	int errors[16];
	char texts[16][64];
};

static int keep(void *user, size_t i, int error, const char *json, size_t bytes)
{
	struct told *told = user;

	ck_assert_uint_eq(i, told->n);
	told->errors[i] = error;
	if (error == 0) {
		ck_assert_uint_eq(strlen(json), bytes);
		snprintf(told->texts[i], sizeof(told->texts[i]), "%s", json);
	} else {
		ck_assert_ptr_null(json);
	}
	told->n++;
	return told->n == told->stop_after ? 42 : 0;
}

START_TEST(many_refs_are_told_in_order_each_with_its_own_error)
{
	bothy_ref *object = publish_as("o", "{\"a\": [1, 2], \"n\": 1}");
	bothy_ref *table = publish_rows(rows, COUNT(rows));
	bothy_ref *data = publish_link("data", table);
	bothy_ref *list = extend(object, BOTHY_REF_KEY, "a");
	bothy_ref *refs[] = {
		list,
		parse("weave:///ann/p/object/o:0000"),
		table,
		parse("weave:///bob/p/object/o:0000"),
		object,
		extend(list, BOTHY_REF_INDEX, "7"),
		extended(extend(data, BOTHY_REF_KEY, "to"), BOTHY_REF_INDEX, "1"),
		extended(extend(object, BOTHY_REF_KEY, "n"), BOTHY_REF_KEY, "x"),
		bothy_ref_hold(object),
		parse("weave:///ann/p/call/0000"),
	};
	static const int errors[] = {0, -ENOENT, 0, -EACCES, 0, -ENOENT, 0, -ENOTDIR, 0, -ENOENT};
	struct told told = {.stop_after = 100};

	traced_flush();
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, COUNT(refs), keep, &told), 0);
	ck_assert_uint_eq(told.n, COUNT(refs));
	for (size_t i = 0; i < COUNT(refs); i++)
		ck_assert_int_eq(told.errors[i], errors[i]);
	ck_assert_str_eq(told.texts[0], "[1, 2]");
	ck_assert_str_eq(told.texts[2], "[{\"n\": 0}, {\"n\": 1}, {\"n\": [5, 6]}]");
	ck_assert_str_eq(told.texts[4], "{\"a\": [1, 2], \"n\": 1}");
	ck_assert_str_eq(told.texts[6], "{\"n\": 1}");
	ck_assert_str_eq(told.texts[8], told.texts[4]);

	told = (struct told){.stop_after = 2};
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, COUNT(refs), keep, &told), 42);
	ck_assert_uint_eq(told.n, 2);
	ck_assert_int_eq(bothy_refs_read(traced.client, NULL, 0, keep, &told), 0);
	release_all(refs, COUNT(refs));
	bothy_ref_release(data);
}
END_TEST

/* ---- without memory ------------------------------------------------------------------------------------- */

START_TEST(without_memory_a_fetch_leaves_nothing)
{
	bothy_ref *table = publish_rows(rows, COUNT(rows));
	bothy_ref *data = publish_link("data", table);
	bothy_ref *ref = extended(extend(data, BOTHY_REF_KEY, "to"), BOTHY_REF_INDEX, "1");
	bothy_value *value = NULL;
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		int error;

		traced_flush();
		support_fail_allocation(n);
		error = bothy_fetch(ref, &value);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert(failed == (value == NULL));
	}
	ck_assert_str_eq(bothy_value_json(value, NULL), "{\"n\": 1}");
	bothy_value_release(value);
	bothy_ref_release(ref);
	bothy_ref_release(data);
	bothy_ref_release(table);
}
END_TEST

static int count_told(void *user, size_t i, int error, const char *json, size_t bytes)
{
	(void)i, (void)json, (void)bytes;
	if (error == -ENOMEM)
		return error;
	++*(int *)user;
	return error;
}

START_TEST(without_memory_many_refs_are_told_so_or_the_call_is)
{
	bothy_ref *object = publish_as("o", "{\"a\": [1, 2]}");
	bothy_ref *refs[] = {object, extend(object, BOTHY_REF_KEY, "a"),
	                     publish_rows(rows, COUNT(rows))};
	bool failed = true;

	traced_flush();
	for (unsigned long n = 1; failed; n++) {
		int error, told = 0;

		support_fail_allocation(n);
		error = bothy_refs_read(traced.client, refs, COUNT(refs), count_told, &told);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert(failed ? told < 3 : told == 3);
	}
	release_all(refs, COUNT(refs));
}
END_TEST

/* ---- a server of one's own ----------------------------------------------------------------------------------- */

START_TEST(another_projects_ref_does_not_reach_the_server)
{
	ck_assert_int_eq(fetch_error("weave:///bob/p/object/x:0000"), -EACCES);
	ck_assert_int_eq(fetch_error("weave:///ann/q/table/0000"), -EACCES);
	ck_assert_int_eq(fetch_error("weave:///bob/p/call/0000"), -EACCES);
	for (int op = 0; op < SHELF_OPS; op++)
		ck_assert_int_eq(atomic_load(&traced.shelf->asked[op]), 0);
}
END_TEST

START_TEST(a_step_into_a_table_reads_one_row)
{
	enum { MANY = 1000 };
	const char *many[MANY];
	bothy_ref *table, *data;

	for (int i = 0; i < MANY; i++)
		many[i] = "[1]";
	table = publish_rows(many, MANY);
	data = publish_link("data", table);
	ck_assert_str_eq(fetch_below(data, "key/to/index/700/index/0"), "1");
	ck_assert_uint_eq(atomic_load(&traced.shelf->rows_told), 1);
	bothy_ref_release(table);
	bothy_ref_release(data);
}
END_TEST

START_TEST(what_is_missing_is_waited_for_once)
{
	ck_assert_int_eq(fetch_error("weave:///ann/p/object/x:0000"), -ENOENT);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[OBJ_READ]), 2);
	ck_assert_int_eq(fetch_error("weave:///ann/p/table/0000"), -ENOENT);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[TABLE_QUERY]), 2);
	ck_assert_int_eq(fetch_error("weave:///ann/p/call/0000"), -ENOENT);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[CALL_READ]),
	                 1); /* it has waited before */
}
END_TEST

START_TEST(a_fetch_waits_until_the_deadline_at_most)
{
	struct bothy_context_options options = {.size = sizeof(options), .deadline = BOTHY_NOW};
	bothy_context *hurried = NULL;
	bothy_ref *ref;
	bothy_value *value = NULL;

	atomic_store(&traced.shelf->stops, true);
	ck_assert_int_eq(bothy_context_enter(traced.server, "ann", "p", &options, &hurried), 0);
	ref = publish_thing(NULL, "1");
	ck_assert_int_eq(bothy_fetch(ref, &value), -ETIMEDOUT);
	gate_open(&traced.shelf->gate);
	leave(hurried);
	ck_assert_int_eq(bothy_fetch(ref, &value), 0);
	bothy_value_release(value);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(what_is_stored_and_no_json_is_a_bad_message)
{
	static const char *const bad[] = {"", "{", "nope", "{\"a\": 1, \"a\": 2}", "\"\xff\""};
	bothy_table *table = NULL;
	bothy_ref *ref = parse("weave:///ann/p/table/bad");

	for (size_t i = 0; i < COUNT(bad); i++) {
		char digest[8], uri[64];

		snprintf(digest, sizeof(digest), "%zu", i);
		snprintf(uri, sizeof(uri), "weave:///ann/p/object/bad:%s", digest);
		shelf_put(traced.shelf, SHELF_OBJECT, "bad", digest, bad[i]);
		ck_assert_int_eq(fetch_error(uri), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(bothy_trace_error(), uri));
		shelf_put(traced.shelf, SHELF_CALL, "", digest, bad[i]);
		snprintf(uri, sizeof(uri), "weave:///ann/p/call/%s", digest);
		ck_assert_int_eq(fetch_error(uri), -EBADMSG);
	}
	shelf_put(traced.shelf, SHELF_TABLE, "", "bad", "");
	shelf_put(traced.shelf, SHELF_ROW, "bad", "row", "[");
	ck_assert_int_eq(fetch_error("weave:///ann/p/table/bad"), -EBADMSG);
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), -EBADMSG);
	ck_assert_ptr_null(table);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(what_is_stored_is_told_in_canonical_form)
{
	shelf_put(traced.shelf, SHELF_OBJECT, "odd", "1", " {\"b\":1,\"a\":[1,2]}");
	ck_assert_str_eq(fetch_uri("weave:///ann/p/object/odd:1"), "{\"a\": [1, 2], \"b\": 1}");
}
END_TEST

/* What fetching an object, table and call says while the shelf is as the test made it. */
static void expect_fetches(int error)
{
	bothy_ref *ref = parse("weave:///ann/p/table/t");
	bothy_table *table = NULL;

	ck_assert_int_eq(fetch_error("weave:///ann/p/object/o:1"), error);
	ck_assert_int_eq(fetch_error("weave:///ann/p/table/t"), error);
	ck_assert_int_eq(fetch_error("weave:///ann/p/call/c"), error);
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), error);
	bothy_table_release(table);
	bothy_ref_release(ref);
}

static void fail_reads(int code)
{
	for (int op = OBJ_READ; op < SHELF_OPS; op++)
		atomic_store(&traced.shelf->codes[op], code);
}

static void put_one_of_each(void)
{
	shelf_put(traced.shelf, SHELF_OBJECT, "o", "1", "[1]");
	shelf_put(traced.shelf, SHELF_ROW, "t", "row", "[1]");
	shelf_put(traced.shelf, SHELF_TABLE, "", "t", "");
	shelf_put(traced.shelf, SHELF_CALL, "", "c", "[1]");
}

START_TEST(what_the_server_says_comes_back)
{
	put_one_of_each();
	expect_fetches(0);
	fail_reads(-EIO);
	expect_fetches(-EIO);
	fail_reads(5);
	expect_fetches(-EPROTO);
	fail_reads(0);
	expect_fetches(0);
}
END_TEST

START_TEST(a_server_that_tells_twice_does_no_harm)
{
	put_one_of_each();
	atomic_store(&traced.shelf->twice, true);
	ck_assert_str_eq(fetch_uri("weave:///ann/p/object/o:1"), "[1]");
	ck_assert_str_eq(fetch_uri("weave:///ann/p/call/c/attr/output"), "[1]");
}
END_TEST

START_TEST(a_server_that_tells_nothing_is_not_believed)
{
	put_one_of_each();
	atomic_store(&traced.shelf->mute, true);
	ck_assert_int_eq(fetch_error("weave:///ann/p/object/o:1"), -EPROTO);
	ck_assert_int_eq(fetch_error("weave:///ann/p/call/c"), -EPROTO);
}
END_TEST

START_TEST(an_error_in_each_comes_back_from_a_server_that_does_not_heed_it)
{
	put_one_of_each();
	shelf_put(traced.shelf, SHELF_OBJECT, "o", "1", "{");
	atomic_store(&traced.shelf->deaf, true);
	ck_assert_int_eq(fetch_error("weave:///ann/p/object/o:1"), -EBADMSG);
}
END_TEST

/* A server that has the writes alone. */
static void expect_no_reads(void)
{
	bothy_ref *ref = parse("weave:///ann/p/object/o:1"), *refs[] = {ref};
	struct told told = {0};
	void *content;
	size_t bytes;

	expect_fetches(-ENOTSUP);
	ck_assert_int_eq(bothy_file_fetch("0000", &content, &bytes), -ENOTSUP);
	ck_assert_int_eq(bothy_refs_read(bothy_client_current(), refs, 1, keep, &told), 0);
	ck_assert_int_eq(told.errors[0], -ENOTSUP);
	bothy_ref_release(ref);
}

START_TEST(a_read_that_the_server_does_not_have_is_not_supported)
{
	const struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.obj_create = shelf_ops.obj_create,
		.destroy = shelf_ops.destroy,
	};
	bothy_server *server = NULL;
	bothy_context *context = NULL;

	ck_assert_int_eq(bothy_server_new(&ops, shelf_new(), &server), 0);
	ck_assert_int_eq(bothy_context_enter(server, "ann", "p", NULL, &context), 0);
	expect_no_reads();
	leave(context);
	bothy_server_release(server);
}
END_TEST

/* ---- ... that reads many refs at once -------------------------------------------------------------------------- */

START_TEST(the_server_is_asked_for_many_refs_at_once)
{
	bothy_ref *refs[] = {
		parse("weave:///ann/p/object/o:1/index/0"),
		parse("weave:///ann/p/table/t"),
		parse("weave:///ann/p/op/o:1"),
		parse("weave:///ann/p/object/gone:1/index/0"),
	};
	struct told told = {0};

	put_one_of_each();
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, COUNT(refs), keep, &told), 0);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[REFS_READ_BATCH]), 1);
	ck_assert_int_eq(atomic_load(&traced.shelf->asked[OBJ_READ]), 0);
	ck_assert_str_eq(told.texts[0], "1");
	ck_assert_str_eq(told.texts[2], "[1]");
	ck_assert_int_eq(told.errors[3], -ENOENT);
	release_all(refs, COUNT(refs));
}
END_TEST

START_TEST(a_batch_that_fails_or_is_nonsense_is_an_error)
{
	bothy_ref *ref = parse("weave:///ann/p/object/o:1"), *refs[] = {ref, ref};
	struct told told = {0};

	put_one_of_each();
	fail_reads(-EIO);
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, 2, keep, &told), -EIO);
	fail_reads(0);
	atomic_store(&traced.shelf->twice, true);
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, 2, keep, &told), -EPROTO);
	ck_assert_uint_eq(told.n, 0);
	atomic_store(&traced.shelf->mute, true);
	ck_assert_int_eq(bothy_refs_read(traced.client, refs, 2, keep, &told), 0);
	ck_assert_int_eq(told.errors[0], -EPROTO);
	ck_assert_int_eq(told.errors[1], -EPROTO);
	bothy_ref_release(ref);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		values_of_any_kind_are_fetched_as_they_were_published,
		a_fetched_value_has_the_very_ref,
		an_ops_ref_names_what_an_objects_does,
		each_step_goes_down_into_the_value,
		a_step_to_what_is_not_there_says_which,
		a_string_that_only_looks_like_a_ref_has_no_parts,
		a_step_goes_through_a_ref_but_the_last_one_stops_at_it,
		a_step_goes_on_in_a_tables_rows,
		a_ref_on_the_way_to_another_project_or_to_nothing_is_not_followed,
		sixty_four_refs_on_the_way_are_fine_and_more_are_too_many,
		the_longest_way_needs_little_stack,
		refs_that_lead_in_a_circle_end,
		what_does_not_exist_is_not_found,
		no_project_reaches_anothers_by_its_ref_or_digest,
		what_other_contexts_published_is_found_once_it_is_stored,
		what_is_stored_may_be_fetched_while_a_query_tells_of_it,
		tenants_that_share_a_value_see_their_own_refs,
		many_refs_are_told_in_order_each_with_its_own_error,
		without_memory_a_fetch_leaves_nothing,
		without_memory_many_refs_are_told_so_or_the_call_is,
	};
	const TTest *const built_in[] = {
		a_call_is_an_object_with_its_parts,
		any_time_is_written_or_null_where_the_calendar_does_not_reach_it,
	};
	const TTest *const on_shelf[] = {
		another_projects_ref_does_not_reach_the_server,
		a_step_into_a_table_reads_one_row,
		what_is_missing_is_waited_for_once,
		a_fetch_waits_until_the_deadline_at_most,
		what_is_stored_and_no_json_is_a_bad_message,
		what_is_stored_is_told_in_canonical_form,
		what_the_server_says_comes_back,
		a_server_that_tells_twice_does_no_harm,
		a_server_that_tells_nothing_is_not_believed,
		an_error_in_each_comes_back_from_a_server_that_does_not_heed_it,
		a_read_that_the_server_does_not_have_is_not_supported,
	};
	const TTest *const on_batching[] = {
		the_server_is_asked_for_many_refs_at_once,
		a_batch_that_fails_or_is_nonsense_is_an_error,
	};

	return run_on_every_server("fetch", tests, COUNT(tests)) |
	       run_on_built_in("fetch", built_in, COUNT(built_in)) |
	       run_on_shelf("fetch", on_shelf, COUNT(on_shelf)) |
	       run_on_batching_shelf("fetch", on_batching, COUNT(on_batching));
}
