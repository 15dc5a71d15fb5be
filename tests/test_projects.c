/*
 * Projects in a pool: what they are configured to, canceled, counted and charged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/project_fixture.h"
#include "tests/support.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#define UNDER_SANITIZER (__has_feature(address_sanitizer) || UNDER_THREAD_SANITIZER)
#else
#define UNDER_SANITIZER UNDER_THREAD_SANITIZER
#endif

/* Let the pool's one worker wait at the gate, in a job of another project. */
static void hold_worker(void)
{
	start_and_forget(BOTHY_JOB(.entity = "gate", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
}

static void close_pool(void)
{
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
}

/* ---- options ---------------------------------------------------------------------------- */

START_TEST(bad_options_are_refused)
{
	struct bothy_project_options bad[] = {
		{.size = sizeof(bad[0]) - 1},
		{.size = sizeof(bad[0]), .weight = 10001},
		{.size = sizeof(bad[0]), .charge = (enum bothy_charge)2},
	};
	struct {
		struct bothy_project_options options;
		long tail;
	} larger = {{.size = sizeof(larger)}, 1};
	bothy_project *none = NULL;

	pool_of(1);
	open_with((struct bothy_project_options){.weight = 10000});
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(bothy_project_configure(project, &bad[i]), -EINVAL);
		ck_assert_int_eq(bothy_project_open(pool, "ann", "q", &bad[i], &none), -EINVAL);
	}
	ck_assert_int_eq(bothy_project_configure(project, &larger.options), -E2BIG);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "q", &larger.options, &none), -E2BIG);
	ck_assert_int_eq(bothy_project_configure(NULL, NULL), -EINVAL);
	ck_assert_ptr_null(none);
	larger.tail = 0;
	ck_assert_int_eq(bothy_project_configure(project, &larger.options), 0);
	ck_assert_int_eq(bothy_project_configure(project, NULL), 0);
}
END_TEST

START_TEST(stats_and_cancel_refuse_what_is_no_project)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};

	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_project_cancel(NULL), -EINVAL);
	ck_assert_int_eq(bothy_project_stats(NULL, &stats), -EINVAL);
	ck_assert_int_eq(bothy_project_stats(project, NULL), -EINVAL);
	stats.size--;
	ck_assert_int_eq(bothy_project_stats(project, &stats), -EINVAL);
}
END_TEST

static int in_child(void *unused)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};

	(void)unused;
	return bothy_project_configure(project, NULL) == -ECHILD &&
	                       bothy_project_cancel(project) == -ECHILD &&
	                       bothy_project_stats(project, &stats) == -ECHILD
	               ? 0
	               : 1;
}

START_TEST(in_a_forked_child_a_project_is_dead)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(support_in_child(in_child, NULL), 0);
}
END_TEST

/* ---- canceling ------------------------------------------------------------------------------ */

START_TEST(cancel_settles_what_is_queued_and_stops_what_runs)
{
	enum { N = 3000 };
	bothy_future *running, *other;

	pool_of(2);
	open_with((struct bothy_project_options){0});
	running = start(BOTHY_JOB(.handle = project, .fn = until_stopped));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.entity = "gate", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < N; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing, .arg = &freed,
		                           .arg_free = count_free));
	other = start(BOTHY_JOB(.entity = "ann", .project = "q", .fn = nothing));
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	ck_assert_int_eq(freed, N);
	ck_assert_uint_eq(project_now().queued, 0);
	ck_assert_int_eq(outcome(running), -ECANCELED);
	ck_assert_uint_eq(project_now().canceled, N + 1);
	gate_open(&gate);
	ck_assert_int_eq(outcome(other), 0);
}
END_TEST

static void submit_more(void *arg)
{
	(void)arg;
	for (int i = 0; i < 600; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
}

/* More than are claimed at once, those with a priority last. */
START_TEST(jobs_that_come_during_a_cancel_are_not_canceled_instead_of_older_ones)
{
	enum { N = 1100 };

	pool_of(1);
	open_with((struct bothy_project_options){0});
	hold_worker();
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing, .arg = &freed,
	                           .arg_free = submit_more));
	for (int i = 0; i < 900; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	for (int i = 0; i < N; i++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing, .priority = 1,
		                           .arg = &freed, .arg_free = count_free));
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	ck_assert_int_eq(freed, N);
	gate_open(&gate);
	close_pool();
}
END_TEST

