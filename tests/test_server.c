/*
 * What a server is asked, in which order, and what happens when it says no.
 */
#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static const char key;

/* ---- order ---------------------------------------------------------------------------- */

static const struct bothy_context_options ensuring = {
	.flags = BOTHY_ENSURE_PROJECT,
	.deadline = BOTHY_FOREVER - 1,
};

static void check_installed(void)
{
	ck_assert_uint_ne(bothy_context_id(), 0);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
}

START_TEST(a_server_sees_ensure_begin_and_finish_with_the_context_installed)
{
	bothy_context *context;

	recorder_open();
	recorder.in_ensure = recorder.in_begin = recorder.in_finish = check_installed;
	context = enter_with(recorder.server, ensuring);
	ck_assert_noted("ensure(ann/p) begin");
	ck_assert_ptr_eq(recorder.client, bothy_client_current());
	ck_assert_ptr_null(recorder.token);
	ck_assert_int_eq(bothy_fail(-EIO, "what went wrong"), -EIO);
	leave(context);
	ck_assert_noted("finish");
	ck_assert_int_eq(recorder.code, 0);
	ck_assert_str_eq(recorder.text, "what went wrong");
	ck_assert(recorder.deadline == BOTHY_FOREVER - 1);
	recorder_close();
}
END_TEST

START_TEST(the_project_is_not_ensured_unasked)
{
	recorder_open();
	leave(enter_recorded("ann", "p"));
	ck_assert_noted("begin finish");
	ck_assert(recorder.deadline == BOTHY_FOREVER);
	recorder_close();
}
END_TEST

START_TEST(finish_comes_after_deferred_functions_and_locals)
{
	bothy_context *context;

	recorder_open();
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_local_set(&key, "local", note_arg), 0);
	ck_assert_int_eq(bothy_context_defer(note_arg, "deferred"), 0);
	leave(context);
	ck_assert_noted("begin deferred local finish");
	recorder_close();
}
END_TEST

static struct bothy_object object;

/* Another project's, which no fallback would find. */
static void check_ref(void)
{
	ck_assert_ref(&object, "of another");
}

START_TEST(finish_sees_the_contexts_refs)
{
	bothy_context *context;

	recorder_open();
	recorder.in_finish = check_ref;
	context = enter_recorded("ann", "p");
	put_ref(&object, "bob", "q", "of another");
	leave(context);
	ck_assert_noted("begin finish");
	bothy_object_fini(&object);
	recorder_close();
}
END_TEST

static void leave_things(void)
{
	ck_assert_int_eq(bothy_context_defer(note_arg, "deferred by finish"), 0);
	ck_assert_int_eq(bothy_local_set(&key, "local of finish", note_arg), 0);
	put_ref(&object, "ann", "p", "of finish");
}

START_TEST(what_finish_leaves_is_seen_to)
{
	recorder_open();
	recorder.in_finish = leave_things;
	leave(enter_recorded("ann", "p"));
	ck_assert_noted("begin finish deferred by finish local of finish");
	bothy_object_fini(&object);
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
	recorder_close();
}
END_TEST

static void enter_and_forget(void)
{
	(void)enter("bob", "q");
	ck_assert_int_eq(bothy_context_defer(note_arg, "forgotten"), 0);
}

START_TEST(a_context_that_an_operation_enters_and_forgets_is_left)
{
	bothy_context *context;
	bothy_capture *capture;

	recorder_open();
	recorder.in_ensure = recorder.in_begin = enter_and_forget;
	recorder.in_inherit = recorder.in_finish = enter_and_forget;
	context = enter_with(recorder.server, ensuring);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	ck_assert_noted("ensure(ann/p) forgotten begin forgotten");
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	bothy_capture_release(capture);
	leave(context);
	ck_assert_noted("inherit forgotten inherit_free finish forgotten");
	ck_assert_uint_eq(bothy_context_id(), 0);
	recorder_close();
}
END_TEST

static bothy_context *not_to_leave;

static void try_to_leave(void)
{
	ck_assert_int_eq(bothy_context_exit(not_to_leave), -EINVAL);
}

