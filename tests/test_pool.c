/*
 * The pool: submitting, queues and turns, room, closing, and the lives and deaths of its
 * threads.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"

/* ---- jobs ---------------------------------------------------------------------------- */

static atomic_int sequence;

static int take_number(void *arg, void **ret_result)
{
	(void)ret_result;
	*(int *)arg = atomic_fetch_add(&sequence, 1);
	return 0;
}

/* ---- results ----------------------------------------------------------------------------- */

static int give_result(void *arg, void **ret_result)
{
	*ret_result = arg;
	return 0;
}

START_TEST(run_hands_over_the_result)
{
	int value = 7;
	void *result = NULL;

	pool_of(2);
	ck_assert_int_eq(bothy_run(pool,
	                           &BOTHY_JOB(.entity = "ann", .project = "p", .fn = give_result,
	                                      .arg = &value),
	                           BOTHY_FOREVER, &result),
	                 0);
	ck_assert_ptr_eq(result, &value);
}
END_TEST

START_TEST(run_sets_its_result_for_every_outcome_and_for_no_refusal)
{
	int value = 7;
	void *result = &value;
	struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .fn = return_code,
	                                 .arg = &value);

	pool_of(1);
	ck_assert_int_eq(bothy_run(pool, &job, 0, &result), -EINVAL);
	ck_assert_ptr_eq(result, &value);
	ck_assert_int_eq(bothy_run(pool, &job, BOTHY_FOREVER, &result), 7);
	ck_assert_ptr_null(result);
	result = &value;
	ck_assert_int_eq(bothy_run(pool, &job, BOTHY_NOW, &result), -ETIMEDOUT);
	ck_assert_ptr_null(result);
}
END_TEST

START_TEST(a_result_is_handed_out_once)
{
	int value = 7;
	void *result = NULL;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = give_result, .arg = &value));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_result(future, NULL), 0);
	ck_assert_int_eq(bothy_future_result(future, &result), 0);
	ck_assert_ptr_eq(result, &value);
	ck_assert_int_eq(bothy_future_result(future, &result), 0);
	ck_assert_ptr_null(result);
	bothy_future_release(future);
}
END_TEST

START_TEST(a_result_that_nobody_takes_is_freed)
{
	int value = 7;

	pool_of(1);
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p",
	                                         .fn = give_result, .arg = &value,
	                                         .result_free = count_free),
	                              NULL),
	                 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(an_error_of_the_jobs_own_is_read_back_as_positive)
{
	int codes[] = {0, 5, -5, INT32_MIN};
	int seen[] = {0, 5, 5, INT32_MAX};

	pool_of(1);
	for (int i = 0; i < 4; i++) {
		bothy_future *future = start(BOTHY_JOB(.fn = return_code, .arg = &codes[i]));

		ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
		ck_assert_int_eq(bothy_future_state(future), i == 0 ? BOTHY_DONE : BOTHY_FAILED);
		ck_assert_int_eq(outcome(future), seen[i]);
	}
}
END_TEST

START_TEST(returning_a_stop_reason_unasked_is_a_failure)
{
	int code = -ECANCELED;

	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = return_code, .arg = &code))), ECANCELED);
}
END_TEST

static int fail_saying_why(void *arg, void **ret_result)
{
	(void)ret_result;
	return bothy_fail(EIO, "no such file: %s", (const char *)arg);
}

START_TEST(what_fail_said_is_read_from_the_future)
{
	bothy_future *future;
	char name[] = "x.txt";

	pool_of(1);
	future = start(BOTHY_JOB(.fn = fail_saying_why, .arg = name));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_str_eq(bothy_future_error(future), "no such file: x.txt");
	ck_assert_int_eq(outcome(future), EIO);
}
END_TEST

START_TEST(an_argument_is_copied_if_it_has_bytes)
{
	bothy_future *future;
	int code = 9;

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	future = start(BOTHY_JOB(.fn = return_code, .arg = &code, .arg_bytes = sizeof(code)));
	code = 1;
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 9);
}
END_TEST

/* ---- turns ------------------------------------------------------------------------------------ */

START_TEST(jobs_of_one_project_start_in_order)
{
	enum { N = 100 };
	int numbers[N];

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	for (int i = 0; i < N; i++)
		start_and_forget(BOTHY_JOB(.fn = take_number, .arg = &numbers[i]));
	sequence = 0;
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(numbers[i], i);
}
END_TEST

