/*
 * The writer: what contexts hand over is stored, together, once, or its loss is told.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/bothy.h>

#include "tests/pool_fixture.h"
#include "tests/trace/keeper.h"
#include "tests/support.h"
#include "trace/losses.h"

static bothy_context *enter(const char *project)
{
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(keeper.server, "ann", project, NULL, &context), 0);
	return context;
}

static void call(const char *op)
{
	ck_assert_int_eq(bothy_call_begin(op, NULL, NULL), 0);
	ck_assert_int_eq(bothy_call_end(bothy_call_current(), NULL, NULL), 0);
}

/* One call of that op, in a context of its own. */
static void record(const char *project, const char *op)
{
	bothy_context *context = enter(project);

	call(op);
	ck_assert_int_eq(bothy_context_exit(context), 0);
}

static int flush_project(const char *project, bothy_time deadline)
{
	bothy_client *client;
	int error;

	ck_assert_int_eq(bothy_client_new(keeper.server, "ann", project, &client), 0);
	error = bothy_client_flush(client, deadline);
	bothy_client_release(client);
	return error;
}

static struct bothy_server_stats server_stats(void)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(bothy_server_stats(keeper.server, &stats), 0);
	return stats;
}

START_TEST(what_a_context_recorded_is_stored_after_its_exit_and_a_flush)
{
	keeper_open(0);
	record("p", "a");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("a"), 1);
	ck_assert(keeper.stored[0].has_end);
	ck_assert_str_eq(keeper.stored[0].project, "p");
	keeper_close();
}
END_TEST

START_TEST(the_last_release_stores_what_was_handed_over)
{
	keeper_open(0);
	for (int i = 0; i < 250; i++)
		record("p", "a");
	keeper_close();
	ck_assert_int_eq(keeper_count("a"), 250);
}
END_TEST

/* Who writes a call again replaces it, so the same twice would not be seen in what is stored. */
START_TEST(what_was_handed_over_is_given_to_the_server_once)
{
	keeper_open(0);
	for (int i = 0; i < 10; i++)
		record("p", "a");
	keeper_close();
	ck_assert_uint_eq(keeper.parts, 10);
}
END_TEST

START_TEST(contexts_that_hand_over_meanwhile_share_a_flush)
{
	keeper_open(0);
	atomic_store(&keeper.stops, true);
	record("p", "first");
	gate_await(&keeper.gate, 1); /* the writer is in its flush */
	atomic_store(&keeper.stops, false);
	for (int i = 0; i < 50; i++)
		record(i % 2 == 0 ? "p" : "q", "later");
	gate_open(&keeper.gate);
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("later"), 50);
	ck_assert_int_eq(keeper.flushes, 2);
	ck_assert_uint_eq(keeper.largest, 50);
	keeper_close();
}
END_TEST

START_TEST(at_100_items_they_are_handed_over_before_the_exit)
{
	bothy_context *context;

	keeper_open(0);
	context = enter("p");
	for (int i = 0; i < 100; i++)
		call("a");
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), 0); /* another project's */
	ck_assert_int_eq(keeper_count("a"), 100);
	call("a");
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("a"), 100);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	keeper_close();
	ck_assert_int_eq(keeper_count("a"), 101);
}
END_TEST

START_TEST(a_flush_hands_over_by_project_whichever_client_it_is_given)
{
	bothy_context *context;

	keeper_open(0);
	context = enter("p");
	call("a");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0); /* by a client of its own */
	ck_assert_int_eq(keeper_count("a"), 1);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	keeper_close();
}
END_TEST

START_TEST(what_is_large_is_handed_over_before_the_exit)
{
	static char inputs[1 << 20];
	bothy_context *context;

	memset(inputs, 'x', sizeof(inputs) - 1);
	memcpy(inputs, "{\"a\":\"", 6);
	memcpy(inputs + sizeof(inputs) - 3, "\"}", 3);
	keeper_open(0);
	context = enter("p");
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(bothy_call_begin("large", inputs, NULL), 0);
		ck_assert_int_eq(bothy_call_end(bothy_call_current(), NULL, NULL), 0);
	}
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), 0); /* another project's */
	ck_assert_int_ge(keeper_count("large"), 4);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	keeper_close();
	ck_assert_int_eq(keeper_count("large"), 5);
}
END_TEST