START_TEST(after_a_cancel_the_project_goes_on)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing))), 0);
}
END_TEST

/* ---- statistics -------------------------------------------------------------------------------- */

START_TEST(each_project_counts_its_own_and_the_pool_all)
{
	struct bothy_project_stats own;
	int five = 5;

	pool_of(2);
	open_with((struct bothy_project_options){0});
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing)));
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = return_code, .arg = &five)));
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = end_thread)));
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing, .deadline = BOTHY_NOW)));
	(void)outcome(start(BOTHY_JOB(.entity = "ann", .project = "q", .fn = nothing)));
	own = project_now();
	ck_assert_uint_eq(own.submitted, 4);
	ck_assert_uint_eq(own.done, 1);
	ck_assert_uint_eq(own.failed, 1);
	ck_assert_uint_eq(own.thread_exited, 1);
	ck_assert_uint_eq(own.expired, 1);
	ck_assert_uint_eq(own.queued + own.running + own.canceled + own.timed_out, 0);
	ck_assert_uint_eq(stats_now().submitted, 5);
	ck_assert_uint_eq(stats_now().done, 2);
}
END_TEST

START_TEST(statistics_outlive_the_pool)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing)));
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_uint_eq(project_now().done, 1);
	ck_assert_uint_eq(project_now().places, 0);
}
END_TEST

/* ---- what is charged ------------------------------------------------------------------------------ */

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Keep the place for 20 ms: with the CPU's time if ARG is not NULL, else without. */
static int keep_place(void *arg, void **ret_result)
{
	clockid_t clock = arg != NULL ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
	int64_t end = now_ns(clock) + 20000000;

	(void)ret_result;
	while (now_ns(clock) < end)
		if (arg == NULL)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
	return 0;
}

START_TEST(wall_time_is_charged_also_for_sleeping)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = keep_place)));
	close_pool();
	ck_assert_uint_ge(project_now().charged_ns, 20000000);
	ck_assert_uint_eq(stats_now().charged_ns, project_now().charged_ns);
}
END_TEST

START_TEST(cpu_time_is_charged_for_computing_alone)
{
	static int computes;
	uint64_t slept;

	pool_of(1);
	open_with((struct bothy_project_options){.charge = BOTHY_CHARGE_CPU});
	for (int own = 0; own < 2; own++)
		(void)outcome(start(BOTHY_JOB(.handle = project, .fn = keep_place,
		                              .flags = own ? BOTHY_OWN_THREAD : 0)));
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = nothing)));
	slept = project_now().charged_ns;
	ck_assert_uint_lt(slept, 20000000);
	(void)outcome(start(BOTHY_JOB(.handle = project, .fn = keep_place, .arg = &computes,
	                              .flags = BOTHY_OWN_THREAD)));
	close_pool();
	ck_assert_uint_ge(project_now().charged_ns, 20000000);
}
END_TEST

static bothy_completions *never;

/* Wait for what never comes until asked to stop, or for 500 ms. */
static int wait_lending_the_place(void *arg, void **ret_result)
{
	bothy_time end = arg != NULL ? bothy_after_ms(500) : BOTHY_FOREVER;
	struct bothy_completion got;

	(void)ret_result;
	return bothy_completions_next(never, end, &got);
}

START_TEST(a_job_is_not_charged_for_a_place_that_it_has_lent)
{
	bothy_future *future;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_completions_new(&never), 0);
	future = start(BOTHY_JOB(.handle = project, .fn = wait_lending_the_place));
	while (stats_now().waiting == 0)
		look_again();
	ck_assert_uint_eq(project_now().running, 1);
	ck_assert_uint_eq(project_now().places, 0);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	future = start(BOTHY_JOB(.handle = project, .fn = wait_lending_the_place, .arg = &gate));
	ck_assert_int_eq(outcome(future), ETIMEDOUT);
	close_pool();
	bothy_completions_release(never);
	ck_assert_uint_lt(project_now().charged_ns, 500000000);
}
END_TEST