START_TEST(a_single_job_starts_soon_beside_100000_of_another_project)
{
	enum { N = 100000 };
	int number = -1, other;

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	sequence = 0;
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(bothy_submit(pool,
		                              &BOTHY_JOB(.entity = "flood", .project = "p",
		                                         .fn = take_number, .arg = &other),
		                              NULL),
		                 0);
	start_and_forget(BOTHY_JOB(.entity = "calm", .project = "p", .fn = take_number,
	                                     .arg = &number));
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_ge(number, 0);
	ck_assert_int_lt(number, 1000);
}
END_TEST

START_TEST(a_handle_and_its_names_are_one_project)
{
	bothy_project *project, *again;

	pool_of(1);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &project), 0);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &again), 0);
	ck_assert_ptr_eq(project, again);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing))), 0);
	bothy_project_release(again);
	bothy_pool_free(pool);
	pool = NULL;
	bothy_project_release(project); /* outlives the pool */
}
END_TEST

/* ---- room --------------------------------------------------------------------------------------- */

START_TEST(a_full_queue_refuses_and_the_argument_stays_the_callers)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = 2});
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	start_and_forget(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing,
	                                         .arg = &freed, .arg_free = count_free),
	                              NULL),
	                 -EAGAIN);
	ck_assert_int_eq(bothy_pool_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.refused, 1);
	ck_assert_uint_eq(stats.queued, 2);
	ck_assert_uint_eq(stats.running, 1);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 0);
}
END_TEST

static void *submit_blocked(void *arg)
{
	int *ret_error = arg;

	*ret_error = bothy_submit(
		pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing), NULL);
	return NULL;
}

START_TEST(a_blocked_submit_goes_on_when_there_is_room)
{
	pthread_t threads[8];
	int errors[8];

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_blocked, &errors[i]), 0);
	gate_open(&gate);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(errors[i], 0);
	}
}
END_TEST

START_TEST(a_blocked_submit_waits_at_most_until_the_jobs_deadline)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing,
	                                         .deadline = bothy_after_ms(5)),
	                              NULL),
	                 -EAGAIN);
	gate_open(&gate);
}
END_TEST

static int submit_until_full(void *arg, void **ret_result)
{
	int error;

	(void)arg;
	(void)ret_result;
	do
		error = bothy_submit(
			pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing), NULL);
	while (error == 0);
	return error == -EAGAIN ? 0 : 1;
}

START_TEST(a_worker_is_never_blocked_by_a_full_queue)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 4, .when_full = BOTHY_BLOCK});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = submit_until_full))), 0);
}
END_TEST

START_TEST(submit_many_says_how_far_it_came)
{
	struct bothy_job jobs[4];
	bothy_future *futures[4] = {NULL};
	size_t accepted = 99;

	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = 2});
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < 4; i++)
		jobs[i] = BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing);
	ck_assert_int_eq(bothy_submit_many(pool, jobs, 4, futures, &accepted), -EAGAIN);
	ck_assert_uint_eq(accepted, 2);
	ck_assert_ptr_nonnull(futures[1]);
	ck_assert_ptr_null(futures[2]);
	gate_open(&gate);
	ck_assert_int_eq(outcome(futures[0]), 0);
	ck_assert_int_eq(outcome(futures[1]), 0);
}
END_TEST

/* ---- closing -------------------------------------------------------------------------------------- */

static int spawn_once(void *arg, void **ret_result)
{
	(void)ret_result;
	gate_wait(&gate);
	return -bothy_spawn(&BOTHY_JOB(.fn = take_number, .arg = arg), NULL);
}

static void *close_forever(void *arg)
{
	*(int *)arg = bothy_pool_close(pool, BOTHY_FOREVER);
	return NULL;
}

static void await_closing(void)
{
	/* The phase is only to be seen by its effect. */
	while (bothy_submit(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing),
	                    NULL) != -ESHUTDOWN)
		sched_yield();
}

