#include "bench/instructions/work.h"

#define BATCH 100u

static int empty(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

/* ---- submitted from outside ---------------------------------------------------- */

void round_submit(void)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = lane_project, .fn = empty, .deadline = lane_deadline);

	for (unsigned i = 0; i < PER_ROUND; i++)
		must("can't submit", bothy_submit(lane_pool, &job, NULL));
	lane_turn();
}

void round_strings(void)
{
	struct bothy_job job = BOTHY_JOB(.entity = LANE_ENTITY, .project = LANE_PROJECT,
	                                 .fn = empty, .deadline = lane_deadline);

	for (unsigned i = 0; i < PER_ROUND; i++)
		must("can't submit", bothy_submit(lane_pool, &job, NULL));
	lane_turn();
}

void round_many(void)
{
	static struct bothy_job jobs[BATCH];
	size_t accepted;

	for (unsigned i = 0; i < BATCH; i++)
		jobs[i] = BOTHY_JOB(.handle = lane_project, .fn = empty, .deadline = lane_deadline);
	for (unsigned i = 0; i < PER_ROUND; i += BATCH)
		must("can't submit", bothy_submit_many(lane_pool, jobs, BATCH, NULL, &accepted));
	lane_turn();
}

void round_future(void)
{
	static bothy_future *futures[PER_ROUND];
	struct bothy_job job =
		BOTHY_JOB(.handle = lane_project, .fn = empty, .deadline = lane_deadline);
	void *result;

	for (unsigned i = 0; i < PER_ROUND; i++)
		must("can't submit", bothy_submit(lane_pool, &job, &futures[i]));
	lane_turn();
	for (unsigned i = 0; i < PER_ROUND; i++) {
		must("can't wait", bothy_future_wait(futures[i], BOTHY_FOREVER));
		must("a job failed", bothy_future_result(futures[i], &result));
		bothy_future_release(futures[i]);
	}
}

/* ---- spawned ---------------------------------------------------------------------- */

/* The one worker is this job's, so each child can only run in place of the wait. */
static int spawn_each(void *arg, void **ret_result)
{
	struct bothy_job child = BOTHY_JOB(.fn = empty);
	bothy_future *future;

	(void)arg;
	(void)ret_result;
	for (unsigned i = 0; i < PER_ROUND; i++) {
		must("can't spawn", bothy_spawn(&child, &future));
		must("can't wait", bothy_future_wait(future, BOTHY_FOREVER));
		bothy_future_release(future);
	}
	return 0;
}

void round_in_place(void)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = lane_project, .fn = spawn_each, .deadline = lane_deadline);

	must("can't submit", bothy_submit(lane_pool, &job, NULL));
	lane_turn();
}
