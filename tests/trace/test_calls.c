/*
 * Calls: how they nest, what of them is stored, and how they end.
 */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/bothy.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"

static bothy_server *server;
static bothy_client *client; /* of ann's p, to look with */
static bothy_context *context;

static void setup(void)
{
	fixture_setup();
	ck_assert_int_eq(bothy_server_open("memory:", NULL, &server), 0);
	ck_assert_int_eq(bothy_client_new(server, "ann", "p", &client), 0);
	ck_assert_int_eq(bothy_context_enter(server, "ann", "p", NULL, &context), 0);
}

static void leave(void)
{
	if (context != NULL)
		ck_assert_int_eq(bothy_context_exit(context), 0);
	context = NULL;
}

static void teardown(void)
{
	leave();
	fixture_teardown();
	bothy_client_release(client);
	bothy_server_release(server);
}

/* ---- looking -------------------------------------------------------------------------------- */

/* A call as it is stored. */
struct seen {
	char id[40], trace_id[40], parent_id[40], op[64], name[64], attributes[64], inputs[64];
	char output[64], exception[64], summary[64];
	bothy_wall started, ended;
	bool has_ended;
};

static void copy(char to[64], const char *text)
{
	snprintf(to, 64, "%s", text != NULL ? text : "-");
}

static int see(void *user, const struct bothy_call_record *call)
{
	struct seen *seen = user;

	memset(seen, 0, sizeof(*seen));
	snprintf(seen->id, sizeof(seen->id), "%s", call->start.id);
	snprintf(seen->trace_id, sizeof(seen->trace_id), "%s", call->start.trace_id);
	snprintf(seen->parent_id, sizeof(seen->parent_id), "%s",
	         call->start.parent_id != NULL ? call->start.parent_id : "-");
	copy(seen->op, call->start.op);
	copy(seen->name, call->start.display_name);
	copy(seen->attributes, call->start.attributes_json);
	copy(seen->inputs, call->start.inputs_json);
	copy(seen->output, call->end.output_json);
	copy(seen->exception, call->end.exception);
	copy(seen->summary, call->end.summary_json);
	seen->started = call->start.started;
	seen->ended = call->end.ended;
	seen->has_ended = call->has_ended;
	return 0;
}

/* The one call of that op; all that was handed over is stored first. */
static struct seen look(const char *op)
{
	struct bothy_calls_query query = {.size = sizeof(query), .op = op};
	struct seen seen = {.op = ""};

	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_calls_query(client, &query, see, &seen), 0);
	ck_assert_str_eq(seen.op, op);
	return seen;
}

static int count_one(void *n, const struct bothy_call_record *call)
{
	(void)call;
	++*(int *)n;
	return 0;
}

static int calls_stored(void)
{
	struct bothy_calls_query query = {.size = sizeof(query)};
	int n = 0;

	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_calls_query(client, &query, count_one, &n), 0);
	return n;
}

static bothy_call *begin(const char *op)
{
	bothy_call *call;

	ck_assert_int_eq(bothy_call_begin(op, NULL, &call), 0);
	return call;
}

static void end(bothy_call *call)
{
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), 0);
}

/* ---- one call -------------------------------------------------------------------------------- */

START_TEST(a_call_is_stored_with_all_its_parts)
{
	bothy_call *call;
	struct seen seen;

	ck_assert_int_eq(bothy_attributes_set("{\"env\":\"test\"}"), 0);
	ck_assert_int_eq(bothy_call_begin("op", "{\"b\":1,\"a\":[true,null]}", &call), 0);
	ck_assert_int_eq(bothy_call_set_name(call, "for people"), 0);
	ck_assert_int_eq(bothy_call_set_summary(call, "{\"n\":1}"), 0);
	ck_assert_int_eq(bothy_call_end(call, "1.50", "it broke"), 0);
	leave();
	seen = look("op");
	ck_assert_str_eq(seen.attributes, "{\"env\": \"test\"}");
	ck_assert_str_eq(seen.inputs, "{\"a\": [true, null], \"b\": 1}");
	ck_assert_str_eq(seen.name, "for people");
	ck_assert_str_eq(seen.summary, "{\"n\": 1}");
	ck_assert_str_eq(seen.output, "1.5");
	ck_assert_str_eq(seen.exception, "it broke");
	ck_assert(seen.has_ended);
	ck_assert_int_le(seen.started, seen.ended);
	ck_assert_int_gt(seen.started, INT64_C(1600000000) * 1000000000);
}
END_TEST

