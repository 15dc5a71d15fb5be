/*
 * rss: resident memory at the end of many jobs, against that after the first 100,000.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

#include "bench/bench.h"

#define RSS_JOBS 2000000u
#define RSS_FIRST 100000u
#define RSS_BATCH 1000u

/* A job that keeps its worker from others. */
struct gate {
	sem_t reached, opened;
};

static int at_gate(void *arg, void **ret_result)
{
	struct gate *gate = arg;

	(void)ret_result;
	sem_post(&gate->reached);
	while (sem_wait(&gate->opened) != 0)
		;
	return 0;
}

static void reached(struct gate *gate)
{
	while (sem_wait(&gate->reached) != 0)
		;
}

static int block_workers(struct bench_pool *pool, struct gate *gate, unsigned workers)
{
	struct bothy_job job = BOTHY_JOB(.handle = pool->project, .fn = at_gate, .arg = gate,
	                                 .group = pool->group);

	for (unsigned i = 0; i < workers; i++) {
		int error = bothy_submit(pool->pool, &job, NULL);

		if (error < 0)
			return error;
		reached(gate);
	}
	return 0;
}

/* Queue JOBS behind blocked workers, then let them run. */
static int queue_all(struct bench_pool *pool, unsigned workers, size_t jobs)
{
	struct gate gate;
	int error;

	sem_init(&gate.reached, 0, 0);
	sem_init(&gate.opened, 0, 0);
	error = block_workers(pool, &gate, workers);
	if (error == 0)
		error = bench_submit(pool, jobs);
	for (unsigned i = 0; i < workers; i++)
		sem_post(&gate.opened);
	if (error == 0)
		error = bothy_group_wait(pool->group, BOTHY_FOREVER);
	sem_destroy(&gate.reached);
	sem_destroy(&gate.opened);
	return error;
}

static int drain_in_batches(struct bench_pool *pool, size_t jobs)
{
	int error = 0;

	for (size_t i = 0; i < jobs && error == 0; i += RSS_BATCH)
		error = bench_drain(pool, RSS_BATCH);
	return error;
}

int rss_run(const struct bench_options *options)
{
	size_t jobs = options->jobs > RSS_FIRST ? options->jobs : RSS_JOBS, first, last;
	struct bench_pool pool;
	int error = bench_pool_start(options->workers, &pool);

	if (error < 0)
		return error;
	/* The first batch is queued as a whole, as any later one may be. */
	error = queue_all(&pool, options->workers, RSS_BATCH);
	if (error == 0)
		error = drain_in_batches(&pool, RSS_FIRST - RSS_BATCH);
	first = bench_resident();
	if (error == 0)
		error = drain_in_batches(&pool, jobs - RSS_FIRST);
	last = bench_resident();
	bench_pool_stop(&pool);
	if (error == 0 && first == 0)
		error = -ENOENT;
	if (error < 0)
		return error;
	printf("{\"workload\":\"rss\",\"case\":\"\",\"peer\":\"bothy\",\"value\":%.4f,"
	       "\"unit\":\"ratio\",\"cpu\":0,\"sleeps_per_1000\":0,\"first_bytes\":%zu,"
	       "\"last_bytes\":%zu,\"jobs\":%zu}\n",
	       (double)last / (double)first, first, last, jobs);
	return 0;
}