START_TEST(close_runs_what_was_accepted_and_what_that_spawns)
{
	int number = -1, closed = 1;
	bothy_future *future;
	pthread_t closer;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = spawn_once, .arg = &number));
	gate_await(&gate, 1);
	ck_assert_int_eq(pthread_create(&closer, NULL, close_forever, &closed), 0);
	await_closing();
	gate_open(&gate);
	pthread_join(closer, NULL);
	ck_assert_int_eq(closed, 0);
	ck_assert_uint_eq(stats_now().threads, 0);
	ck_assert_uint_eq(stats_now().narrowed, 0); /* nothing is missing that should be there */
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_ge(number, 0);
}
END_TEST

START_TEST(close_cancels_what_is_left_at_its_deadline)
{
	bothy_future *running, *queued;
	int closed;

	pool_of(1);
	running = start(BOTHY_JOB(.fn = until_stopped));
	gate_await(&gate, 1);
	queued = start(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = count_free));
	closed = bothy_pool_close(pool, BOTHY_NOW); /* the job may be quick to stop */
	ck_assert(closed == 0 || closed == -ETIMEDOUT);
	ck_assert_int_eq(outcome(queued), -ECANCELED);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(outcome(running), -ECANCELED);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
}
END_TEST

START_TEST(close_times_out_while_a_job_runs_and_may_be_called_again)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_NOW), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

START_TEST(submit_after_close_is_refused)
{
	bothy_project *project;

	pool_of(1);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(
		bothy_submit(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing), NULL),
		-ESHUTDOWN);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &project), -ESHUTDOWN);
}
END_TEST

START_TEST(close_wakes_blocked_submitters)
{
	pthread_t thread;
	int error = 1, closed;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	start_and_forget(BOTHY_JOB(.fn = until_stopped));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(pthread_create(&thread, NULL, submit_blocked, &error), 0);
	closed = bothy_pool_close(pool, BOTHY_NOW);
	ck_assert(closed == 0 || closed == -ETIMEDOUT);
	pthread_join(thread, NULL);
	ck_assert_int_eq(error, -ESHUTDOWN);
}
END_TEST

static int close_own_pool(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_pool_close(pool, BOTHY_NOW) == -EDEADLK ? 0 : 1;
}

START_TEST(close_on_a_worker_is_a_deadlock_error)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = close_own_pool))), 0);
}
END_TEST

static int free_own_pool(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	bothy_pool_free(pool);
	return bothy_stop_requested();
}

struct told {
	struct gate gate;
	int closed, submitted;
};

static void close_and_submit(void *arg)
{
	struct told *told = arg;

	told->closed = bothy_pool_close(pool, BOTHY_FOREVER);
	told->submitted = bothy_submit(
		pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing), NULL);
	gate_arrive(&told->gate);
}

/* The thread that sees to deadlines calls functions of the user's, too. */
START_TEST(every_thread_of_the_pool_is_one_that_may_not_wait_for_it)
{
	struct told told = {.closed = 1, .submitted = 1};
	bothy_future *future;

	gate_init(&told.gate);
	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	future = start_to_be_late_in(BOTHY_JOB(.fn = stop_at_gate), 2000);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_notify(future, close_and_submit, &told), 0);
	gate_await(&told.gate, 1);
	ck_assert_int_eq(told.closed, -EDEADLK);
	ck_assert_int_eq(told.submitted, -EAGAIN);
	gate_open(&gate);
	bothy_future_release(future);
	gate_fini(&told.gate);
}
END_TEST

static void free_the_pool(void *arg)
{
	bothy_pool_free(pool);
	gate_arrive(arg);
}

START_TEST(free_on_the_thread_that_sees_to_deadlines_abandons_the_pool)
{
	struct gate told;
	bothy_future *future;

	gate_init(&told);
	pool_of(1);
	future = start_to_be_late_in(BOTHY_JOB(.fn = stop_at_gate), 2000);
	ck_assert_int_eq(bothy_future_notify(future, free_the_pool, &told), 0);
	gate_await(&told, 1);
	pool = NULL;
	gate_open(&gate);
	while (bothy_future_running(future))
		sched_yield();
	bothy_future_release(future);
	gate_fini(&told);
}
END_TEST

START_TEST(free_on_a_worker_abandons_the_pool)
{
	bothy_future *future;

	pool_of(2);
	future = start(BOTHY_JOB(.fn = free_own_pool));
	ck_assert_int_eq(outcome(future), -ECANCELED);
	pool = NULL;
}
END_TEST