START_TEST(what_is_not_given_is_empty)
{
	struct seen seen;

	end(begin("op"));
	leave();
	seen = look("op");
	ck_assert_str_eq(seen.attributes, "{}");
	ck_assert_str_eq(seen.inputs, "{}");
	ck_assert_str_eq(seen.name, "-");
	ck_assert_str_eq(seen.summary, "-");
	ck_assert_str_eq(seen.output, "-");
	ck_assert_str_eq(seen.exception, "-");
	ck_assert_str_eq(seen.parent_id, "-");
}
END_TEST

START_TEST(an_open_call_is_stored_by_a_flush_and_completed_later)
{
	bothy_call *call = begin("op");
	struct seen seen;

	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), 0);
	ck_assert(!look("op").has_ended);
	ck_assert_int_eq(bothy_call_set_name(call, "renamed"), 0);
	ck_assert_int_eq(bothy_call_set_inputs(call, "{\"x\":2}"), 0);
	ck_assert_int_eq(bothy_call_set_output(call, "3"), 0);
	ck_assert_int_eq(bothy_call_set_output(call, "4"), 0);
	end(call);
	leave();
	seen = look("op");
	ck_assert(seen.has_ended);
	ck_assert_str_eq(seen.name, "renamed");
	ck_assert_str_eq(seen.inputs, "{\"x\": 2}");
	ck_assert_str_eq(seen.output, "4");
	ck_assert_int_eq(calls_stored(), 1);
}
END_TEST

START_TEST(a_call_ends_once_and_in_its_own_context)
{
	bothy_call *call = begin("op"), *other;
	bothy_context *inner;

	ck_assert_int_eq(bothy_context_enter(server, "ann", "p", NULL, &inner), 0);
	ck_assert_ptr_null(bothy_call_current());
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), -EINVAL);
	other = begin("other");
	end(other);
	ck_assert_int_eq(bothy_context_exit(inner), 0);
	end(call);
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), -EINVAL);
	ck_assert_ptr_nonnull(bothy_trace_error());
	ck_assert_int_eq(bothy_call_set_name(call, "x"), -EINVAL);
}
END_TEST

