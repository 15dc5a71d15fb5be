/*
 * How long jobs waited and ran, as a pool and its projects tell it.
 */
#include <errno.h>

#include "pool/project.h"
#include "pool/tally.h"
#include "tests/project_fixture.h"
#include "tests/support.h"

static bothy_histogram *wait_times, *run_times; /* of the running test */

static void teardown(void)
{
	bothy_histogram_free(wait_times);
	bothy_histogram_free(run_times);
	wait_times = run_times = NULL;
	project_teardown();
}

/* Read them into the two above. */
static void read_pool(void)
{
	bothy_histogram_free(wait_times);
	bothy_histogram_free(run_times);
	ck_assert_int_eq(bothy_pool_times(pool, &wait_times, &run_times), 0);
}

static void read_project(void)
{
	bothy_histogram_free(wait_times);
	bothy_histogram_free(run_times);
	ck_assert_int_eq(bothy_project_times(project, &wait_times, &run_times), 0);
}

static void check_counts(uint64_t waited, uint64_t ran)
{
	ck_assert_uint_eq(bothy_histogram_count(wait_times), waited);
	ck_assert_uint_eq(bothy_histogram_count(run_times), ran);
}

static void tally(bothy_project *whose, int64_t waited, int64_t took)
{
	lock_acquire(&pool->times_lock);
	tally_times_locked(whose, waited, took);
	lock_release(&pool->times_lock);
}

/* ---- reading ------------------------------------------------------------------------------ */

START_TEST(a_project_has_its_own_times_and_the_pool_has_all)
{
	bothy_project *other = NULL;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_project_open(pool, "ann", "other", NULL, &other), 0);
	tally(project, 10, 20);
	tally(project, 10, 20);
	tally(other, 30, 40);
	read_project();
	check_counts(2, 2);
	ck_assert_int_eq(bothy_histogram_percentile(wait_times, 100), 10);
	ck_assert_int_eq(bothy_histogram_percentile(run_times, 100), 20);
	read_pool();
	check_counts(3, 3);
	ck_assert_int_eq(bothy_histogram_percentile(wait_times, 100), 30);
	ck_assert_int_eq(bothy_histogram_percentile(run_times, 100), 40);
	bothy_project_release(other);
}
END_TEST

START_TEST(without_jobs_there_are_no_times)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	read_pool();
	check_counts(0, 0);
	ck_assert_int_eq(bothy_histogram_percentile(wait_times, 50), -ENODATA);
	read_project();
	check_counts(0, 0);
}
END_TEST

START_TEST(what_was_read_does_not_change)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	tally(project, 5, 5);
	read_project();
	tally(project, 5, 5);
	check_counts(1, 1);
}
END_TEST

START_TEST(what_was_read_outlives_pool_and_project)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	tally(project, 70, 80);
	read_project();
	bothy_project_release(project);
	project = NULL;
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_int_eq(bothy_histogram_percentile(wait_times, 50), 70);
	ck_assert_int_eq(bothy_histogram_merge(run_times, wait_times), 0);
	ck_assert_uint_eq(bothy_histogram_count(run_times), 2);
}
END_TEST

START_TEST(times_of_nothing_or_for_nobody_are_refused)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_pool_times(NULL, &wait_times, &run_times), -EINVAL);
	ck_assert_int_eq(bothy_pool_times(pool, NULL, &run_times), -EINVAL);
	ck_assert_int_eq(bothy_pool_times(pool, &wait_times, NULL), -EINVAL);
	ck_assert_int_eq(bothy_project_times(NULL, &wait_times, &run_times), -EINVAL);
	ck_assert_int_eq(bothy_project_times(project, NULL, &run_times), -EINVAL);
	ck_assert_int_eq(bothy_project_times(project, &wait_times, NULL), -EINVAL);
	ck_assert_ptr_null(wait_times);
	ck_assert_ptr_null(run_times);
}
END_TEST

