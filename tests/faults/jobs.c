/*
 * The section of jobs: every way to submit one, to wait for it and to learn what became of it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

enum { JOBS_MAX = 32 };

static struct {
	bothy_project *project;
	bothy_group *group;
	bothy_completions *completions;
	bothy_future *futures[JOBS_MAX];
	int accepted, to_deliver;
	atomic_int notified;
} section;

/* ---- jobs' functions ----------------------------------------------------------------------- */

static int end_thread(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	pthread_exit(NULL);
}

static int until_stopped(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	(void)bothy_sleep_until(BOTHY_FOREVER);
	return bothy_stop_requested();
}

/* Until asked to stop, and then on until the pool has settled it. */
static int outlive_deadline(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	while (bothy_stop_requested() == 0)
		(void)bothy_sleep_until(BOTHY_FOREVER);
	return 0;
}

/* A child that runs in place of the wait, and one of another project's that can't. */
static void wait_for_others(void)
{
	bothy_future *child, *other;

	if (SAID(spawn_noted(BOTHY_JOB(.fn = nothing), &child)) == 0) {
		(void)SAID(bothy_future_wait(child, BOTHY_FOREVER));
		bothy_future_release(child);
	}
	if (SAID(submit_noted(BOTHY_JOB(.entity = "eve", .project = "p", .fn = nothing), &other)) ==
	    0) {
		(void)SAID(bothy_future_wait_all(&other, 1, BOTHY_FOREVER));
		bothy_future_release(other);
	}
}

static int do_all(void *arg, void **ret_result)
{
	int fd = bothy_stop_fd();

	(void)arg, (void)ret_result;
	EXPECT(fd >= 0 || verdict_allows(fd));
	EXPECT(bothy_worker_local() != NULL);
	use_context();
	wait_for_others();
	record();
	return bothy_fail(0, "all of it");
}

static int do_all_here(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	use_context();
	return 0;
}

/* ---- submitting ---------------------------------------------------------------------------- */

static bothy_future *start(struct bothy_job job)
{
	bothy_future *future;

	if (SAID(submit_noted(job, &future)) < 0)
		return NULL;
	section.to_deliver += job.completions != NULL;
	return section.futures[section.accepted++] = future;
}

static void start_many(void)
{
	struct bothy_job jobs[3];
	void *notes[3];
	size_t accepted = 9;

	for (int i = 0; i < 3; i++) {
		notes[i] = note_new();
		jobs[i] = BOTHY_JOB(.entity = "many", .project = "p", .fn = nothing,
		                    .arg = notes[i], .arg_free = note_free, .priority = i,
		                    .group = section.group, .completions = section.completions);
	}
	(void)SAID(bothy_submit_many(scenario.pool, jobs, 3, section.futures + section.accepted,
	                             &accepted));
	EXPECT(accepted <= 3);
	for (size_t i = 0; i < accepted; i++)
		note_accepted(notes[i], true);
	section.accepted += (int)accepted;
	section.to_deliver += section.completions != NULL ? (int)accepted : 0;
}

/* Its argument is copied, so it has no note: its outcome is all. */
static void start_copied(void)
{
	int argument = 1;
	struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing,
	                                 .arg = &argument, .arg_bytes = sizeof(argument));
	bothy_future *future;

	if (SAID(bothy_submit(scenario.pool, &job, &future)) == 0)
		section.futures[section.accepted++] = future;
}

static void count(void *arg)
{
	(void)arg;
	atomic_fetch_add(&section.notified, 1);
}