START_TEST(abandon_returns_at_once_and_the_job_ends_later)
{
	bothy_future *running, *queued;

	pool_of(1);
	running = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	queued = start(BOTHY_JOB(.fn = nothing));
	bothy_pool_abandon(pool);
	pool = NULL;
	ck_assert_int_eq(outcome(queued), -ECANCELED);
	gate_open(&gate);
	ck_assert_int_eq(outcome(running), 0);
}
END_TEST

START_TEST(free_takes_null)
{
	bothy_pool_free(NULL);
	bothy_pool_abandon(NULL);
	bothy_project_release(NULL);
	bothy_future_release(NULL);
	bothy_group_release(NULL);
	bothy_completions_release(NULL);
	bothy_server_release(NULL);
	bothy_client_release(NULL);
	bothy_capture_release(NULL);
	bothy_ref_release(NULL);
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------------------- */

START_TEST(a_job_that_ends_its_thread_is_told_and_the_worker_replaced)
{
	pool_of(1);
	for (int i = 0; i < 20; i++) {
		bothy_future *future = start(
			BOTHY_JOB(.fn = end_thread, .arg = &freed, .arg_free = count_free));

		ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
		ck_assert_int_eq(bothy_future_state(future), BOTHY_THREAD_EXITED);
		ck_assert_int_eq(outcome(future), -EOWNERDEAD);
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	}
	ck_assert_int_eq(freed, 20);
}
END_TEST

static void release_future(void *future)
{
	bothy_future_release(future);
}

static int end_thread_for_good(void *arg, void **ret_result)
{
	support_fail_thread_starts(true);
	return end_thread(arg, ret_result);
}

START_TEST(a_pool_that_could_start_no_thread_at_all_tries_again)
{
	pool_of(1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread_for_good))), -EOWNERDEAD);
		while (stats_now().narrowed == 0)
			sched_yield();
		if (i == 0) { /* the next submit tries */
			support_fail_thread_starts(false);
			ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
		}
	}
	start_and_forget(BOTHY_JOB(.fn = nothing));
	support_fail_thread_starts(false); /* close does */
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().done, 2);
}
END_TEST

static int exit_waiting_in_place(void *arg, void **ret_result)
{
	bothy_future *child;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = end_thread), &child) < 0 ||
	    bothy_context_defer(release_future, child) < 0)
		return 1;
	/* One worker, and it waits: the child runs in place, and takes both along. */
	(void)!bothy_future_wait(child, BOTHY_FOREVER);
	return 2;
}

static void end_thread_in(void *arg)
{
	count_free(arg);
	pthread_exit(NULL);
}

static int end_thread_in_handlers(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	if (bothy_context_defer(end_thread_in, NULL) < 0)
		return 1;
	pthread_cleanup_push(count_free, NULL);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
	return 2;
}

/* Its child ends the thread in place; what it deferred does so again, as does the child's. */
static int wait_for_one_that_ends_the_thread(void *arg, void **ret_result)
{
	bothy_future *child;
	int error;

	(void)arg;
	(void)ret_result;
	if (bothy_context_defer(end_thread_in, NULL) < 0 ||
	    bothy_spawn(&BOTHY_JOB(.fn = end_thread_in_handlers, .arg = &freed,
	                           .arg_free = end_thread_in),
	                &child) < 0)
		return 1;
	error = bothy_context_defer(release_future, child);
	return error < 0 ? error : bothy_future_wait(child, BOTHY_FOREVER);
}

static void fini_that_ends_the_thread(void *user, void *worker_local)
{
	(void)user;
	(void)worker_local;
	end_thread_in(NULL);
}

START_TEST(a_thread_may_be_ended_again_by_whatever_cleans_up)
{
	pool_with((struct bothy_pool_options){.workers = 1,
	                                      .worker_fini = fini_that_ends_the_thread});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_for_one_that_ends_the_thread,
	                                         .arg = &freed, .arg_free = end_thread_in))),
	                 -EOWNERDEAD);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	/* Of each job what it deferred and its argument, the child's own handler, and two
	 * workers' ends. */
	ck_assert_int_eq(freed, 7);
	ck_assert_uint_eq(stats_now().thread_exited, 2);
}
END_TEST

