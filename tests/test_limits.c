/*
 * Limits of projects: how many jobs run at once, how many wait, and how many start a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pool/project.h"
#include "tests/project_fixture.h"
#include "tests/support.h"

static atomic_int running, most;

static void configure(struct bothy_project_options options)
{
	options.size = sizeof(options);
	ck_assert_int_eq(bothy_project_configure(project, &options), 0);
}

static void setup(void)
{
	fixture_setup();
	running = most = 0;
}

static void close_pool(void)
{
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

/* ---- running at once --------------------------------------------------------------------- */

/* At the gate first, if the argument says so. */
static int count_running(void *arg, void **ret_result)
{
	int now = atomic_fetch_add(&running, 1) + 1, before = most;

	(void)ret_result;
	if (arg != NULL)
		gate_wait(arg);
	while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
		continue;
	pause_ms(1);
	atomic_fetch_sub(&running, 1);
	return 0;
}

START_TEST(no_more_than_max_running_run_at_once_and_all_do_run)
{
	pool_of(4);
	open_with((struct bothy_project_options){.max_running = 2});
	for (int i = 0; i < 40; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = count_running,
		                           .arg = i < 2 ? &gate : NULL));
	gate_await(&gate, 2);
	gate_open(&gate);
	close_pool();
	ck_assert_int_eq(most, 2);
	ck_assert_uint_eq(project_now().done, 40);
}
END_TEST

START_TEST(a_project_at_its_limit_leaves_the_places_to_others)
{
	bothy_future *other;

	pool_of(2);
	open_with((struct bothy_project_options){.max_running = 1});
	for (int i = 0; i < 3; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_gate));
	gate_await(&gate, 1);
	other = start(BOTHY_JOB(.entity = "ann", .project = "q", .fn = nothing));
	ck_assert_int_eq(outcome(other), 0);
	ck_assert_uint_eq(project_now().queued, 2);
}
END_TEST

static int spawn_and_wait(void *arg, void **ret_result)
{
	unsigned flags = arg != NULL ? 0 : BOTHY_OWN_THREAD;
	bothy_future *child;
	int error = bothy_spawn(&BOTHY_JOB(.fn = nothing, .flags = flags), &child);

	(void)ret_result;
	if (error == 0) {
		error = bothy_future_wait(child, BOTHY_FOREVER);
		bothy_future_release(child);
	}
	return error;
}

START_TEST(a_job_that_waits_does_not_count)
{
	pool_of(1);
	open_with((struct bothy_project_options){.max_running = 1});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = spawn_and_wait))), 0);
}
END_TEST

START_TEST(raising_a_limit_starts_what_waited_for_it)
{
	bothy_future *second;

	pool_of(2);
	open_with((struct bothy_project_options){.max_running = 1});
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_gate));
	gate_await(&gate, 1);
	second = start(BOTHY_JOB(.handle = project, .fn = nothing));
	configure((struct bothy_project_options){.max_running = 2});
	ck_assert_int_eq(outcome(second), 0);
}
END_TEST

static struct gate second;

static int stop_at_second(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_wait(&second);
	return 0;
}

/* Two jobs, known to be short, are taken together; the first is not. */
START_TEST(a_new_limit_is_for_what_was_taken_with_others_too)
{
	unsigned places;

	gate_init(&second);
	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing))), 0);
	start_and_forget(BOTHY_JOB(.entity = "bob", .project = "q", .fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_second));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	gate_open(&gate);
	gate_await(&second, 1);
	ck_assert_uint_eq(project_now().places, 1);
	configure((struct bothy_project_options){.max_running = 1});
	lock_acquire(&pool->lock);
	places = project->places;
	lock_release(&pool->lock);
	ck_assert_uint_eq(places, 1);
	ck_assert_uint_eq(project_now().queued, 1);
	gate_open(&second);
	close_pool();
	ck_assert_uint_eq(project_now().done, 3);
	gate_fini(&second);
}
END_TEST

/* ---- waiting in the queue ------------------------------------------------------------------ */

static int submit_one(bothy_time deadline)
{
	return bothy_submit(
		pool, &BOTHY_JOB(.handle = project, .fn = nothing, .deadline = deadline), NULL);
}

static void fill(enum bothy_when_full when_full)
{
	pool_with((struct bothy_pool_options){.workers = 1, .when_full = when_full});
	open_with((struct bothy_project_options){.queue_max = 2});
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < 2; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
}

START_TEST(a_full_project_refuses_and_others_do_not)
{
	fill(BOTHY_REJECT);
	ck_assert_int_eq(submit_one(0), -EAGAIN);
	ck_assert_uint_eq(project_now().refused, 1);
	ck_assert_uint_eq(stats_now().refused, 1);
	ck_assert_uint_eq(project_now().queued, 2);
	start_and_forget(BOTHY_JOB(.entity = "ann", .project = "q", .fn = nothing));
	configure((struct bothy_project_options){.queue_max = 3});
	ck_assert_int_eq(submit_one(0), 0);
	ck_assert_int_eq(submit_one(0), -EAGAIN);
}
END_TEST