START_TEST(an_operation_cannot_leave_its_own_context_nor_those_outside)
{
	bothy_context *outside, *context;
	bothy_capture *capture;

	recorder_open();
	not_to_leave = outside = enter("ann", "p");
	recorder.in_ensure = recorder.in_begin = try_to_leave;
	recorder.in_inherit = recorder.in_finish = try_to_leave;
	context = enter_with(recorder.server, ensuring);
	not_to_leave = context;
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	bothy_capture_release(capture);
	not_to_leave = outside;
	leave(context);
	leave(outside);
	recorder_close();
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------- */

static int try_enter(void)
{
	struct bothy_context_options options = ensuring;
	bothy_context *context = NULL;
	int error;

	options.size = sizeof(options);
	error = bothy_context_enter(recorder.server, "ann", "p", &options, &context);
	ck_assert((error == 0) == (context != NULL));
	if (error == 0)
		leave(context);
	return error;
}

static void defer_word(void)
{
	ck_assert_int_eq(bothy_context_defer(note_arg, "deferred"), 0);
	put_ref(&object, "ann", "p", "x");
	ck_assert_int_eq(bothy_fail(1, "text"), 1);
}

START_TEST(a_project_that_cannot_be_ensured_is_no_context)
{
	long live;

	recorder_open();
	live = support_live_allocations();
	recorder.ensure_code = -EACCES;
	recorder.in_ensure = defer_word;
	ck_assert_int_eq(try_enter(), -EACCES);
	ck_assert_noted("ensure(ann/p) deferred");
	ck_assert_uint_eq(bothy_context_id(), 0);
	bothy_object_fini(&object);
	ck_assert_int_eq(support_live_allocations(), live);
	recorder_close();
}
END_TEST

START_TEST(a_context_that_cannot_be_begun_is_not_finished)
{
	bothy_context *outer;
	uint64_t id;
	long live;

	recorder_open();
	outer = enter("bob", "q");
	id = bothy_context_id();
	live = support_live_allocations();
	recorder.begin_code = -ENOSPC;
	recorder.in_begin = defer_word;
	ck_assert_int_eq(try_enter(), -ENOSPC);
	ck_assert_noted("ensure(ann/p) begin deferred");
	ck_assert_uint_eq(bothy_context_id(), id);
	bothy_object_fini(&object);
	ck_assert_int_eq(support_live_allocations(), live);
	leave(outer);
	recorder_close();
}
END_TEST

START_TEST(what_finish_says_is_returned_by_the_exit)
{
	bothy_context *outer;

	recorder_open();
	recorder.finish_code = -EPIPE;
	ck_assert_int_eq(bothy_context_exit(enter_recorded("ann", "p")), -EPIPE);
	ck_assert_uint_eq(bothy_context_id(), 0);
	/* Of an inner one it is lost. */
	outer = enter_recorded("ann", "p");
	(void)enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_context_exit(outer), -EBUSY);
	recorder_close();
}
END_TEST

START_TEST(a_positive_answer_is_a_broken_protocol)
{
	bothy_context *context;
	bothy_capture *capture = NULL;

	recorder_open();
	recorder.ensure_code = 7;
	ck_assert_int_eq(try_enter(), -EPROTO);
	recorder.ensure_code = 0;
	recorder.begin_code = 7;
	ck_assert_int_eq(try_enter(), -EPROTO);
	recorder.begin_code = 0;
	recorder.inherit_code = 7;
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_context_capture(&capture), -EPROTO);
	ck_assert_ptr_null(capture);
	recorder.finish_code = 7;
	ck_assert_int_eq(bothy_context_exit(context), -EPROTO);
	recorder_close();
}
END_TEST

/* ---- the server itself ---------------------------------------------------------------- */

START_TEST(operations_that_are_not_there_count_as_done)
{
	const struct bothy_server_ops ops = {.size = sizeof(ops)};
	struct bothy_context_options options = {
		.size = sizeof(options),
		.flags = BOTHY_ENSURE_PROJECT,
	};
	bothy_server *server = NULL;
	bothy_context *context = NULL;
	bothy_capture *capture = NULL;

	ck_assert_int_eq(bothy_server_new(&ops, NULL, &server), 0);
	ck_assert_int_eq(bothy_context_enter(server, "ann", "p", &options, &context), 0);
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	leave(context);
	ck_assert_int_eq(bothy_context_adopt(capture, &context), 0);
	leave(context);
	bothy_capture_release(capture);
	bothy_server_release(server);
	bothy_server_release(NULL);
}
END_TEST