static int record_large_until_no_room(int *n)
{
	struct bothy_context_options options = {.size = sizeof(options),
	                                        .deadline = bothy_after_ms(20)};
	static char content[64 << 20];
	char digest[BOTHY_DIGEST_BYTES];
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(keeper.server, "ann", "p", &options, &context), 0);
	for (*n = 0; *n < 8 && keeper.failures == 0; ++*n)
		ck_assert_int_eq(bothy_file_store(content, sizeof(content), digest), 0);
	return bothy_context_exit(context);
}

START_TEST(the_queue_is_bounded_in_bytes_too)
{
	int n;

	keeper_open(0);
	atomic_store(&keeper.stops, true);
	record("p", "first");
	gate_await(&keeper.gate, 1); /* the writer is in its flush */
	ck_assert_int_eq(record_large_until_no_room(&n), -ETIMEDOUT);
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(keeper.failed_error, -ETIMEDOUT);
	gate_open(&keeper.gate);
	keeper_close();
}
END_TEST

START_TEST(an_item_that_fails_takes_no_neighbour_along_and_is_named)
{
	keeper_open(0);
	keeper.failing = "bad";
	record("p", "good");
	record("p", "bad");
	record("p", "good");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EDOM);
	ck_assert_int_eq(keeper.failures, 1);
	ck_assert_int_eq(keeper.failed_error, -EDOM);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), keeper.failed_id));
	ck_assert_int_eq(keeper_count("good"), 2);
	ck_assert_uint_eq(server_stats().failed, 1);
	ck_assert_uint_eq(server_stats().stored, 2);
	ck_assert_int_eq(server_stats().error, -EDOM);
	keeper_close();
}
END_TEST

START_TEST(a_loss_is_told_once_and_to_its_own_project)
{
	keeper_open(0);
	keeper.failing = "bad";
	record("p", "bad");
	record("q", "good");
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), 0);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EDOM);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	keeper_close();
}
END_TEST

static int take_loss(struct losses *losses, const char *project)
{
	char *text;
	int error = losses_take(losses, "ann", project, &text);

	free(text);
	return error;
}

START_TEST(many_projects_losses_are_told_each_its_own)
{
	enum { PROJECTS = 1000 };
	struct losses losses = {0};
	char project[PROJECTS + 1];

	/* Names of every length, each the next one's beginning. */
	for (int i = 1; i <= PROJECTS; i++) {
		const struct bothy_failure failure = {.entity = "ann",
		                                      .project = project,
		                                      .kind = "call",
		                                      .id = "1",
		                                      .error = -i};

		memset(project, 'p', (size_t)i);
		project[i] = '\0';
		losses_add(&losses, &failure);
	}
	for (int i = PROJECTS; i >= 1; i--) {
		project[i] = '\0';
		ck_assert_int_eq(take_loss(&losses, project), -i);
		ck_assert_int_eq(take_loss(&losses, project), 0);
	}
	losses_fini(&losses);
}
END_TEST

START_TEST(a_loss_that_there_was_no_memory_to_keep_is_told_to_each_project_once)
{
	const struct bothy_failure failure = {
		.entity = "ann", .project = "p", .kind = "call", .id = "1", .error = -EDOM};
	struct losses losses = {0};
	int error;

	support_fail_allocation(1);
	losses_add(&losses, &failure);
	support_fail_allocation(1);
	error = take_loss(&losses, "q");
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(take_loss(&losses, "q"), i == 0 ? -EDOM : 0);
		ck_assert_int_eq(take_loss(&losses, "p"), i == 0 ? -EDOM : 0);
		losses_add(&losses, &failure);
		ck_assert_int_eq(take_loss(&losses, "p"), -EDOM);
	}
	losses_fini(&losses);
}
END_TEST