static void be_notified(bothy_future *future)
{
	int before = atomic_load(&section.notified);
	int error = future != NULL ? SAID(bothy_future_notify(future, count, NULL)) : -ENOMEM;

	if (error < 0)
		return;
	EXPECT(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	while (atomic_load(&section.notified) == before)
		(void)bothy_future_running(future);
	EXPECT(atomic_load(&section.notified) == before + 1);
}

static void cancel_one(void)
{
	bothy_future *future = start(BOTHY_JOB(.fn = until_stopped, .group = section.group));
	int error;

	if (future == NULL)
		return;
	error = bothy_future_cancel(future);
	EXPECT(error == 0 || (error == -EALREADY && bothy_future_result(future, NULL) != 0));
	EXPECT(bothy_future_wait(future, BOTHY_FOREVER) == 0);
}

/* Jobs that only a cancel of their group, or project, ends. */
static void cancel_many(void)
{
	if (section.group != NULL) {
		(void)start(BOTHY_JOB(.fn = until_stopped, .group = section.group));
		EXPECT(bothy_group_cancel(section.group) == 0);
		EXPECT(bothy_group_wait(section.group, BOTHY_FOREVER) == 0);
	}
	if (section.project != NULL) {
		(void)start(BOTHY_JOB(.fn = until_stopped, .handle = section.project));
		EXPECT(bothy_project_cancel(section.project) == 0);
	}
}

static void run_and_wait(void)
{
	struct bothy_job job = BOTHY_JOB(.entity = "bob", .project = "p", .fn = do_all);

	(void)SAID(bothy_run(scenario.pool, &job, BOTHY_FOREVER, NULL));
	job.fn = do_all_here;
	(void)SAID(bothy_run_here(scenario.server, &job, NULL));
}

static void start_all(void)
{
	unsigned server_flags =
		scenario.server != NULL ? (unsigned)(BOTHY_TRACE | BOTHY_ENSURE_PROJECT) : 0;

	(void)start(BOTHY_JOB(.fn = nothing, .group = section.group,
	                      .completions = section.completions));
	start_many();
	start_copied();
	(void)start(BOTHY_JOB(.fn = do_all, .flags = server_flags, .name = "all"));
	if (section.project != NULL)
		(void)start(BOTHY_JOB(.fn = do_all, .handle = section.project));
	(void)start(BOTHY_JOB(.fn = do_all, .flags = BOTHY_OWN_THREAD, .group = section.group));
	(void)start(BOTHY_JOB(.fn = end_thread, .completions = section.completions));
	(void)start(BOTHY_JOB(.fn = nothing, .deadline = bothy_after_ms(1000000)));
	(void)start(BOTHY_JOB(.fn = nothing, .deadline = BOTHY_NOW));
	(void)start(BOTHY_JOB(.fn = outlive_deadline, .deadline = bothy_after_ms(2)));
	be_notified(start(BOTHY_JOB(.fn = end_thread, .group = section.group)));
	run_and_wait();
	/* What is canceled from here on is nothing of the above. */
	EXPECT(bothy_future_wait_all(section.futures, (size_t)section.accepted, BOTHY_FOREVER) ==
	       0);
	cancel_one();
	cancel_many();
}

/* ---- what became of them ------------------------------------------------------------------- */

static bool is_outcome(int code)
{
	return verdict_allows(code) || code == -EOWNERDEAD || code == -ECANCELED ||
	       code == -ETIMEDOUT;
}

static void expect_settled(void)
{
	EXPECT(bothy_future_wait_all(section.futures, (size_t)section.accepted, BOTHY_FOREVER) ==
	       0);
	for (int i = 0; i < section.accepted; i++) {
		bothy_future *future = section.futures[i];

		EXPECT(is_outcome(bothy_future_result(future, NULL)));
		EXPECT(bothy_future_state(future) >= BOTHY_DONE);
		EXPECT(bothy_future_cancel(future) == -EALREADY);
		(void)bothy_future_error(future);
	}
}

static void expect_delivered(void)
{
	struct bothy_completion got;

	if (section.completions == NULL)
		return;
	EXPECT(bothy_completions_fd(section.completions) >= 0);
	for (; section.to_deliver > 0; section.to_deliver--)
		EXPECT(bothy_completions_next(section.completions, BOTHY_FOREVER, &got) == 0);
	EXPECT(bothy_completions_next(section.completions, BOTHY_NOW, &got) == -ETIMEDOUT);
}

static void read_times(bothy_histogram *wait, bothy_histogram *run)
{
	struct bothy_histogram_bucket bucket = {0};
	bothy_histogram *sum;
	uint64_t n = 0;

	if (SAID(bothy_histogram_new(&sum)) == 0) {
		if (SAID(bothy_histogram_merge(sum, wait)) == 0 &&
		    SAID(bothy_histogram_merge(sum, run)) == 0)
			EXPECT(bothy_histogram_count(sum) ==
			       bothy_histogram_count(wait) + bothy_histogram_count(run));
		while (bothy_histogram_next(sum, &bucket))
			n += bucket.count;
		EXPECT(n == bothy_histogram_count(sum));
		EXPECT(n == 0 || bothy_histogram_percentile(sum, 50) >= 0);
		EXPECT(bothy_histogram_lost(sum) == 0 || verdict_allows(-ENOMEM));
		bothy_histogram_free(sum);
	}
	bothy_histogram_free(wait);
	bothy_histogram_free(run);
}

static void read_books(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	struct bothy_project_stats of_project = {.size = sizeof(of_project)};
	bothy_histogram *wait, *run;

	EXPECT(bothy_pool_stats(scenario.pool, &stats) == 0);
	EXPECT(stats.submitted == stats.done + stats.failed + stats.canceled + stats.expired +
	                                  stats.timed_out + stats.thread_exited + stats.queued +
	                                  stats.running);
	if (SAID(bothy_pool_times(scenario.pool, &wait, &run)) == 0)
		read_times(wait, run);
	if (section.project == NULL)
		return;
	EXPECT(bothy_project_stats(section.project, &of_project) == 0);
	if (SAID(bothy_project_times(section.project, &wait, &run)) == 0)
		read_times(wait, run);
}

/* ---- the section --------------------------------------------------------------------------- */

static void open_all(void)
{
	struct bothy_project_options options = {
		.size = sizeof(options), .weight = 2, .max_running = 1};

	section.project = NULL;
	section.group = NULL;
	section.completions = NULL;
	section.accepted = section.to_deliver = 0;
	(void)SAID(bothy_project_open(scenario.pool, "ann", "limited", &options, &section.project));
	if (section.project != NULL) {
		options.rate_per_s = 1000000;
		options.burst = 10;
		(void)SAID(bothy_project_configure(section.project, &options));
	}
	(void)SAID(bothy_group_new(&section.group));
	(void)SAID(bothy_completions_new(&section.completions));
}

static void release_all(void)
{
	for (int i = 0; i < section.accepted; i++)
		bothy_future_release(section.futures[i]);
	bothy_completions_release(section.completions);
	bothy_group_release(section.group);
	bothy_project_release(section.project);
}

void jobs_section(void)
{
	open_all();
	start_all();
	expect_settled();
	if (section.group != NULL)
		EXPECT(bothy_group_wait(section.group, BOTHY_FOREVER) == 0);
	expect_delivered();
	read_books();
	release_all();
}