START_TEST(operations_of_no_release_are_refused)
{
	struct bothy_server_ops ops = {.size = sizeof(ops) - 1};
	bothy_server *server = NULL;
	int error;

	ck_assert_int_eq(bothy_server_new(NULL, NULL, &server), -EINVAL);
	ck_assert_int_eq(bothy_server_new(&ops, NULL, &server), -EINVAL);
	ops.size = sizeof(ops);
	ck_assert_int_eq(bothy_server_new(&ops, NULL, NULL), -EINVAL);
	support_fail_allocation(1);
	error = bothy_server_new(&ops, NULL, &server);
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	ck_assert_ptr_null(server);
}
END_TEST

static int read_no_object(void *self, const char *entity, const char *project, const char *name,
                          const char *version, bothy_object_each *each, void *user)
{
	(void)self, (void)entity, (void)project, (void)name, (void)version, (void)each, (void)user;
	return -ENOENT;
}

START_TEST(a_server_that_would_record_is_refused_where_nothing_is_recorded)
{
	const struct bothy_server_ops ops = {.size = sizeof(ops), .obj_read = read_no_object};
	bothy_server *server = NULL;
	int error = bothy_server_new(&ops, NULL, &server);

#ifdef BOTHY_RECORDING
	ck_assert_int_eq(error, 0);
	ck_assert_ptr_nonnull(server);
#else
	ck_assert_int_eq(error, -ENOTSUP);
	ck_assert_ptr_null(server);
#endif
	bothy_server_release(server);
}
END_TEST

static void check_bare(void)
{
	ck_assert_ptr_null(bothy_client_current());
	ck_assert_uint_eq(bothy_context_id(), 0);
}

START_TEST(the_last_hold_destroys_the_server_in_nobodys_context)
{
	bothy_server *server;
	bothy_client *client = NULL;
	bothy_context *context, *inner;
	bothy_capture *capture = NULL;

	recorder_open();
	recorder.in_destroy = recorder.in_inherit_free = check_bare;
	server = recorder.server;
	ck_assert_int_eq(bothy_client_new(server, "ann", "p", &client), 0);
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	bothy_server_release(server);
	leave(context);
	bothy_client_release(client);
	ck_assert_noted("begin inherit finish");
	inner = enter("bob", "q");
	bothy_capture_release(capture);
	ck_assert_noted("inherit_free destroy");
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "bob");
	leave(inner);
}
END_TEST

START_TEST(a_context_that_has_the_last_hold_destroys_the_server_when_it_is_gone)
{
	bothy_context *context;

	recorder_open();
	recorder.in_destroy = check_bare;
	context = enter_recorded("ann", "p");
	bothy_server_release(recorder.server);
	leave(context);
	ck_assert_noted("begin finish destroy");
}
END_TEST

/* ---- jobs ----------------------------------------------------------------------------- */

static void recorded_pool(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	recorder_open();
	ck_assert_int_eq(bothy_pool_new(recorder.server, &options, &pool), 0);
}

static void close_recorded_pool(void)
{
	bothy_pool_free(pool);
	pool = NULL;
	recorder_close();
}

static int fail_with_text(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_fail(EIO, "disk on fire");
}

START_TEST(finish_is_told_what_the_job_returned_and_said)
{
	bothy_future *future;

	recorded_pool();
	future = start(BOTHY_JOB(.fn = fail_with_text));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(recorder.code, EIO);
	ck_assert_str_eq(recorder.text, "disk on fire");
	ck_assert_str_eq(bothy_future_error(future), "disk on fire");
	bothy_future_release(future);
	close_recorded_pool();
}
END_TEST

static void fail_later(void *arg)
{
	(void)bothy_fail(1, "%s", (const char *)arg);
}