START_TEST(bad_values_leave_the_call_as_it_was)
{
	char op[1026], name[1026];
	bothy_call *call = begin("op");

	memset(op, 'x', sizeof(op) - 1);
	op[sizeof(op) - 1] = '\0';
	memcpy(name, op, sizeof(op));
	ck_assert_int_eq(bothy_call_begin(op, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_begin("", NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_begin("caf\xe9", NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_begin("op2", "[1]", NULL), -EINVAL);
	ck_assert_int_eq(bothy_call_begin("op2", "{", NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "inputs"));
	ck_assert_int_eq(bothy_call_set_name(call, name), -EINVAL);
	ck_assert_int_eq(bothy_call_set_name(call, "caf\xe9"), -EINVAL);
	ck_assert_int_eq(bothy_call_set_summary(call, "1"), -EINVAL);
	ck_assert_int_eq(bothy_call_set_output(call, "nope"), -EINVAL);
	ck_assert_int_eq(bothy_call_end(call, "nope", NULL), -EINVAL);
	ck_assert_int_eq(bothy_attributes_set("[]"), -EINVAL);
	ck_assert_ptr_eq(bothy_call_current(), call);
	end(call);
	leave();
	ck_assert_int_eq(calls_stored(), 1);
}
END_TEST

START_TEST(names_are_utf8_and_an_exception_is_made_so)
{
	static const char *const wrong[] = {"\xff", "ab\xc3", "\xc0\x80", "\xed\xa0\x80 c",
	                                    "\xf4\x90\x80\x80"};
	bothy_call *call = begin("caf\xc3\xa9 \xf0\x9f\x98\x80");
	bothy_value *value = NULL;
	bothy_ref *ref;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_int_eq(bothy_call_begin(wrong[i], NULL, NULL), -EINVAL);
		ck_assert_str_eq(bothy_trace_error(), "a call's op is not UTF-8");
		ck_assert_int_eq(bothy_call_set_name(call, wrong[i]), -EINVAL);
		ck_assert_str_eq(bothy_trace_error(), "the display name is not UTF-8");
	}
	ck_assert_int_eq(bothy_call_ref(call, &ref), 0);
	ck_assert_int_eq(bothy_call_end(call, NULL, "no \xff\xc3 caf\xc3\xa9 \xe2\x82"), 0);
	ck_assert_int_eq(bothy_fetch(ref, &value), 0);
	ck_assert_ptr_nonnull(strstr(bothy_value_json(value, NULL),
	                             "\"no \\ufffd\\ufffd caf\\u00e9 \\ufffd\\ufffd\""));
	bothy_value_release(value);
	bothy_ref_release(ref);
}
END_TEST

/* ---- nesting ----------------------------------------------------------------------------------- */

START_TEST(nested_calls_get_parent_and_trace)
{
	bothy_call *outer = begin("outer"), *inner = begin("inner");
	struct seen seen_outer, seen_inner;

	ck_assert_ptr_eq(bothy_call_current(), inner);
	ck_assert_str_eq(bothy_call_trace_id(inner), bothy_call_trace_id(outer));
	end(inner);
	ck_assert_ptr_eq(bothy_call_current(), outer);
	end(outer);
	leave();
	seen_outer = look("outer");
	seen_inner = look("inner");
	ck_assert_str_eq(seen_inner.parent_id, seen_outer.id);
	ck_assert_str_eq(seen_inner.trace_id, seen_outer.trace_id);
	ck_assert_str_eq(seen_outer.parent_id, "-");
	ck_assert_int_lt(strcmp(seen_outer.id, seen_inner.id), 0);
}
END_TEST

START_TEST(each_root_begins_a_trace_of_its_own)
{
	end(begin("a"));
	end(begin("b"));
	leave();
	ck_assert_str_ne(look("a").trace_id, look("b").trace_id);
	ck_assert_str_eq(look("b").parent_id, "-");
}
END_TEST

START_TEST(calls_inside_one_that_ends_are_ended_and_say_so)
{
	bothy_call *outer = begin("outer");

	(void)begin("inner");
	ck_assert_int_eq(bothy_call_end(outer, NULL, NULL), -EBUSY);
	ck_assert_ptr_null(bothy_call_current());
	leave();
	ck_assert_str_eq(look("outer").exception, "-");
	ck_assert_str_eq(look("inner").exception, "left open when the call around it ended");
}
END_TEST

START_TEST(calls_left_open_are_ended_with_their_context_and_say_so)
{
	(void)begin("open");
	leave();
	ck_assert(look("open").has_ended);
	ck_assert_str_eq(look("open").exception, "left open when its context ended");
}
END_TEST

START_TEST(attributes_are_of_the_calls_that_begin_later)
{
	ck_assert_int_eq(bothy_attributes_set("{\"a\":1}"), 0);
	end(begin("a"));
	ck_assert_int_eq(bothy_attributes_set(NULL), 0);
	end(begin("b"));
	leave();
	ck_assert_str_eq(look("a").attributes, "{\"a\": 1}");
	ck_assert_str_eq(look("b").attributes, "{}");
}
END_TEST

static void *call_in_capture(void *capture)
{
	bothy_context *adopted;

	ck_assert_int_eq(bothy_context_adopt(capture, &adopted), 0);
	ck_assert_ptr_null(bothy_call_current());
	end(begin("below"));
	ck_assert_int_eq(bothy_context_exit(adopted), 0);
	return NULL;
}

START_TEST(an_adopted_capture_goes_on_below_its_call)
{
	bothy_capture *capture;
	bothy_call *call = begin("above");

	ck_assert_int_eq(bothy_attributes_set("{\"a\":1}"), 0);
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	end(call);
	support_join(support_thread(call_in_capture, capture));
	bothy_capture_release(capture);
	leave();
	ck_assert_str_eq(look("below").parent_id, look("above").id);
	ck_assert_str_eq(look("below").trace_id, look("above").trace_id);
	ck_assert_str_eq(look("below").attributes, "{\"a\": 1}");
}
END_TEST

/* ---- jobs ----------------------------------------------------------------------------------------- */

static void pool_on_server(void)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	leave();
	ck_assert_int_eq(bothy_pool_new(server, &options, &pool), 0);
}

static int do_what(void *arg, void **ret_result)
{
	int (*what)(void) = *(int (**)(void))arg;

	(void)ret_result;
	return what();
}

/* Run a job with BOTHY_TRACE that does WHAT; the call it is. */
static struct seen traced(int (*what)(void), bothy_time deadline)
{
	bothy_future *future =
		start(BOTHY_JOB(.fn = do_what, .arg = (void *)&what, .arg_bytes = sizeof(what),
	                        .name = "work", .deadline = deadline, .flags = BOTHY_TRACE));

	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	while (bothy_future_running(future))
		(void)sched_yield();
	bothy_future_release(future);
	return look("work");
}

static int do_nothing(void)
{
	return 0;
}

static int fail_aloud(void)
{
	return bothy_fail(EIO, "no such luck");
}

static int fail_silently(void)
{
	return 7;
}

static int fail_as_if_timed_out(void)
{
	return bothy_fail(-ETIMEDOUT, "no answer");
}

static int fail_as_if_canceled(void)
{
	return -ECANCELED;
}

static int fail_lowest(void)
{
	return INT_MIN;
}

static int sleep_on(void)
{
	(void)bothy_sleep_until(BOTHY_FOREVER);
	return 0; /* whatever it says: the deadline has settled it */
}

static int cancel(void)
{
	gate_arrive(&gate);
	(void)bothy_sleep_until(BOTHY_FOREVER);
	return bothy_stop_requested();
}

static int exit_thread(void)
{
	pthread_exit(NULL);
}

START_TEST(a_traced_job_is_a_call)
{
	struct seen seen;

	pool_on_server();
	seen = traced(do_nothing, BOTHY_FOREVER);
	ck_assert(seen.has_ended);
	ck_assert_str_eq(seen.exception, "-");
	ck_assert_int_eq(calls_stored(), 1);
}
END_TEST

START_TEST(a_traced_jobs_exception_is_how_it_ended)
{
	static const struct {
		int (*what)(void);
		const char *exception;
	} cases[] = {
		{fail_aloud, "no such luck"},
		{fail_silently, "failed with 7"},
		{fail_as_if_timed_out, "no answer"},
		{fail_as_if_canceled, "failed with 125"},
		{fail_lowest, "failed with 2147483648"},
		{sleep_on, "timed out"},
		{exit_thread, "ended its thread"},
	};

	pool_on_server();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bothy_time deadline =
			cases[i].what == sleep_on ? bothy_after_ms(2000) : BOTHY_FOREVER;
		struct bothy_calls_query query = {
			.size = sizeof(query), .newest_first = true, .limit = 1};
		struct seen seen;

		(void)traced(cases[i].what, deadline);
		ck_assert_int_eq(bothy_calls_query(client, &query, see, &seen), 0);
		ck_assert_str_eq(seen.exception, cases[i].exception);
	}
}
END_TEST

