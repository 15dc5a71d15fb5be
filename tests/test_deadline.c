/*
 * Time: deadlines in the queue and while running, jobs that don't stop, and the places of
 * their workers.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/pool_fixture.h"

#define MS INT64_C(1000000)

START_TEST(a_past_deadline_is_accepted_and_expires)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = end_thread, .deadline = BOTHY_NOW, .arg = &freed,
	                         .arg_free = count_free));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_EXPIRED);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
}
END_TEST

static void arrive_at(void *arg)
{
	gate_arrive(arg);
}

START_TEST(a_queued_job_expires_with_nobody_waiting)
{
	struct gate expired;

	gate_init(&expired);
	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing, .arg = &expired, .arg_free = arrive_at,
	                           .deadline = bothy_after_ms(5)));
	gate_await(&expired, 1); /* the worker is at its gate still: somebody else saw to it */
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().expired, 1);
	gate_fini(&expired);
}
END_TEST

START_TEST(thousands_of_queued_jobs_expire_together)
{
	enum { N = 20000 };

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < N; i++)
		start_and_forget(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = count_free,
		                           .deadline = bothy_after_ms(i % 3)));
	while (stats_now().expired < N)
		look_again();
	ck_assert_int_eq(freed, N);
	gate_open(&gate);
}
END_TEST

static void stop_at(void *gate_of_arg)
{
	gate_wait(gate_of_arg);
}

START_TEST(a_job_that_starts_during_a_sweep_times_out)
{
	enum { SWEPT_AT_ONCE = 1024 };
	struct gate sweeping;
	bothy_future *late;

	gate_init(&sweeping);
	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < SWEPT_AT_ONCE - 1; i++)
		start_and_forget(BOTHY_JOB(.fn = nothing));
	start_and_forget(BOTHY_JOB(.fn = nothing, .arg = &sweeping, .arg_free = stop_at,
	                           .deadline = bothy_after_ms(100)));
	late = start(BOTHY_JOB(.fn = until_stopped, .deadline = bothy_after_ms(3000)));
	gate_await(&sweeping, 1); /* it has been through all but LATE */
	gate_open(&gate);
	gate_await(&gate, 1);
	gate_open(&sweeping);
	ck_assert_int_eq(outcome(late), -ETIMEDOUT);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	gate_fini(&sweeping);
}
END_TEST

static int ask_why(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_sleep_until(BOTHY_FOREVER);
}

START_TEST(a_running_job_times_out_at_once_and_is_asked_to_stop)
{
	bothy_future *future;

	pool_of(1);
	future = start_to_be_late(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_TIMED_OUT);
	ck_assert(bothy_future_running(future));
	ck_assert_uint_eq(stats_now().overdue, 1);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = ask_why, .deadline = bothy_after_ms(5)))),
	                 -ETIMEDOUT);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().overdue, 0);
}
END_TEST

static int late_result(void *arg, void **ret_result)
{
	*ret_result = arg;
	gate_wait(&gate);
	return 0;
}

START_TEST(a_timed_out_jobs_late_result_is_freed)
{
	bothy_future *future;
	void *result = &freed;

	pool_of(1);
	future = start_to_be_late(
		BOTHY_JOB(.fn = late_result, .arg = &freed, .result_free = count_free));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_result(future, &result), -ETIMEDOUT);
	ck_assert_ptr_null(result);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 1);
	bothy_future_release(future);
}
END_TEST

START_TEST(the_default_timeout_counts_from_submit)
{
	bothy_future *future;

	pool_with((struct bothy_pool_options){.workers = 1, .default_timeout_ns = 5 * MS});
	future = start(BOTHY_JOB(.fn = ask_why));
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
	future = start(BOTHY_JOB(.fn = stop_at_gate, .deadline = BOTHY_FOREVER));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_wait(future, bothy_after_ms(30)), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

START_TEST(now_is_not_the_default)
{
	pool_with((struct bothy_pool_options){.workers = 1, .default_timeout_ns = 60000 * MS});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing, .deadline = BOTHY_NOW))),
	                 -ETIMEDOUT);
}
END_TEST

START_TEST(a_job_that_does_not_stop_is_replaced)
{
	bothy_future *stuck;

	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = MS});
	stuck = start_to_be_late(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	/* Another project's job: the stuck one's project has to wait. */
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing))),
	                 0);
	ck_assert_uint_eq(stats_now().lost, 1);
	ck_assert_uint_eq(stats_now().narrowed, 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(stuck), -ETIMEDOUT);
	while (stats_now().lost > 0 || stats_now().threads > 1)
		look_again();
}
END_TEST

/* Wait for a job of another project until asked to stop, and then not stop. */
static int wait_and_stay(void *arg, void **ret_result)
{
	bothy_future *future;
	int error;

	(void)ret_result;
	if (bothy_submit(arg, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = ask_why), &future) < 0)
		return 1;
	error = bothy_future_wait(future, BOTHY_FOREVER);
	(void)bothy_future_cancel(future);
	bothy_future_release(future);
	gate_wait(&gate);
	return error;
}

START_TEST(a_job_that_does_not_stop_after_a_wait_is_replaced_too)
{
	bothy_future *stuck;

	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = 500 * MS});
	stuck = start_to_be_late(BOTHY_JOB(.fn = wait_and_stay, .arg = pool));
	gate_await(&gate, 1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = "cy", .project = "p", .fn = nothing))),
	                 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(stuck), -ETIMEDOUT);
}
END_TEST

START_TEST(a_worker_is_not_lost_within_its_grace)
{
	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = 3600 * 1000 * MS});
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = stop_at_gate, .deadline = bothy_after_ms(20)))),
		-ETIMEDOUT);
	ck_assert_uint_eq(stats_now().lost, 0);
	gate_open(&gate);
}
END_TEST