START_TEST(after_a_flush_that_fails_each_item_is_stored_by_itself)
{
	keeper_open(0);
	atomic_store(&keeper.stops, true);
	record("p", "first");
	gate_await(&keeper.gate, 1);
	atomic_store(&keeper.stops, false);
	for (int i = 0; i < 10; i++)
		record("p", "later");
	atomic_store(&keeper.flush_failures, 2); /* the first one's, and its own of one item */
	gate_open(&keeper.gate);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EIO);
	ck_assert_int_eq(keeper_count("first"), 0);
	ck_assert_int_eq(keeper_count("later"), 10);
	ck_assert_int_eq(keeper.failures, 1);
	atomic_store(&keeper.flush_failures, 1);
	for (int i = 0; i < 10; i++)
		record("p", "last");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("last"), 10);
	keeper_close();
}
END_TEST

START_TEST(a_flush_waits_no_longer_than_its_deadline)
{
	keeper_open(0);
	atomic_store(&keeper.stops, true);
	record("p", "a");
	gate_await(&keeper.gate, 1);
	ck_assert_int_eq(flush_project("p", BOTHY_NOW), -ETIMEDOUT);
	ck_assert_int_eq(flush_project("p", bothy_after_ms(5)), -ETIMEDOUT);
	gate_open(&keeper.gate);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	keeper_close();
}
END_TEST

START_TEST(a_flush_of_nothing_is_done_at_once)
{
	keeper_open(0);
	ck_assert_int_eq(flush_project("p", BOTHY_NOW), 0);
	keeper_close();
}
END_TEST

/* ---- a full queue -------------------------------------------------------------------------- */

/* Fill a queue of one item: its writer stands in a flush. */
static void fill(void)
{
	keeper_open(1);
	atomic_store(&keeper.stops, true);
	record("p", "first");
	gate_await(&keeper.gate, 1);
}

static int record_in_job(void *op, void **ret_result)
{
	(void)ret_result;
	call(op);
	return 0;
}

START_TEST(a_job_waits_for_room_no_longer_than_its_deadline_and_it_is_counted)
{
	bothy_context *context;
	struct bothy_context_options options = {.size = sizeof(options),
	                                        .deadline = bothy_after_ms(20)};

	fill();
	ck_assert_int_eq(bothy_context_enter(keeper.server, "ann", "p", &options, &context), 0);
	call("late");
	ck_assert_int_eq(bothy_context_exit(context), -ETIMEDOUT);
	ck_assert_uint_eq(server_stats().waited, 1);
	ck_assert_int_eq(keeper.failures, 1);
	ck_assert_int_eq(keeper.failed_error, -ETIMEDOUT);
	gate_open(&keeper.gate);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -ETIMEDOUT);
	keeper_close();
	ck_assert_int_eq(keeper_count(NULL), 1);
}
END_TEST

START_TEST(what_was_waiting_for_room_is_stored_once_there_is_some)
{
	bothy_future *futures[3];

	fill();
	ck_assert_int_eq(
		bothy_pool_new(keeper.server,
	                       &(struct bothy_pool_options){
				       .size = sizeof(struct bothy_pool_options), .workers = 3},
	                       &pool),
		0);
	for (int i = 0; i < 3; i++)
		futures[i] = start(BOTHY_JOB(.fn = record_in_job, .arg = "later"));
	while (server_stats().waited < 3)
		(void)sched_yield();
	gate_open(&keeper.gate);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(futures[i]), 0);
	bothy_pool_free(pool);
	pool = NULL;
	keeper_close();
	ck_assert_int_eq(keeper_count("later"), 3);
}
END_TEST