/* All but giving back what was not needed can fail; so the last calls succeed. */
START_TEST(reading_without_memory_is_refused_and_leaves_nothing)
{
	enum { ALLOCATIONS = 4, GIVING_BACK = 2 };
	long blocks;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	tally(project, 5, 5);
	blocks = support_live_allocations();
	for (unsigned long n = 1; n <= ALLOCATIONS + GIVING_BACK; n++) {
		bool failed;
		int error;

		support_fail_allocation(n);
		error = bothy_project_times(project, &wait_times, &run_times);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert(failed);
		ck_assert_int_eq(error, n <= ALLOCATIONS ? -ENOMEM : 0);
		if (error == 0) {
			check_counts(1, 1);
			bothy_histogram_free(wait_times);
			bothy_histogram_free(run_times);
			wait_times = run_times = NULL;
		}
		ck_assert_ptr_null(wait_times);
		ck_assert_int_eq(support_live_allocations(), blocks);
	}
}
END_TEST

static int in_child(void *unused)
{
	bothy_histogram *wait = NULL, *run = NULL;

	(void)unused;
	return bothy_pool_times(pool, &wait, &run) == -ECHILD &&
	                       bothy_project_times(project, &wait, &run) == -ECHILD &&
	                       wait == NULL && run == NULL &&
	                       bothy_histogram_percentile(wait_times, 50) == 7
	               ? 0
	               : 1;
}

START_TEST(in_a_forked_child_only_what_was_read_before_is_there)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	tally(project, 7, 7);
	read_project();
	ck_assert_int_eq(support_in_child(in_child, NULL), 0);
}
END_TEST

START_TEST(a_project_takes_its_times_along)
{
	long blocks;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	tally(project, 7, 7); /* the pool has its rows already */
	bothy_project_release(project);
	blocks = support_live_allocations();
	open_with((struct bothy_project_options){0});
	read_project();
	check_counts(0, 0);
	bothy_histogram_free(wait_times);
	bothy_histogram_free(run_times);
	wait_times = run_times = NULL;
	tally(project, 7, 7);
	bothy_project_release(project);
	project = NULL;
	ck_assert_int_eq(support_live_allocations(), blocks);
}
END_TEST

/* ---- jobs --------------------------------------------------------------------------------- */

static bothy_time now_ns(void)
{
	return bothy_after_ms(0);
}

enum { SPIN_NS = 2000000 };

/* Keep the place for that long at least, and write to *ARG how long it was. */
static int spin(void *arg, void **ret_result)
{
	bothy_time begun = now_ns(), end = begun + SPIN_NS;

	(void)ret_result;
	while (now_ns() < end)
		continue;
	*(int64_t *)arg = now_ns() - begun;
	return 0;
}

/* Close the pool, so that all jobs have left their threads, and read the project's times. */
static void close_and_read(void)
{
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	read_project();
}

/* The PERCENT of TIMES is from LEAST to MOST, but for 1%. */
static void check_between(const bothy_histogram *times, double percent, int64_t least, int64_t most)
{
	int64_t read = bothy_histogram_percentile(times, percent);

	ck_assert_int_ge(read, least - least / 100);
	ck_assert_int_le(read, most + most / 100);
}