static int each_op_has(void *bytes, const struct bothy_call_record *call)
{
	ck_assert_uint_eq(strlen(call->start.op), *(const size_t *)bytes);
	return 0;
}

/* The job's outcome, whose call's op has that many BYTES. */
static int run_named(const char *name, size_t bytes)
{
	const struct bothy_calls_query newest = {
		.size = sizeof(newest), .newest_first = true, .limit = 1};
	int (*what)(void) = fail_silently;
	int code = outcome(start(BOTHY_JOB(.fn = do_what, .arg = (void *)&what,
	                                   .arg_bytes = sizeof(what), .name = name,
	                                   .flags = BOTHY_TRACE)));

	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_calls_query(client, &newest, each_op_has, &bytes), 0);
	return code;
}

START_TEST(a_traced_job_may_have_any_name)
{
	char name[1100];

	pool_on_server();
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(run_named(NULL, 3), 7); /* "job" */
	ck_assert_int_eq(run_named("", 3), 7);
	ck_assert_int_eq(run_named("\xff", 3), 7);
	ck_assert_int_eq(run_named(name, 1024), 7);
	memcpy(name + 1022, "\xe2\x82\xac", 3);
	ck_assert_int_eq(run_named(name, 1022), 7);
	name[1022] = '\xc3'; /* a character of two bytes, and a byte that is none */
	ck_assert_int_eq(run_named(name, 1024), 7);
}
END_TEST

START_TEST(a_traced_job_that_is_canceled_says_so)
{
	int (*what)(void) = cancel;
	bothy_future *future;

	pool_on_server();
	future = start(BOTHY_JOB(.fn = do_what, .arg = (void *)&what, .arg_bytes = sizeof(what),
	                         .name = "work", .flags = BOTHY_TRACE));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	ck_assert_str_eq(look("work").exception, "canceled");
}
END_TEST

static int set_and_end(void)
{
	bothy_call *call = bothy_call_current();

	ck_assert_ptr_nonnull(call);
	ck_assert_int_eq(bothy_call_set_inputs(call, "{\"word\":\"x\"}"), 0);
	ck_assert_int_eq(bothy_call_set_output(call, "\"y\""), 0);
	end(begin("inside"));
	return bothy_call_end(call, NULL, NULL) == -EPERM ? 0 : 1;
}