static void fail_in_finish(void)
{
	ck_assert_int_eq(bothy_fail(-ENOSPC, "of finish"), -ENOSPC);
	ck_assert_int_eq(bothy_context_defer(fail_later, "deferred by finish"), 0);
}

START_TEST(what_the_job_said_stands_whatever_its_finish_says)
{
	bothy_future *future;

	recorded_pool();
	recorder.in_finish = fail_in_finish;
	future = start(BOTHY_JOB(.fn = fail_with_text));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_str_eq(recorder.text, "disk on fire");
	ck_assert_str_eq(bothy_future_error(future), "disk on fire");
	bothy_future_release(future);
	future = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_ptr_null(bothy_future_error(future));
	bothy_future_release(future);
	close_recorded_pool();
}
END_TEST

/* What it says is what a bothy_run() of its own has said. */
static int say_owner_dead(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return -EOWNERDEAD;
}

START_TEST(a_job_that_says_owner_dead_has_failed)
{
	recorded_pool();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = say_owner_dead))), EOWNERDEAD);
	ck_assert_int_eq(recorder.code, EOWNERDEAD);
	close_recorded_pool();
}
END_TEST

START_TEST(a_job_that_ended_its_thread_is_finished_as_owner_dead)
{
	recorded_pool();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread))), -EOWNERDEAD);
	ck_assert_int_eq(recorder.code, -EOWNERDEAD);
	ck_assert_noted("begin finish");
	close_recorded_pool();
}
END_TEST

static int must_not_run(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	note("ran");
	return 0;
}

START_TEST(a_job_whose_context_cannot_begin_never_runs)
{
	recorded_pool();
	recorder.ensure_code = -EACCES;
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = must_not_run, .flags = BOTHY_ENSURE_PROJECT))),
		-EACCES);
	ck_assert_noted("ensure(ann/p)");
	recorder.begin_code = -EDQUOT;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = must_not_run))), -EDQUOT);
	ck_assert_noted("begin");
	close_recorded_pool();
}
END_TEST

static void say_why(void)
{
	(void)bothy_fail(1, "no such project");
}

START_TEST(what_an_operation_says_of_its_refusal_is_kept_with_the_job)
{
	bothy_future *future;

	recorded_pool();
	recorder.begin_code = -ENOENT;
	recorder.in_begin = say_why;
	future = start(BOTHY_JOB(.fn = must_not_run));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_str_eq(bothy_future_error(future), "no such project");
	ck_assert_int_eq(outcome(future), -ENOENT);
	close_recorded_pool();
}
END_TEST

START_TEST(a_finish_that_fails_is_counted_and_never_the_jobs_outcome)
{
	struct bothy_pool_stats stats;

	recorded_pool();
	recorder.finish_code = -EPIPE;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	stats = stats_now();
	ck_assert_uint_eq(stats.finish_failed, 2);
	ck_assert_int_eq(stats.finish_error, -EPIPE);
	ck_assert_uint_eq(stats.done, 2);
	close_recorded_pool();
}
END_TEST

static int spawn_child(void *arg, void **ret_result)
{
	(void)ret_result;
	return bothy_spawn(&BOTHY_JOB(.fn = nothing), arg);
}

START_TEST(a_spawned_job_begins_with_the_token_of_its_parent)
{
	bothy_future *child = NULL;

	recorded_pool();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = spawn_child, .arg = &child))), 0);
	ck_assert_int_eq(bothy_future_wait(child, BOTHY_FOREVER), 0);
	ck_assert_ptr_eq(recorder.token, &recorder.tokens);
	bothy_future_release(child);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("begin inherit finish begin finish inherit_free");
	recorder_close();
}
END_TEST

static void leave_dirt(void)
{
	fesetround(FE_UPWARD);
	errno = EXDEV;
}

static int find_dirt(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return errno != 0 || fegetround() != FE_TONEAREST;
}

START_TEST(what_inherit_free_does_to_the_thread_is_undone_for_the_next_job)
{
	recorded_pool();
	recorder.in_inherit_free = leave_dirt;
	/* Nobody has the child's future, so that its worker has the last hold. */
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = spawn_child))), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = find_dirt))), 0);
	bothy_pool_free(pool);
	pool = NULL;
	recorder_close();
}
END_TEST