START_TEST(a_flush_that_finds_no_room_loses_nothing)
{
	bothy_context *context;

	fill();
	context = enter("p");
	call("later");
	ck_assert_int_eq(bothy_client_flush(NULL, bothy_after_ms(5)), -ETIMEDOUT);
	ck_assert_int_eq(keeper.failures, 0);
	call("later");
	gate_open(&keeper.gate);
	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("later"), 2);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	keeper_close();
}
END_TEST

/* ---- in `failed`, on the thread whose context has lost something --------------------------- */

enum { HANDED_OVER_AT = 100 };

/* Of ann's project p, with its deadline past: what finds no room is lost at once. */
static bothy_context *enter_late(void)
{
	struct bothy_context_options options = {.size = sizeof(options), .deadline = BOTHY_NOW};
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(keeper.server, "ann", "p", &options, &context), 0);
	return context;
}

/* Have a full hand-over lost in a late context, and `failed` do this; where it was called is the
 * current context afterwards. */
static void lose(void (*on_failed)(void))
{
	uint64_t id = bothy_context_id();

	keeper.on_failed = on_failed;
	for (int i = 0; i < HANDED_OVER_AT; i++)
		call("late");
	keeper.on_failed = NULL;
	ck_assert_int_ge(keeper.failures, HANDED_OVER_AT);
	ck_assert_uint_eq(bothy_context_id(), id);
}

/* lose() in a late context of a job's; the job's code. */
static int lose_in_job(void (*on_failed)(void))
{
	bothy_context *context = enter_late();

	lose(on_failed);
	return bothy_context_exit(context) == -ETIMEDOUT ? 0 : 1;
}

static bothy_call *outer_call;
static int said_there;

static void end_outer_call(void)
{
	keeper.on_failed = NULL;
	said_there = bothy_call_end(outer_call, NULL, NULL);
}

START_TEST(failed_ends_no_call_of_the_context_that_has_lost_something)
{
	bothy_context *context;

	fill();
	context = enter_late();
	ck_assert_int_eq(bothy_call_begin("outer", NULL, &outer_call), 0);
	for (int i = 1; i < HANDED_OVER_AT; i++)
		call("late");
	ck_assert_int_eq(bothy_call_begin("inner", NULL, NULL), 0);
	keeper.on_failed = end_outer_call;
	ck_assert_int_eq(bothy_call_end(outer_call, NULL, NULL), -EBUSY);
	ck_assert_int_eq(keeper.failures, HANDED_OVER_AT + 1);
	ck_assert_int_eq(said_there, -ENOENT);
	ck_assert_ptr_null(bothy_call_current());
	ck_assert_int_eq(bothy_context_exit(context), -ETIMEDOUT);
	gate_open(&keeper.gate);
	keeper_close();
}
END_TEST

static bothy_context *late_context;

static void leave_late_context(void)
{
	keeper.on_failed = NULL;
	said_there = bothy_context_exit(late_context);
}

START_TEST(failed_does_not_leave_the_context_that_has_lost_something)
{
	fill();
	late_context = enter_late();
	lose(leave_late_context);
	ck_assert_int_eq(said_there, -EINVAL);
	call("late");
	ck_assert_int_eq(bothy_context_exit(late_context), -ETIMEDOUT);
	gate_open(&keeper.gate);
	keeper_close();
}
END_TEST

static void enter_and_forget(void)
{
	(void)enter("q");
}

static int forget_in_failed(void *arg, void **ret_result)
{
	uint64_t id = bothy_context_id();
	bothy_context *context = enter_late();
	const char *project;

	(void)arg, (void)ret_result;
	keeper.on_failed = enter_and_forget;
	for (int i = 0; i < HANDED_OVER_AT; i++)
		call("late");
	project = bothy_client_project(bothy_client_current());
	if (strcmp(project, "p") != 0)
		return 1;
	call("late");
	/* Its end loses something, too. */
	return bothy_context_exit(context) == -ETIMEDOUT && bothy_context_id() == id ? 0 : 2;
}