static int run_one_that_ends_the_thread(void *arg, void **ret_result)
{
	return bothy_run(arg, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = end_thread),
	                 BOTHY_FOREVER, ret_result);
}

START_TEST(a_run_whose_job_ends_the_thread_leaves_nothing_behind)
{
	long live[3];

	for (int i = 0; i < 3; i++) {
		pool_of(1);
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = run_one_that_ends_the_thread,
		                                         .arg = pool))),
		                 -EOWNERDEAD);
		bothy_pool_free(pool);
		pool = NULL;
		live[i] = support_live_allocations();
	}
	ck_assert_int_eq(live[2], live[1]);
}
END_TEST

START_TEST(a_job_run_in_place_that_ends_the_thread_takes_the_waiting_one_along)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = exit_waiting_in_place))), -EOWNERDEAD);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
}
END_TEST

static int all_signals_blocked(void *arg, void **ret_result)
{
	sigset_t blocked;

	(void)arg;
	(void)ret_result;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, SIGUSR1) == 1 && sigismember(&blocked, SIGTERM) == 1 ? 0 : 1;
}

START_TEST(workers_block_all_signals)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = all_signals_blocked))), 0);
}
END_TEST

static int self(void *arg, void **ret_result)
{
	(void)ret_result;
	*(pthread_t *)arg = pthread_self();
	return 0;
}

START_TEST(own_thread_runs_on_a_thread_of_its_own)
{
	pthread_t first, worker;

	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = self, .arg = &worker))), 0);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = self, .arg = &first, .flags = BOTHY_OWN_THREAD))), 0);
	ck_assert(!pthread_equal(first, worker));
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = self, .arg = &first))), 0);
	ck_assert(pthread_equal(first, worker));
}
END_TEST

START_TEST(own_threads_take_workers_places)
{
	bothy_future *own, *next;

	pool_of(1);
	own = start(BOTHY_JOB(.fn = stop_at_gate, .flags = BOTHY_OWN_THREAD));
	gate_await(&gate, 1);
	next = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(next, bothy_after_ms(20)), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(outcome(own), 0);
	ck_assert_int_eq(outcome(next), 0);
}
END_TEST

/* ---- worker hooks -------------------------------------------------------------------------------------- */

static atomic_int inits, finis;

static int hook_init(void *user, void **ret_worker_local)
{
	(void)user;
	*ret_worker_local = malloc(1);
	atomic_fetch_add(&inits, 1);
	return 0;
}

static void hook_fini(void *user, void *worker_local)
{
	(void)user;
	free(worker_local);
	atomic_fetch_add(&finis, 1);
}

static int third_fails(void *user, void **ret_worker_local)
{
	(void)user;
	*ret_worker_local = NULL;
	return atomic_fetch_add(&inits, 1) == 2 ? -EACCES : 0;
}

static int has_local(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_worker_local() != NULL ? 0 : 1;
}

START_TEST(each_worker_has_its_local_from_init_to_fini)
{
	inits = finis = 0;
	pool_with((struct bothy_pool_options){
		.workers = 3, .worker_init = hook_init, .worker_fini = hook_fini});
	ck_assert_int_eq(inits, 3);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = has_local))), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread))), -EOWNERDEAD);
	while (inits < 4) /* a pool that closes would start no other thread for it */
		sched_yield();
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = has_local, .flags = BOTHY_OWN_THREAD))), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(inits, finis);
	ck_assert_int_eq(inits, 5);
	ck_assert_ptr_null(bothy_worker_local());
}
END_TEST

static pthread_key_t at_thread_end;
static void *late_local;

static void look_late(void *ended)
{
	late_local = bothy_worker_local();
	gate_arrive(ended);
}

static int look_at_thread_end(void *arg, void **ret_result)
{
	(void)ret_result;
	(void)pthread_setspecific(at_thread_end, arg);
	bothy_pool_abandon(pool);
	pool = NULL;
	return 0;
}

