/*
 * Bothy as a peer, with all that it does for a job: a project, a context installed and torn
 * down, a deadline, an hour away, that is watched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"

#define BATCH_MOST 100u
#define UNBOUNDED ((size_t)1 << 22)
#define HOUR_MS 3600000

static bothy_pool *pool;
static bothy_project **projects;
static size_t project_count;
static bothy_group *group;
static bothy_time deadline;

static int run(void *arg, void **ret_result)
{
	const struct job *job = arg;

	*ret_result = job->fn(job->arg);
	return 0;
}

/* ---- start and stop --------------------------------------------------------------- */

static void open_projects(size_t n)
{
	projects = calloc(n, sizeof(projects[0]));
	if (projects == NULL)
		bench_die("can't open projects", ENOMEM);
	for (project_count = 0; project_count < n; project_count++) {
		char name[32];

		snprintf(name, sizeof(name), "%zu", project_count);
		bench_must("can't open a project",
		           bothy_project_open(pool, "team", name, NULL, &projects[project_count]));
	}
}

static int start(unsigned workers, size_t bound)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = workers,
		.queue_max = bound > 0 ? bound : UNBOUNDED,
		.when_full = bound > 0 ? BOTHY_BLOCK : BOTHY_REJECT,
	};
	int error = bothy_pool_new(NULL, &options, &pool);

	if (error < 0)
		return error;
	open_projects(bench_options.projects);
	deadline = bothy_after_ms(HOUR_MS);
	return bothy_group_new(&group);
}

static void stop(void)
{
	bothy_group_release(group);
	while (project_count > 0)
		bothy_project_release(projects[--project_count]);
	free(projects);
	bothy_pool_free(pool);
}

/* ---- jobs ------------------------------------------------------------------------- */

/* By turns, for the thread that asks. */
static bothy_project *next_project(void)
{
	static _Thread_local size_t next;

	if (project_count == 1)
		return projects[0];
	next = next + 1 < project_count ? next + 1 : 0;
	return projects[next];
}

static struct bothy_job describe(const struct job *job)
{
	struct bothy_job description =
		BOTHY_JOB(.fn = run, .arg = (void *)(uintptr_t)job, .deadline = deadline);

	if (bench_options.strings) {
		description.entity = "team";
		description.project = "0";
	} else {
		description.handle = next_project();
	}
	return description;
}

static void submit(const struct job *job)
{
	struct bothy_job description = describe(job);

	description.group = group;
	bench_must("can't submit", bothy_submit(pool, &description, NULL));
}

static void submit_many(const struct job *job, size_t n)
{
	static _Thread_local struct bothy_job batch[BATCH_MOST];
	size_t accepted;

	if (batch[0].size == 0) {
		for (size_t i = 0; i < BATCH_MOST; i++) {
			batch[i] = describe(job);
			batch[i].group = group;
		}
	}
	for (size_t i = 0; i < n; i++)
		batch[i].arg = (void *)(uintptr_t)job;
	bench_must("can't submit", bothy_submit_many(pool, batch, n, NULL, &accepted));
}

static void wait_all(void)
{
	bench_must("can't wait", bothy_group_wait(group, BOTHY_FOREVER));
}

static void *future(const struct job *job)
{
	struct bothy_job description = describe(job);
	bothy_future *future;

	bench_must("can't submit", bothy_submit(pool, &description, &future));
	return future;
}

static void *take(void *future)
{
	void *result;

	bench_must("can't wait", bothy_future_wait(future, BOTHY_FOREVER));
	bench_must("a job failed", bothy_future_result(future, &result));
	bothy_future_release(future);
	return result;
}

/* ---- the tree ----------------------------------------------------------------------- */

static int branch(void *arg, void **ret_result);

static size_t spawn_both(uintptr_t depth)
{
	struct bothy_job child = BOTHY_JOB(.fn = branch, .arg = (void *)depth);
	bothy_future *left, *right;

	bench_must("can't spawn", bothy_spawn(&child, &left));
	bench_must("can't spawn", bothy_spawn(&child, &right));
	return (size_t)(uintptr_t)take(left) + (size_t)(uintptr_t)take(right);
}

static int branch(void *arg, void **ret_result)
{
	uintptr_t depth = (uintptr_t)arg;
	size_t below = depth > 0 ? spawn_both(depth - 1) : 0;

	*ret_result = (void *)(uintptr_t)(below + 1);
	return 0;
}

static size_t tree(unsigned depth)
{
	struct bothy_job root = BOTHY_JOB(.handle = projects[0], .fn = branch,
	                                  .arg = (void *)(uintptr_t)depth, .deadline = deadline);
	bothy_future *future;

	bench_must("can't submit", bothy_submit(pool, &root, &future));
	return (size_t)(uintptr_t)take(future);
}

/* ---- what only Bothy has -------------------------------------------------------------- */

static const struct workload own[] = {
	{"tenants", "ns a job: drain over --projects", tenants_run, NULL},
	{"refs", "ns a ref, set, got and dropped: --refs in a job", refs_run, NULL},
	{"hygiene", "ns a job of a pool that looks at its threads strictly, and of one that is fast",
	 hygiene_run, NULL},
	{"fair", "what projects get of a pool that one of them floods", fair_run, NULL},
	{"rss", "resident memory at the end, to that after 100,000 jobs", rss_run, NULL},
	{"idle", "us of CPU time a second of an idle pool", idle_run, NULL},
#ifdef BOTHY_RECORDING
	{"record", "calls a second into SQLite, beside libsqlite3 alone", record_run, NULL},
	{"record_cost", "throughput of jobs that record, to that without", record_cost_run, NULL},
#endif
	{NULL, NULL, NULL, NULL},
};

const struct peer peer = {
	.name = "bothy",
	.bounded = true,
	.start = start,
	.stop = stop,
	.submit = submit,
	.submit_many = submit_many,
	.wait_all = wait_all,
	.future = future,
	.take = take,
	.tree = tree,
	.own = own,
};
