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
	lock_acquire(&pool->lock);
	tally_waited_locked(whose, waited);
	tally_took_locked(whose, took);
	lock_release(&pool->lock);
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
	};

	return run_suite_with("times", fixture_setup, teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