START_TEST(a_refused_job_leaves_no_project_behind)
{
	bothy_future *future;

	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = 1});
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	future = start(BOTHY_JOB(.fn = nothing));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			bothy_submit(pool,
		                     &BOTHY_JOB(.entity = "bob", .project = "q", .fn = nothing),
		                     NULL),
			-EAGAIN);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

START_TEST(a_blocked_submit_waits_for_the_projects_room_until_the_jobs_deadline)
{
	fill(BOTHY_BLOCK);
	ck_assert_int_eq(submit_one(bothy_after_ms(5)), -EAGAIN);
	ck_assert_uint_eq(project_now().queued, 2);
}
END_TEST

static atomic_int submitter; /* its thread's number */

static void await_blocked(void)
{
	support_await_asleep(&submitter);
	atomic_store(&submitter, 0);
}

static void *submit_blocked(void *arg)
{
	support_say_thread(&submitter);
	*(int *)arg = submit_one(0);
	return NULL;
}

START_TEST(who_gives_up_leaves_the_line_for_room_as_it_found_it)
{
	pthread_t thread;
	int error = 1;

	fill(BOTHY_BLOCK);
	ck_assert_int_eq(submit_one(bothy_after_ms(5)), -EAGAIN);
	atomic_store(&submitter, 0);
	thread = support_thread(submit_blocked, &error);
	await_blocked();
	gate_open(&gate);
	support_join(thread);
	ck_assert_int_eq(error, 0);
}
END_TEST

START_TEST(blocked_submits_go_on_when_the_project_has_room)
{
	pthread_t threads[8];
	int errors[8];

	fill(BOTHY_BLOCK);
	for (int i = 0; i < 8; i++)
		threads[i] = support_thread(submit_blocked, &errors[i]);
	gate_open(&gate);
	for (int i = 0; i < 8; i++) {
		support_join(threads[i]);
		ck_assert_int_eq(errors[i], 0);
	}
	close_pool();
	ck_assert_uint_eq(project_now().done, 11);
}
END_TEST

START_TEST(raising_or_canceling_makes_room_for_blocked_submits)
{
	pthread_t thread;
	int error;

	fill(BOTHY_BLOCK);
	thread = support_thread(submit_blocked, &error);
	await_blocked();
	configure((struct bothy_project_options){.queue_max = 3});
	support_join(thread);
	ck_assert_int_eq(error, 0);
	thread = support_thread(submit_blocked, &error);
	await_blocked();
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	support_join(thread);
	ck_assert_int_eq(error, 0);
}
END_TEST

START_TEST(close_wakes_submitters_that_wait_for_a_projects_room)
{
	pthread_t thread;
	int error;

	fill(BOTHY_BLOCK);
	thread = support_thread(submit_blocked, &error);
	await_blocked();
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_NOW), -ETIMEDOUT);
	support_join(thread);
	/* Canceling the queue makes room, too: but the pool is closed. */
	ck_assert_int_eq(error, -ESHUTDOWN);
}
END_TEST

/* ---- starts a second ---------------------------------------------------------------------- */

static bothy_time started[16];

static int note_start(void *arg, void **ret_result)
{
	(void)ret_result;
	*(bothy_time *)arg = bothy_after_ms(0);
	return 0;
}

START_TEST(starts_are_at_least_a_token_apart_after_the_burst)
{
	bothy_time begun;

	pool_of(2);
	open_with((struct bothy_project_options){.rate_per_s = 100, .burst = 3});
	begun = bothy_after_ms(0);
	for (int i = 0; i < 6; i++)
		start_and_forget(
			BOTHY_JOB(.handle = project, .fn = note_start, .arg = &started[i]));
	close_pool();
	/* A worker may have looked at the clock a little before. */
	for (int i = 3; i < 6; i++)
		ck_assert_int_ge(started[i] - begun, (i - 2) * INT64_C(10000000) - 1000000);
}
END_TEST

START_TEST(no_rate_is_rounded_up)
{
	const int64_t s = 1000000000;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	for (int64_t rate = 1; rate <= 1000000; rate += rate < 999000 ? 997 : 1) {
		configure((struct bothy_project_options){.rate_per_s = (unsigned)rate});
		ck_assert_int_ge(project->rate.interval * rate, s);
		ck_assert_int_lt((project->rate.interval - 1) * rate, s);
	}
}
END_TEST

START_TEST(a_project_without_a_token_leaves_the_places_to_others)
{
	bothy_time begun = bothy_after_ms(0);
	bothy_future *late;

	pool_of(1);
	open_with((struct bothy_project_options){.rate_per_s = 1});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing))), 0);
	late = start(BOTHY_JOB(.handle = project, .fn = nothing));
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(
			outcome(start(BOTHY_JOB(.fn = nothing, .entity = "ann", .project = "q"))),
			0);
	/* Unless there has been another token meanwhile. */
	ck_assert(bothy_future_state(late) == BOTHY_QUEUED ||
	          bothy_after_ms(0) - begun >= 1000000000);
	configure((struct bothy_project_options){0});
	ck_assert_int_eq(outcome(late), 0);
}
END_TEST