/* While the queue is full, start a job in a pool of its own. */
static bothy_future *start_when_full(bothy_fn *fn)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	fill();
	ck_assert_int_eq(bothy_pool_new(keeper.server, &options, &pool), 0);
	return start(BOTHY_JOB(.fn = fn));
}

/* The code of that job; the pool serves another one, and all is closed. */
static int end_of(bothy_future *future)
{
	int code = outcome(future);

	keeper.on_failed = NULL;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	gate_open(&keeper.gate);
	bothy_pool_free(pool);
	pool = NULL;
	keeper_close();
	return code;
}

static int code_of(bothy_fn *fn)
{
	return end_of(start_when_full(fn));
}

START_TEST(what_failed_enters_and_forgets_is_left_before_the_job_goes_on)
{
	ck_assert_int_eq(code_of(forget_in_failed), 0);
	ck_assert_int_eq(keeper.failures, HANDED_OVER_AT + 1);
}
END_TEST

START_TEST(what_failed_forgets_on_the_writers_thread_holds_no_server)
{
	keeper_open(0);
	keeper.failing = "bad";
	keeper.on_failed = enter_and_forget;
	record("p", "bad");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EDOM);
	keeper_close();
}
END_TEST

/* With all the time there is, and with none. */
static void record_in_vain(void)
{
	bothy_context *context = enter("q");

	call("there");
	said_there = bothy_context_exit(context);
	context = enter_late();
	call("there");
	(void)bothy_context_exit(context);
}

START_TEST(what_failed_records_waits_for_no_room_and_is_not_told_to_it)
{
	bothy_context *context;

	fill();
	context = enter_late();
	lose(record_in_vain);
	ck_assert_int_eq(said_there, -ETIMEDOUT);
	ck_assert_int_eq(keeper.failures, HANDED_OVER_AT);
	ck_assert_uint_eq(server_stats().failed, 3 * HANDED_OVER_AT);
	ck_assert_int_eq(bothy_context_exit(context), -ETIMEDOUT);
	gate_open(&keeper.gate);
	ck_assert_int_eq(flush_project("q", BOTHY_FOREVER), -ETIMEDOUT);
	keeper_close();
}
END_TEST

static int deferred_there, set_there, spawned_there, captured_there, run_there;

static void no_op(void *arg)
{
	(void)arg;
}

static void ask_for_everything(void)
{
	static const char key;
	bothy_capture *capture;

	keeper.on_failed = NULL;
	deferred_there = bothy_context_defer(no_op, NULL);
	set_there = bothy_local_set(&key, &keeper, NULL);
	spawned_there = bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL);
	captured_there = bothy_context_capture(&capture);
	run_there = bothy_run(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing),
	                      BOTHY_FOREVER, NULL);
	(void)bothy_fail(EIO, "what the job has not said");
}

static int ask_in_failed(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return lose_in_job(ask_for_everything);
}

START_TEST(failed_is_in_no_context_and_may_run_jobs)
{
	ck_assert_int_eq(code_of(ask_in_failed), 0);
	ck_assert_int_eq(deferred_there, -ENOENT);
	ck_assert_int_eq(set_there, -ENOENT);
	ck_assert_int_eq(spawned_there, -ENOENT);
	ck_assert_int_eq(captured_there, -ENOENT);
	ck_assert_int_eq(run_there, 0);
}
END_TEST

static void run_there_too(void)
{
	keeper.on_failed = NULL;
	run_there = bothy_run(
		pool,
		&BOTHY_JOB(.entity = "ann", .project = "p", .fn = record_in_job, .arg = "there"),
		BOTHY_FOREVER, NULL);
}

static int run_in_failed(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return lose_in_job(run_there_too);
}

/* What a callback runs is no job's child, and has a thread of its own. */
START_TEST(a_job_that_failed_runs_waits_for_room_as_any)
{
	bothy_future *future = start_when_full(run_in_failed);

	while (server_stats().waited < 2)
		(void)sched_yield();
	gate_open(&keeper.gate);
	ck_assert_int_eq(end_of(future), 0);
	ck_assert_int_eq(run_there, 0);
	ck_assert_int_eq(keeper_count("there"), 1);
}
END_TEST