static int wait_a_while_for_gated(void *arg, void **ret_result)
{
	bothy_future *future;
	int error;

	(void)ret_result;
	if (bothy_submit(arg, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate),
	                 &future) < 0)
		return 1;
	error = bothy_future_wait(future, bothy_after_ms(60 * 1000));
	bothy_future_release(future);
	return error;
}

/* Nothing orders the two but the pool's lock, as the thread sanitizer sees. */
START_TEST(a_worker_may_be_lost_in_a_wait_that_keeps_its_place)
{
	bothy_future *lender;

	pool_with((struct bothy_pool_options){.workers = 2, .spare_max = 1, .stop_grace_ns = 1});
	lender = start(BOTHY_JOB(.fn = wait_a_while_for_gated, .arg = pool));
	gate_await(&gate, 1);
	while (stats_now().waiting == 0)
		look_again();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_a_while_for_gated, .arg = pool,
	                                         .deadline = bothy_after_ms(50)))),
	                 -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(outcome(lender), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().lost, 0);
}
END_TEST

START_TEST(a_project_with_a_lost_worker_waits_until_it_is_back)
{
	bothy_future *stuck, *next;

	pool_with((struct bothy_pool_options){.workers = 2, .stop_grace_ns = MS});
	stuck = start_to_be_late(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	while (stats_now().lost == 0)
		look_again();
	next = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(next, bothy_after_ms(20)), -ETIMEDOUT);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing))),
	                 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(next), 0);
	ck_assert_int_eq(outcome(stuck), -ETIMEDOUT);
}
END_TEST

START_TEST(past_lost_max_the_pool_narrows_and_says_so)
{
	bothy_future *stuck[2];

	pool_with((struct bothy_pool_options){
		.workers = 2, .stop_grace_ns = MS, .lost_max = 1, .lost_per_project = 8});
	for (int i = 0; i < 2; i++)
		stuck[i] = start_to_be_late(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 2);
	while (stats_now().lost < 2)
		look_again();
	while (stats_now().narrowed != 1)
		look_again();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing))),
	                 0);
	gate_open(&gate);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(outcome(stuck[i]), -ETIMEDOUT);
	/* One of the three that serve then is too many, and leaves. */
	while (stats_now().narrowed > 0 || stats_now().lost > 0 || stats_now().threads > 2)
		look_again();
	ck_assert_uint_eq(stats_now().threads, 2);
}
END_TEST

START_TEST(lost_threads_of_jobs_own_count_too)
{
	const struct bothy_job stay = BOTHY_JOB(.fn = stop_at_gate, .flags = BOTHY_OWN_THREAD);
	const struct bothy_job bobs = BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing);
	bothy_future *stuck[3], *next;

	pool_with((struct bothy_pool_options){
		.workers = 2, .stop_grace_ns = MS, .lost_max = 1, .lost_per_project = 8});
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(outcome(start(bobs)), 0); /* there is a place as yet */
		stuck[i] = start_to_be_late(stay);
		gate_await(&gate, 1);
		while (stats_now().lost <= i)
			look_again();
		ck_assert_uint_eq(stats_now().narrowed, i);
	}
	next = start(bobs);
	ck_assert_int_eq(bothy_future_wait(next, bothy_after_ms(20)), -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(outcome(next), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(stuck[i]), -ETIMEDOUT);
	while (stats_now().narrowed > 0 || stats_now().lost > 0)
		look_again();
	while (stats_now().threads != 2)
		look_again();
}
END_TEST

START_TEST(run_returns_at_its_deadline_but_not_before_a_lent_argument_is_free)
{
	int argument = 0, error;

	pool_of(2);
	gate_open(&gate);
	error = bothy_run(pool,
	                  &BOTHY_JOB(.entity = "ann", .project = "p", .fn = ask_why,
	                             .arg = &argument),
	                  bothy_after_ms(5), NULL);
	ck_assert_int_eq(error, -ETIMEDOUT);
	ck_assert_uint_eq(stats_now().overdue, 0);
}
END_TEST

static int spawn_sleeper(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_spawn(&BOTHY_JOB(.fn = ask_why), arg);
}

START_TEST(a_child_has_at_most_its_parents_deadline)
{
	bothy_future *parent, *child = NULL;

	pool_of(1);
	parent = start(BOTHY_JOB(.fn = spawn_sleeper, .arg = &child,
	                         .deadline = bothy_after_ms(3000)));
	ck_assert_int_eq(outcome(parent), 0);
	ck_assert_int_eq(outcome(child), -ETIMEDOUT);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_past_deadline_is_accepted_and_expires,
		a_queued_job_expires_with_nobody_waiting,
		thousands_of_queued_jobs_expire_together,
		a_job_that_starts_during_a_sweep_times_out,
		a_running_job_times_out_at_once_and_is_asked_to_stop,
		a_timed_out_jobs_late_result_is_freed,
		the_default_timeout_counts_from_submit,
		now_is_not_the_default,
		a_job_that_does_not_stop_is_replaced,
		a_job_that_does_not_stop_after_a_wait_is_replaced_too,
		a_worker_may_be_lost_in_a_wait_that_keeps_its_place,
		a_project_with_a_lost_worker_waits_until_it_is_back,
		a_worker_is_not_lost_within_its_grace,
		past_lost_max_the_pool_narrows_and_says_so,
		lost_threads_of_jobs_own_count_too,
		run_returns_at_its_deadline_but_not_before_a_lent_argument_is_free,
		a_child_has_at_most_its_parents_deadline,
	};

	return run_suite("deadline", tests, sizeof(tests) / sizeof(tests[0]));
}