START_TEST(waiting_for_a_token_takes_no_cpu)
{
	struct timespec before, after;
	bothy_future *late;

	pool_of(2);
	open_with((struct bothy_project_options){.rate_per_s = 5});
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing)));
	late = start(BOTHY_JOB(.handle = project, .fn = nothing));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	ck_assert_int_eq(outcome(late), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ck_assert_int_lt((after.tv_sec - before.tv_sec) * 1000 +
	                         (after.tv_nsec - before.tv_nsec) / 1000000,
	                 20);
}
END_TEST

START_TEST(a_child_is_not_run_in_place_without_a_token)
{
	bothy_time begun;

	pool_of(1);
	open_with((struct bothy_project_options){.rate_per_s = 50});
	begun = bothy_after_ms(0);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.handle = project, .fn = spawn_and_wait, .arg = &gate))),
		0);
	ck_assert_int_ge(bothy_after_ms(0) - begun, 20000000);
	close_pool();
	ck_assert_uint_eq(project_now().done, 2);
}
END_TEST

START_TEST(a_lower_burst_or_a_higher_rate_has_what_was_started_before_forgiven)
{
	const struct bothy_project_options changed[] = {
		{.rate_per_s = 1000, .burst = 1},
		{.rate_per_s = 20, .burst = 1},
	};

	pool_of(1);
	for (int i = 0; i < 2; i++) {
		open_with((struct bothy_project_options){.rate_per_s = 1, .burst = 100});
		for (int j = 0; j < 100; j++)
			ck_assert_int_eq(
				outcome(start(BOTHY_JOB(.handle = project, .fn = nothing))), 0);
		configure(changed[i]);
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing,
		                                         .deadline = bothy_after_ms(10000)))),
		                 0);
		bothy_project_release(project);
		project = NULL;
	}
}
END_TEST

START_TEST(a_rate_needs_a_timer_or_is_refused)
{
	struct bothy_project_options options = {.size = sizeof(options), .rate_per_s = 1};
	bothy_project *none = NULL;

	pool_of(1);
	support_fail_thread_start(1);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", &options, &none), -EAGAIN);
	ck_assert_ptr_null(none);
	support_fail_thread_start(0);
	open_with(options);
}
END_TEST

START_TEST(a_rate_starts_no_timer_in_a_closed_pool)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	close_pool();
	support_fail_thread_start(1);
	configure((struct bothy_project_options){.rate_per_s = 1});
	support_fail_thread_start(0);
}
END_TEST

START_TEST(a_project_may_go_while_it_has_no_token)
{
	pool_of(1);
	open_with((struct bothy_project_options){.rate_per_s = 20});
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing)));
	bothy_project_release(project);
	project = NULL;
	pause_ms(60);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
}
END_TEST

START_TEST(bad_limits_are_refused)
{
	struct bothy_project_options bad[] = {
		{.size = sizeof(bad[0]), .burst = 1},
		{.size = sizeof(bad[0]), .rate_per_s = 1000001},
		{.size = sizeof(bad[0]), .rate_per_s = 1, .burst = 1000001},
	};

	pool_of(1);
	open_with((struct bothy_project_options){.rate_per_s = 1000000, .burst = 1000000});
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(bothy_project_configure(project, &bad[i]), -EINVAL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		no_more_than_max_running_run_at_once_and_all_do_run,
		a_project_at_its_limit_leaves_the_places_to_others,
		a_job_that_waits_does_not_count,
		raising_a_limit_starts_what_waited_for_it,
		a_new_limit_is_for_what_was_taken_with_others_too,
		a_full_project_refuses_and_others_do_not,
		a_refused_job_leaves_no_project_behind,
		a_blocked_submit_waits_for_the_projects_room_until_the_jobs_deadline,
		who_gives_up_leaves_the_line_for_room_as_it_found_it,
		blocked_submits_go_on_when_the_project_has_room,
		raising_or_canceling_makes_room_for_blocked_submits,
		close_wakes_submitters_that_wait_for_a_projects_room,
		starts_are_at_least_a_token_apart_after_the_burst,
		no_rate_is_rounded_up,
		a_project_without_a_token_leaves_the_places_to_others,
		waiting_for_a_token_takes_no_cpu,
		a_child_is_not_run_in_place_without_a_token,
		a_lower_burst_or_a_higher_rate_has_what_was_started_before_forgiven,
		a_rate_needs_a_timer_or_is_refused,
		a_rate_starts_no_timer_in_a_closed_pool,
		a_project_may_go_while_it_has_no_token,
		bad_limits_are_refused,
	};

	return run_suite_with("limits", setup, project_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