START_TEST(a_token_that_cannot_be_made_fails_the_spawn)
{
	bothy_future *child = NULL;

	recorded_pool();
	recorder.inherit_code = -ENOBUFS;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = spawn_child, .arg = &child))), ENOBUFS);
	ck_assert_ptr_null(child);
	ck_assert_noted("begin inherit finish");
	close_recorded_pool();
}
END_TEST

/* ---- fork ----------------------------------------------------------------------------- */

static bothy_context *entered;
static bothy_client *client_before;

#define EXPECT(condition)                          \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 125 + 1; \
	} while (0)

static int in_child(void *arg)
{
	bothy_context *context = NULL;
	bothy_capture *capture = arg;
	bothy_client *client = NULL;

	(void)noted();
	EXPECT(bothy_context_enter(recorder.server, "ann", "p", NULL, &context) == -ECHILD);
	EXPECT(bothy_client_new(recorder.server, "ann", "p", &client) == -ECHILD);
	EXPECT(bothy_context_adopt(capture, &context) == -ECHILD);
	EXPECT(bothy_context_capture(&capture) == -ECHILD);
	EXPECT(context == NULL && client == NULL && capture == arg);
	/* What was entered goes on working, without its server. */
	EXPECT(strcmp(bothy_client_entity(bothy_client_current()), "ann") == 0);
	EXPECT(bothy_context_defer(note_arg, "deferred") == 0);
	EXPECT(bothy_context_enter(NULL, "bob", "q", NULL, &context) == 0);
	EXPECT(bothy_context_exit(context) == 0);
	EXPECT(bothy_context_exit(entered) == -ECHILD);
	EXPECT(bothy_context_id() == 0);
	bothy_capture_release(capture);
	bothy_client_release(client_before);
	bothy_server_release(recorder.server);
	EXPECT(strcmp(noted(), "deferred") == 0); /* and nothing of the server's */
	return 0;
}

START_TEST(in_a_forked_child_the_server_is_dead_and_not_called)
{
	bothy_capture *capture = NULL;

	recorder_open();
	ck_assert_int_eq(bothy_client_new(recorder.server, "ann", "p", &client_before), 0);
	entered = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	ck_assert_int_eq(support_in_child(in_child, capture), 0);
	bothy_capture_release(capture);
	leave(entered);
	bothy_client_release(client_before);
	recorder_close();
	ck_assert_noted("begin inherit inherit_free finish destroy");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_server_sees_ensure_begin_and_finish_with_the_context_installed,
		the_project_is_not_ensured_unasked,
		finish_comes_after_deferred_functions_and_locals,
		finish_sees_the_contexts_refs,
		what_finish_leaves_is_seen_to,
		a_context_that_an_operation_enters_and_forgets_is_left,
		an_operation_cannot_leave_its_own_context_nor_those_outside,
		a_project_that_cannot_be_ensured_is_no_context,
		a_context_that_cannot_be_begun_is_not_finished,
		what_finish_says_is_returned_by_the_exit,
		a_positive_answer_is_a_broken_protocol,
		operations_that_are_not_there_count_as_done,
		operations_of_no_release_are_refused,
		a_server_that_would_record_is_refused_where_nothing_is_recorded,
		the_last_hold_destroys_the_server_in_nobodys_context,
		a_context_that_has_the_last_hold_destroys_the_server_when_it_is_gone,
		finish_is_told_what_the_job_returned_and_said,
		what_the_job_said_stands_whatever_its_finish_says,
		a_job_that_says_owner_dead_has_failed,
		a_job_that_ended_its_thread_is_finished_as_owner_dead,
		a_job_whose_context_cannot_begin_never_runs,
		what_an_operation_says_of_its_refusal_is_kept_with_the_job,
		a_finish_that_fails_is_counted_and_never_the_jobs_outcome,
		a_spawned_job_begins_with_the_token_of_its_parent,
		what_inherit_free_does_to_the_thread_is_undone_for_the_next_job,
		a_token_that_cannot_be_made_fails_the_spawn,
		in_a_forked_child_the_server_is_dead_and_not_called,
	};

	return run_suite("server", tests, sizeof(tests) / sizeof(tests[0]));
}
