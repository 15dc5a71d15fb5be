/*
 * What one tenant's project gets beside another's: turns, charges, limits that change, handles, books.
 */
#include <errno.h>
#include <stdint.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/clock.h"
#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static bothy_project *project_of(const char *entity, struct bothy_project_options options)
{
	bothy_project *project;

	options.size = sizeof(options);
	SIM_CHECK(bothy_project_open(pool, entity, "p", &options, &project) == 0);
	return project;
}

static int64_t charged(bothy_project *project)
{
	struct bothy_project_stats s = {.size = sizeof(s)};

	SIM_CHECK(bothy_project_stats(project, &s) == 0);
	return (int64_t)s.charged_ns;
}

static void finish_with(bothy_project *project)
{
	bothy_project_release(project);
	finish();
}

/* Keep the worker for 1 ms. */
static int take_time(void *arg, void **ret_result)
{
	struct parker nobody = PARKER_INITIALIZER;

	(void)arg;
	(void)ret_result;
	(void)parker_park(&nobody, bothy_after_ms(1));
	return 0;
}

/* ---- charges ----------------------------------------------------------------------------- */

static int wait_for_bob(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_run(pool, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = take_time),
	                 BOTHY_FOREVER, NULL);
}

/* There is one place, which ann's job lends to bob's: it is charged to one of them at any time. */
static void no_more_is_charged_than_runs_at_once(void)
{
	bothy_project *ann, *bob;
	bothy_time begin;

	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	ann = project_of("ann", (struct bothy_project_options){0});
	bob = project_of("bob", (struct bothy_project_options){0});
	begin = clock_now();
	SIM_CHECK(outcome(start(BOTHY_JOB(.handle = ann, .fn = wait_for_bob))) == 0);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(charged(bob) >= 1000000);
	SIM_CHECK(charged(ann) + charged(bob) <= clock_now() - begin);
	bothy_project_release(ann);
	finish_with(bob);
}

/* ---- limits that change ------------------------------------------------------------------ */

static void configure(bothy_project *project, struct bothy_project_options options)
{
	options.size = sizeof(options);
	SIM_CHECK(bothy_project_configure(project, &options) == 0);
}

/* The first job, which runs, waits for the second, which may not until the limit is raised. */
static void a_limit_is_raised_while_a_job_waits_for_it(void)
{
	bothy_project *project;
	bothy_future *first, *second;

	pool_of(2);
	project = project_of("ann", (struct bothy_project_options){.max_running = 1});
	first = start(BOTHY_JOB(.handle = project, .fn = until_gate));
	second = start(BOTHY_JOB(.handle = project, .fn = open_gate));
	configure(project, (struct bothy_project_options){.max_running = 2});
	SIM_CHECK(outcome(first) == 0);
	SIM_CHECK(outcome(second) == 0);
	finish_with(project);
}

/* One token a second: the second job waits for the next, or until there is no such limit. */
static void a_rate_is_lifted_while_a_job_waits_for_a_token(void)
{
	bothy_project *project;

	pool_of(1);
	project = project_of("ann", (struct bothy_project_options){.rate_per_s = 1});
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.handle = project, .fn = run_once)));
	configure(project, (struct bothy_project_options){0});
	finish_with(project);
	SIM_CHECK(atomic_load(&ran) == 2);
}

/* ---- handles ----------------------------------------------------------------------------- */

/* Open a handle, submit by it if the pool is open, and let it go while the job may be anywhere. */
static void submit_by_handle(void *ret_error)
{
	int *error = ret_error;
	bothy_project *project;

	*error = bothy_project_open(pool, "ann", "p", NULL, &project);
	if (*error < 0)
		return;
	*error = bothy_submit(pool, &BOTHY_JOB(.handle = project, .fn = run_once), NULL);
	bothy_project_release(project);
}

static void a_handle_goes_while_its_project_has_jobs(void)
{
	struct thread submitter;
	int error;

	pool_of(1);
	submitter = client(submit_by_handle, &error);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	thread_join(&submitter);
	SIM_CHECK(error == 0 || error == -ESHUTDOWN);
	SIM_CHECK(atomic_load(&ran) == 1 + (error == 0));
	finish();
	SIM_CHECK(testing_counts.projects_made == testing_counts.projects_freed);
}

/* ---- books ------------------------------------------------------------------------------- */

static void check_books(void)
{
	struct bothy_pool_stats s = {.size = sizeof(s)};

	SIM_CHECK(bothy_pool_stats(pool, &s) == 0);
	SIM_CHECK(s.submitted == s.done + s.failed + s.canceled + s.expired + s.timed_out +
	                                 s.thread_exited + s.queued + s.running);
}

static void read_books(void *project)
{
	struct bothy_project_stats s = {.size = sizeof(s)};

	check_books();
	SIM_CHECK(bothy_project_stats(project, &s) == 0);
	SIM_CHECK(s.submitted == s.done + s.failed + s.canceled + s.expired + s.timed_out +
	                                 s.thread_exited + s.queued + s.running);
}

/* One runs until its deadline, and one is canceled in its queue, or runs. */
static void books_are_read_while_jobs_settle(void)
{
	bothy_project *project;
	bothy_future *late, *canceled;
	struct thread reader;

	pool_of(1);
	project = project_of("ann", (struct bothy_project_options){0});
	late = start(
		BOTHY_JOB(.handle = project, .fn = until_stopped, .deadline = bothy_after_ms(1)));
	canceled = start(BOTHY_JOB(.handle = project, .fn = run_once));
	reader = client(read_books, project);
	(void)bothy_future_cancel(canceled);
	SIM_CHECK(outcome(late) == -ETIMEDOUT);
	bothy_future_release(canceled);
	thread_join(&reader);
	finish_with(project);
}

static void read_times(void *ignored)
{
	bothy_histogram *wait, *run;
	struct bothy_pool_stats s = {.size = sizeof(s)};

	(void)ignored;
	SIM_CHECK(bothy_pool_times(pool, &wait, &run) == 0);
	SIM_CHECK(bothy_pool_stats(pool, &s) == 0);
	SIM_CHECK(bothy_histogram_count(wait) == bothy_histogram_count(run));
	SIM_CHECK(bothy_histogram_count(run) <= s.done);
	bothy_histogram_free(wait);
	bothy_histogram_free(run);
}

static void times_are_read_while_jobs_end(void)
{
	struct thread reader;

	pool_of(1);
	reader = client(read_times, NULL);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	thread_join(&reader);
	finish();
}

static const struct scenario scenarios[] = {
	{"no_more_is_charged_than_runs_at_once", no_more_is_charged_than_runs_at_once,
         "LENT_TIME_CHARGED"},
	{"a_limit_is_raised_while_a_job_waits_for_it", a_limit_is_raised_while_a_job_waits_for_it,
         "RAISE_UNTOLD"},
	{"a_rate_is_lifted_while_a_job_waits_for_a_token",
         a_rate_is_lifted_while_a_job_waits_for_a_token, "LIMIT_CHANGE_UNSEEN"},
	{"a_handle_goes_while_its_project_has_jobs", a_handle_goes_while_its_project_has_jobs,
         "HANDLE_UNLOCKED"},
	{"books_are_read_while_jobs_settle", books_are_read_while_jobs_settle, "TALLY_TORN"},
	{"times_are_read_while_jobs_end", times_are_read_while_jobs_end, "TIMES_TORN"},
};

SCENARIOS(scenarios)