static void end_thread_there(void)
{
	keeper.on_failed = NULL;
	(void)enter("q");
	pthread_exit(NULL);
}

static int end_in_failed(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	(void)enter_late();
	lose(end_thread_there);
	return 0;
}

/* It must not; but what it costs then is a thread. */
START_TEST(a_failed_that_ends_its_thread_ends_the_job)
{
	ck_assert_int_eq(code_of(end_in_failed), -EOWNERDEAD);
	ck_assert_int_eq(keeper.failures, 1);
}
END_TEST

/* ---- on the writer's own thread ------------------------------------------------------------- */

static atomic_int flushed_there;

static void record_there(void)
{
	bothy_context *context;

	keeper.on_failed = NULL;
	record("p", "there");
	context = enter("p");
	call("there");
	atomic_store(&flushed_there, bothy_client_flush(NULL, BOTHY_FOREVER));
	ck_assert_int_eq(bothy_context_exit(context), 0);
}

START_TEST(the_writers_thread_does_not_wait_for_itself)
{
	keeper_open(1); /* there is no room */
	keeper.failing = "bad";
	keeper.on_failed = record_there;
	record("p", "bad");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EDOM);
	keeper_close();
	ck_assert_int_eq(flushed_there, -EDEADLK);
	ck_assert_int_eq(keeper_count("there"), 2);
}
END_TEST

static void release_there(void)
{
	bothy_server_release(keeper.server);
}

START_TEST(the_last_hold_may_go_on_the_writers_thread)
{
	keeper_open(0);
	keeper.failing = "bad";
	keeper.on_failed = release_there;
	record("p", "bad");
	while (atomic_load(&keeper.destroyed) == 0)
		(void)sched_yield();
	ck_assert_int_eq(keeper.failures, 1);
	gate_fini(&keeper.gate);
}
END_TEST

static pid_t forked;

static void fork_there(void)
{
	keeper.on_failed = keeper.on_upsert = NULL;
	forked = support_fork_to_return();
}

START_TEST(a_forked_child_does_not_go_on_as_the_writer)
{
	keeper_open(0);
	keeper.failing = "bad";
	keeper.on_failed = fork_there;
	record("p", "bad");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -EDOM);
	ck_assert_int_gt(forked, 0);
	ck_assert(support_ended_with_its_thread(forked));
	record("p", "good");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	ck_assert_int_eq(keeper_count("good"), 1);
	keeper_close();
}
END_TEST

START_TEST(a_child_that_returns_from_a_write_makes_no_other)
{
	keeper_open(0);
	keeper.on_upsert = fork_there;
	record("p", "good");
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), 0);
	ck_assert_int_gt(forked, 0);
	ck_assert(support_ended_with_its_thread(forked));
	ck_assert_int_eq(keeper_count("good"), 1);
	keeper_close();
}
END_TEST

/* ---- what stands around it ------------------------------------------------------------------- */

START_TEST(what_cannot_be_recorded_is_counted_and_does_not_mask_the_outcome)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	bothy_future *future;
	int code;

	fill();
	ck_assert_int_eq(bothy_pool_new(keeper.server, &options, &pool), 0);
	future = start_to_be_late_in(BOTHY_JOB(.fn = record_in_job, .arg = "late"), 1000);
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	while (bothy_future_running(future))
		(void)sched_yield();
	code = bothy_future_result(future, NULL);
	ck_assert(code == 0 || code == -ETIMEDOUT); /* what it waits until is its deadline */
	ck_assert_uint_eq(stats_now().finish_failed, 1);
	ck_assert_int_eq(stats_now().finish_error, -ETIMEDOUT);
	bothy_future_release(future);
	gate_open(&keeper.gate);
	bothy_pool_free(pool);
	pool = NULL;
	keeper_close();
}
END_TEST