START_TEST(a_wait_is_from_accepted_to_started)
{
	bothy_time before, accepted, opened;
	int64_t spun = 0;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	start_and_forget(BOTHY_JOB(.entity = "gate", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
	before = now_ns();
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	accepted = now_ns();
	(void)spin(&spun, NULL);
	opened = now_ns();
	gate_open(&gate);
	close_and_read();
	check_counts(1, 1);
	check_between(wait_times, 50, opened - accepted, now_ns() - before);
}
END_TEST

START_TEST(a_run_is_from_started_to_left)
{
	bothy_time before = now_ns();
	int64_t spun[2];

	pool_of(1);
	open_with((struct bothy_project_options){0});
	for (int own = 0; own < 2; own++)
		start_and_forget(BOTHY_JOB(.handle = project, .fn = spin, .arg = &spun[own],
		                           .flags = own ? BOTHY_OWN_THREAD : 0));
	close_and_read();
	check_counts(2, 2);
	check_between(run_times, 0, SPIN_NS, now_ns() - before);
	check_between(run_times, 100, spun[spun[0] < spun[1]], now_ns() - before);
}
END_TEST

START_TEST(jobs_that_never_ran_neither_waited_nor_ran)
{
	bothy_future *canceled;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_gate));
	gate_await(&gate, 1);
	canceled = start(BOTHY_JOB(.handle = project, .fn = nothing));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing, .deadline = BOTHY_NOW));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = end_thread));
	ck_assert_int_eq(bothy_future_cancel(canceled), 0);
	bothy_future_release(canceled);
	read_project();
	check_counts(0, 0); /* the first one runs */
	gate_open(&gate);
	close_and_read();
	check_counts(2, 2);
	read_pool();
	check_counts(2, 2);
}
END_TEST

static bothy_completions *never;

static int wait_until_stopped(void *arg, void **ret_result)
{
	struct bothy_completion got;

	(void)arg;
	(void)ret_result;
	return bothy_completions_next(never, BOTHY_FOREVER, &got);
}

START_TEST(while_its_place_is_lent_a_job_does_not_run)
{
	bothy_time before = now_ns(), parked;
	int64_t spun = 0, lent;
	bothy_future *future;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	ck_assert_int_eq(bothy_completions_new(&never), 0);
	future = start(BOTHY_JOB(.handle = project, .fn = wait_until_stopped));
	while (project_now().lent == 0)
		continue;
	parked = now_ns();
	for (int i = 0; i < 10; i++)
		(void)spin(&spun, NULL);
	lent = now_ns() - parked;
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	close_and_read();
	bothy_completions_release(never);
	check_counts(1, 1);
	check_between(run_times, 50, 0, now_ns() - before - lent);
}
END_TEST

struct family {
	int64_t parent_spun, child_spun, waited;
};

/* Spin, spawn one that spins and wait for it, and spin. */
static int parent(void *arg, void **ret_result)
{
	struct family *family = arg;
	bothy_future *child;
	bothy_time begun;
	int64_t more;

	(void)spin(&family->parent_spun, ret_result);
	begun = now_ns();
	if (bothy_spawn(&BOTHY_JOB(.fn = spin, .arg = &family->child_spun), &child) < 0)
		return 1;
	if (outcome(child) != 0)
		return 1;
	family->waited = now_ns() - begun;
	(void)spin(&more, ret_result);
	family->parent_spun += more;
	return 0;
}

START_TEST(a_job_in_place_of_a_wait_is_part_of_the_waiting_one)
{
	struct family family = {0};

	pool_of(1);
	open_with((struct bothy_project_options){0});
	start_and_forget(BOTHY_JOB(.handle = project, .fn = parent, .arg = &family));
	while (project_now().done < 2)
		continue;
	ck_assert_uint_eq(stats_now().threads, 1);
	close_and_read();
	check_counts(1, 1);
	check_between(run_times, 100, family.parent_spun + family.child_spun, INT64_MAX / 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_project_has_its_own_times_and_the_pool_has_all,
		without_jobs_there_are_no_times,
		what_was_read_does_not_change,
		what_was_read_outlives_pool_and_project,
		times_of_nothing_or_for_nobody_are_refused,
		reading_without_memory_is_refused_and_leaves_nothing,
		in_a_forked_child_only_what_was_read_before_is_there,
		a_project_takes_its_times_along,
		a_wait_is_from_accepted_to_started,
		a_run_is_from_started_to_left,
		jobs_that_never_ran_neither_waited_nor_ran,
		while_its_place_is_lent_a_job_does_not_run,
		a_job_in_place_of_a_wait_is_part_of_the_waiting_one,
	};

	return run_suite_with("times", fixture_setup, teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