/* Lend the place for a moment, then keep it. */
static int keep_place_after_a_wait(void *arg, void **ret_result)
{
	struct bothy_completion got;

	(void)arg;
	if (bothy_completions_next(never, bothy_after_ms(1), &got) != -ETIMEDOUT)
		return EPROTO;
	return keep_place(NULL, ret_result);
}

START_TEST(what_a_job_takes_after_it_has_waited_is_charged)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_completions_new(&never), 0);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.handle = project, .fn = keep_place_after_a_wait))), 0);
	close_pool();
	bothy_completions_release(never);
	ck_assert_uint_ge(project_now().charged_ns, 20000000);
}
END_TEST

START_TEST(nobody_but_the_jobs_own_project_is_charged)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	(void)outcome(start(BOTHY_JOB(.entity = "bob", .project = "q", .fn = keep_place)));
	close_pool();
	ck_assert_uint_ge(stats_now().charged_ns, 20000000);
	ck_assert_uint_eq(project_now().charged_ns, 0);
}
END_TEST

/* One of the two has a thread of its own, and lends its place as well. */
START_TEST(places_that_are_lent_are_counted_for_their_project_alone)
{
	bothy_future *futures[3];

	pool_of(2);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_completions_new(&never), 0);
	for (int i = 0; i < 2; i++)
		futures[i] = start(BOTHY_JOB(.handle = project, .fn = wait_lending_the_place,
		                             .flags = i == 0 ? BOTHY_OWN_THREAD : 0));
	futures[2] =
		start(BOTHY_JOB(.entity = "ann", .project = "other", .fn = wait_lending_the_place));
	while (stats_now().waiting < 3)
		look_again();
	ck_assert_uint_eq(project_now().lent, 2);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(bothy_future_cancel(futures[i]), 0);
		ck_assert_int_eq(outcome(futures[i]), -ECANCELED);
	}
	ck_assert_uint_eq(project_now().lent, 0);
	close_pool();
	bothy_completions_release(never);
}
END_TEST

START_TEST(a_job_that_is_stuck_has_its_place_charged_until_it_ends)
{
	bothy_future *future;

	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = 1});
	open_with((struct bothy_project_options){0});
	future = start_to_be_late(BOTHY_JOB(.handle = project, .fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
	while (project_now().lost == 0)
		look_again();
	ck_assert_uint_eq(project_now().places, 1);
	gate_open(&gate);
	close_pool();
	ck_assert_uint_eq(project_now().places, 0);
	ck_assert_uint_eq(project_now().lost, 0);
	ck_assert_uint_gt(project_now().charged_ns, 0);
}
END_TEST

/* ---- turns ------------------------------------------------------------------------------------ */

static atomic_int sequence;

static int take_number(void *arg, void **ret_result)
{
	(void)ret_result;
	*(int *)arg = atomic_fetch_add(&sequence, 1);
	return 0;
}

START_TEST(every_one_of_many_projects_gets_its_first_job_started_before_any_its_last)
{
	enum { PROJECTS = 100, JOBS = 50 };
	static int numbers[PROJECTS][JOBS];
	char name[16];

	pool_of(1);
	hold_worker();
	for (int i = 0; i < PROJECTS; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		for (int j = 0; j < JOBS; j++)
			start_and_forget(BOTHY_JOB(.entity = "ann", .project = name,
			                           .fn = take_number, .arg = &numbers[i][j]));
	}
	sequence = 0;
	gate_open(&gate);
	close_pool();
	for (int i = 0; i < PROJECTS; i++)
		for (int k = 0; k < PROJECTS; k++)
			ck_assert_int_lt(numbers[i][0], numbers[k][JOBS - 1]);
}
END_TEST

static void spin_us(int64_t us)
{
	bothy_time end = bothy_after_ms(0) + us * 1000;

	while (bothy_after_ms(0) < end)
		continue;
}

static int spin(void *arg, void **ret_result)
{
	(void)ret_result;
	spin_us(arg != NULL ? 10 : 20);
	return 0;
}

static int stop_at_other_gate(void *arg, void **ret_result)
{
	(void)ret_result;
	gate_wait(arg);
	return 0;
}

/* The debtors that there can be, and a heavy project because of which virtual time stands
 * almost still; the least debt is that of the second in the table. */
START_TEST(a_sweep_leaves_debts_alone)
{
	enum { DEBTORS = 1024 };
	bool least = true;
	struct gate other;
	char name[24];

	gate_init(&other);
	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = 2 * DEBTORS});
	open_with((struct bothy_project_options){.weight = 10000});
	hold_worker();
	for (int i = 1; i < DEBTORS; i++) {
		(void)snprintf(name, sizeof(name), "project-%d", i);
		start_and_forget(BOTHY_JOB(.entity = "ann", .project = name, .fn = spin,
		                           .arg = i == 1 ? &least : NULL));
	}
	start_and_forget(BOTHY_JOB(.entity = "bob", .project = "gate", .fn = stop_at_other_gate,
	                           .arg = &other));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	gate_open(&gate);
	gate_await(&other, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.handle = project, .fn = nothing,
		                                         .deadline = bothy_after_ms(10)))),
		                 -ETIMEDOUT);
	gate_open(&other);
	close_pool();
	gate_fini(&other);
}
END_TEST