START_TEST(what_a_server_has_no_write_for_is_lost_and_told)
{
	char digest[BOTHY_DIGEST_BYTES];
	bothy_context *context;

	keeper_open(0);
	context = enter("p");
	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	ck_assert_int_eq(flush_project("p", BOTHY_FOREVER), -ENOTSUP);
	keeper_close();
}
END_TEST

START_TEST(a_servers_own_hooks_are_called_as_well)
{
	keeper_open(0);
	record("p", "a");
	ck_assert_int_eq(keeper.begun, 1);
	ck_assert_int_eq(keeper.finished, 1);
	keeper_close();
}
END_TEST

START_TEST(a_writer_that_cannot_start_is_an_error)
{
	bothy_server *server = NULL;

	support_fail_thread_start(1);
	ck_assert_int_eq(bothy_server_open("memory:", NULL, &server), -EAGAIN);
	support_fail_thread_start(0);
	ck_assert_ptr_null(server);
}
END_TEST

static int flush_in_child(void *client)
{
	int flushed = bothy_client_flush(client, BOTHY_NOW);

	bothy_server_release(keeper.server); /* harmless */
	return flushed == -ECHILD ? 0 : 1;
}

START_TEST(in_a_forked_child_the_server_is_dead)
{
	bothy_client *client;

	keeper_open(0);
	record("p", "a");
	ck_assert_int_eq(bothy_client_new(keeper.server, "ann", "p", &client), 0);
	ck_assert_int_eq(support_in_child(flush_in_child, client), 0);
	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	bothy_client_release(client);
	keeper_close();
	ck_assert_int_eq(keeper_count(NULL), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_a_context_recorded_is_stored_after_its_exit_and_a_flush,
		the_last_release_stores_what_was_handed_over,
		what_was_handed_over_is_given_to_the_server_once,
		contexts_that_hand_over_meanwhile_share_a_flush,
		at_100_items_they_are_handed_over_before_the_exit,
		a_flush_hands_over_by_project_whichever_client_it_is_given,
		what_is_large_is_handed_over_before_the_exit,
		the_queue_is_bounded_in_bytes_too,
		an_item_that_fails_takes_no_neighbour_along_and_is_named,
		a_loss_is_told_once_and_to_its_own_project,
		many_projects_losses_are_told_each_its_own,
		a_loss_that_there_was_no_memory_to_keep_is_told_to_each_project_once,
		after_a_flush_that_fails_each_item_is_stored_by_itself,
		a_flush_waits_no_longer_than_its_deadline,
		a_flush_of_nothing_is_done_at_once,
		a_job_waits_for_room_no_longer_than_its_deadline_and_it_is_counted,
		what_was_waiting_for_room_is_stored_once_there_is_some,
		a_flush_that_finds_no_room_loses_nothing,
		failed_ends_no_call_of_the_context_that_has_lost_something,
		failed_does_not_leave_the_context_that_has_lost_something,
		what_failed_enters_and_forgets_is_left_before_the_job_goes_on,
		what_failed_forgets_on_the_writers_thread_holds_no_server,
		what_failed_records_waits_for_no_room_and_is_not_told_to_it,
		failed_is_in_no_context_and_may_run_jobs,
		a_job_that_failed_runs_waits_for_room_as_any,
		a_failed_that_ends_its_thread_ends_the_job,
		the_writers_thread_does_not_wait_for_itself,
		the_last_hold_may_go_on_the_writers_thread,
		a_forked_child_does_not_go_on_as_the_writer,
		a_child_that_returns_from_a_write_makes_no_other,
		what_cannot_be_recorded_is_counted_and_does_not_mask_the_outcome,
		what_a_server_has_no_write_for_is_lost_and_told,
		a_servers_own_hooks_are_called_as_well,
		a_writer_that_cannot_start_is_an_error,
		in_a_forked_child_the_server_is_dead,
	};

	return run_suite("writer", tests, sizeof(tests) / sizeof(tests[0]));
}