START_TEST(a_keys_destructor_is_on_no_worker_any_more)
{
	struct gate ended;

	gate_init(&ended);
	late_local = &late_local;
	ck_assert_int_eq(pthread_key_create(&at_thread_end, look_late), 0);
	pool_with((struct bothy_pool_options){
		.workers = 1, .worker_init = hook_init, .worker_fini = hook_fini});
	start_and_forget(BOTHY_JOB(.fn = look_at_thread_end, .arg = &ended));
	gate_await(&ended, 1);
	ck_assert_ptr_null(late_local);
	pthread_key_delete(at_thread_end);
	gate_fini(&ended);
}
END_TEST

START_TEST(a_worker_that_cannot_start_fails_the_pool_and_leaves_none)
{
	struct bothy_pool_options options = {.size = sizeof(options),
	                                     .workers = 4,
	                                     .worker_init = third_fails,
	                                     .worker_fini = hook_fini};
	bothy_pool *none = NULL;

	inits = finis = 0;
	ck_assert_int_eq(bothy_pool_new(NULL, &options, &none), -EACCES);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(finis, inits - 1);
}
END_TEST

/* ---- statistics -------------------------------------------------------------------------------------------- */

START_TEST(statistics_count_every_outcome_once)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	int five = 5;

	pool_of(2);
	(void)outcome(start(BOTHY_JOB(.fn = nothing)));
	(void)outcome(start(BOTHY_JOB(.fn = return_code, .arg = &five)));
	(void)outcome(start(BOTHY_JOB(.fn = end_thread)));
	(void)outcome(start(BOTHY_JOB(.fn = nothing, .deadline = BOTHY_NOW)));
	(void)outcome(start(BOTHY_JOB(.fn = until_stopped, .deadline = bothy_after_ms(5))));
	ck_assert_int_eq(bothy_pool_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.submitted, 5);
	ck_assert_uint_eq(stats.done, 1);
	ck_assert_uint_eq(stats.failed, 1);
	ck_assert_uint_eq(stats.thread_exited, 1);
	/* The last one may have been slow to start. */
	ck_assert_uint_eq(stats.expired + stats.timed_out, 2);
	ck_assert_uint_eq(stats.queued + stats.running, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		run_hands_over_the_result,
		run_sets_its_result_for_every_outcome_and_for_no_refusal,
		a_result_is_handed_out_once,
		a_result_that_nobody_takes_is_freed,
		an_error_of_the_jobs_own_is_read_back_as_positive,
		returning_a_stop_reason_unasked_is_a_failure,
		what_fail_said_is_read_from_the_future,
		an_argument_is_copied_if_it_has_bytes,
		jobs_of_one_project_start_in_order,
		a_single_job_starts_soon_beside_100000_of_another_project,
		a_handle_and_its_names_are_one_project,
		a_full_queue_refuses_and_the_argument_stays_the_callers,
		a_blocked_submit_goes_on_when_there_is_room,
		a_blocked_submit_waits_at_most_until_the_jobs_deadline,
		a_worker_is_never_blocked_by_a_full_queue,
		submit_many_says_how_far_it_came,
		close_runs_what_was_accepted_and_what_that_spawns,
		close_cancels_what_is_left_at_its_deadline,
		close_times_out_while_a_job_runs_and_may_be_called_again,
		submit_after_close_is_refused,
		close_wakes_blocked_submitters,
		close_on_a_worker_is_a_deadlock_error,
		every_thread_of_the_pool_is_one_that_may_not_wait_for_it,
		free_on_the_thread_that_sees_to_deadlines_abandons_the_pool,
		free_on_a_worker_abandons_the_pool,
		abandon_returns_at_once_and_the_job_ends_later,
		free_takes_null,
		a_job_that_ends_its_thread_is_told_and_the_worker_replaced,
		a_pool_that_could_start_no_thread_at_all_tries_again,
		a_thread_may_be_ended_again_by_whatever_cleans_up,
		a_run_whose_job_ends_the_thread_leaves_nothing_behind,
		a_job_run_in_place_that_ends_the_thread_takes_the_waiting_one_along,
		workers_block_all_signals,
		own_thread_runs_on_a_thread_of_its_own,
		own_threads_take_workers_places,
		each_worker_has_its_local_from_init_to_fini,
		a_keys_destructor_is_on_no_worker_any_more,
		a_worker_that_cannot_start_fails_the_pool_and_leaves_none,
		statistics_count_every_outcome_once,
	};

	return run_suite("pool", tests, sizeof(tests) / sizeof(tests[0]));
}