static long resident_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "VmRSS: %ld", &kib);
	(void)fclose(file);
	return kib;
}

static void come_and_go(int from, int n)
{
	char name[24];

	for (int i = from; i < from + n; i++) {
		(void)snprintf(name, sizeof(name), "project-%d", i);
		ck_assert_int_eq(
			bothy_submit(pool,
		                     &BOTHY_JOB(.entity = "ann", .project = name, .fn = nothing),
		                     NULL),
			0);
	}
}

START_TEST(memory_is_flat_while_100000_projects_come_and_go)
{
	enum { EACH = 10000 };
	long before, blocks;

	pool_with((struct bothy_pool_options){
		.workers = 2, .queue_max = 1000, .when_full = BOTHY_BLOCK});
	come_and_go(0, 2 * EACH);
	blocks = support_live_allocations();
	before = resident_kib();
	for (int i = 2; i < 10; i++)
		come_and_go(i * EACH, EACH);
	ck_assert_int_lt(support_live_allocations(), blocks + 20000);
	/* A sanitizer keeps what was freed. */
	if (!UNDER_SANITIZER)
		ck_assert_int_lt(resident_kib(), before + 4096);
	close_pool();
	/* But for the blocks of jobs that the pool keeps. */
	ck_assert_int_lt(support_live_allocations(), 5000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		bad_options_are_refused,
		stats_and_cancel_refuse_what_is_no_project,
		in_a_forked_child_a_project_is_dead,
		cancel_settles_what_is_queued_and_stops_what_runs,
		jobs_that_come_during_a_cancel_are_not_canceled_instead_of_older_ones,
		after_a_cancel_the_project_goes_on,
		each_project_counts_its_own_and_the_pool_all,
		statistics_outlive_the_pool,
		wall_time_is_charged_also_for_sleeping,
		cpu_time_is_charged_for_computing_alone,
		a_job_is_not_charged_for_a_place_that_it_has_lent,
		what_a_job_takes_after_it_has_waited_is_charged,
		nobody_but_the_jobs_own_project_is_charged,
		places_that_are_lent_are_counted_for_their_project_alone,
		a_job_that_is_stuck_has_its_place_charged_until_it_ends,
		every_one_of_many_projects_gets_its_first_job_started_before_any_its_last,
		a_sweep_leaves_debts_alone,
		memory_is_flat_while_100000_projects_come_and_go,
	};

	return run_suite_with("projects", fixture_setup, project_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