START_TEST(a_traced_job_sets_its_calls_parts_and_cannot_end_it)
{
	struct seen seen;

	pool_on_server();
	seen = traced(set_and_end, BOTHY_FOREVER);
	ck_assert_str_eq(seen.exception, "-");
	ck_assert_str_eq(seen.inputs, "{\"word\": \"x\"}");
	ck_assert_str_eq(seen.output, "\"y\"");
	ck_assert_str_eq(look("inside").parent_id, seen.id);
}
END_TEST

static int call_below(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	end(begin("below"));
	return 0;
}

static int spawn_below(void)
{
	bothy_future *child;
	bothy_call *call = begin("above");
	int error = bothy_spawn(&BOTHY_JOB(.fn = call_below, .name = "child", .flags = BOTHY_TRACE),
	                        &child);

	end(call);
	if (error == 0)
		error = bothy_future_wait(child, BOTHY_FOREVER);
	bothy_future_release(child);
	return -error;
}

START_TEST(a_spawned_jobs_calls_are_below_the_spawners)
{
	pool_on_server();
	(void)traced(spawn_below, BOTHY_FOREVER);
	ck_assert_str_eq(look("above").parent_id, look("work").id);
	ck_assert_str_eq(look("child").parent_id, look("above").id);
	ck_assert_str_eq(look("below").parent_id, look("child").id);
	ck_assert_str_eq(look("below").trace_id, look("work").trace_id);
}
END_TEST

START_TEST(a_traced_job_without_a_server_is_refused)
{
	pool_of(1);
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing,
	                                         .flags = BOTHY_TRACE),
	                              NULL),
	                 -ENOTSUP);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------- */

START_TEST(without_memory_a_call_fails_and_nothing_leaks)
{
	long before;
	bool failed = true;

	leave();
	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	before = support_live_allocations();
	for (unsigned long n = 1; failed; n++) {
		bothy_call *call = NULL;
		int error;

		support_fail_allocation(n);
		error = bothy_context_enter(server, "ann", "p", NULL, &context);
		if (error == 0)
			error = bothy_call_begin("op", "{\"a\":1}", &call);
		if (call != NULL)
			(void)bothy_call_end(call, "2", "why");
		if (context != NULL)
			(void)bothy_context_exit(context);
		context = NULL;
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert(error == 0 || error == -ENOMEM);
		error = bothy_client_flush(client, BOTHY_FOREVER); /* says what was lost */
		ck_assert(error == 0 || error == -ENOMEM);
	}
	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	ck_assert_int_ge(before + 64, support_live_allocations()); /* statements that are kept */
}
END_TEST

START_TEST(a_long_context_with_many_calls_keeps_little_memory)
{
	long before;

	for (int i = 0; i < 200; i++)
		end(begin("op"));
	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), 0);
	before = support_live_allocations();
	for (int i = 0; i < 2000; i++)
		end(begin("op"));
	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), 0);
	ck_assert_int_le(support_live_allocations(), before + 16);
	leave();
	ck_assert_int_eq(calls_stored(), 2200);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_call_is_stored_with_all_its_parts,
		what_is_not_given_is_empty,
		an_open_call_is_stored_by_a_flush_and_completed_later,
		a_call_ends_once_and_in_its_own_context,
		bad_values_leave_the_call_as_it_was,
		names_are_utf8_and_an_exception_is_made_so,
		nested_calls_get_parent_and_trace,
		each_root_begins_a_trace_of_its_own,
		calls_inside_one_that_ends_are_ended_and_say_so,
		calls_left_open_are_ended_with_their_context_and_say_so,
		attributes_are_of_the_calls_that_begin_later,
		an_adopted_capture_goes_on_below_its_call,
		a_traced_job_is_a_call,
		a_traced_jobs_exception_is_how_it_ended,
		a_traced_job_may_have_any_name,
		a_traced_job_that_is_canceled_says_so,
		a_traced_job_sets_its_calls_parts_and_cannot_end_it,
		a_spawned_jobs_calls_are_below_the_spawners,
		a_traced_job_without_a_server_is_refused,
		without_memory_a_call_fails_and_nothing_leaks,
		a_long_context_with_many_calls_keeps_little_memory,
	};

	return run_suite_with("calls", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
