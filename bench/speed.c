/*
 * drain: one submitter outside the pool, empty jobs, a wait for their group.
 * round_trip: one job, a wait for it, and the next.
 *
 * Both are warm: an untimed round on the same pool goes before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"

#define DRAIN_JOBS 1000000u
#define TRIPS 100000u
#define MOST_ROUNDS 1000u

static int timed_drain(struct bench_pool *pool, size_t jobs, double *ret_ns)
{
	int64_t start = bench_now();
	int error = bench_drain(pool, jobs);

	*ret_ns = (double)(bench_now() - start) / (double)jobs;
	return error;
}

static int drain_rounds(struct bench_pool *pool, size_t jobs, unsigned rounds)
{
	static double times[MOST_ROUNDS];
	int error = bench_drain(pool, jobs);

	for (unsigned i = 0; i < rounds && error == 0; i++)
		error = timed_drain(pool, jobs, &times[i]);
	if (error < 0)
		return error;
	qsort(times, rounds, sizeof(times[0]), bench_compare);
	printf("{\"workload\":\"drain\",\"peer\":\"bothy\",\"value\":%.1f,\"unit\":\"ns/job\","
	       "\"min\":%.1f,\"max\":%.1f,\"rounds\":%u,\"jobs\":%zu}\n",
	       times[rounds / 2], times[0], times[rounds - 1], rounds, jobs);
	return 0;
}

int drain_run(const struct bench_options *options)
{
	size_t jobs = options->jobs > 0 ? options->jobs : DRAIN_JOBS;
	unsigned rounds = options->rounds < MOST_ROUNDS ? options->rounds : MOST_ROUNDS;
	struct bench_pool pool;
	int error = bench_pool_start(options->workers, &pool);

	if (error < 0)
		return error;
	error = drain_rounds(&pool, jobs, rounds);
	bench_pool_stop(&pool);
	return error;
}

static int nothing(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

static int trip(struct bench_pool *pool, double *ret_us)
{
	struct bothy_job job = BOTHY_JOB(.handle = pool->project, .fn = nothing);
	bothy_future *future;
	int64_t start = bench_now();
	int error = bothy_submit(pool->pool, &job, &future);

	if (error < 0)
		return error;
	error = bothy_future_wait(future, BOTHY_FOREVER);
	*ret_us = (double)(bench_now() - start) / 1000;
	bothy_future_release(future);
	return error;
}

static int trips(struct bench_pool *pool, double *us, size_t n)
{
	int error = 0;

	for (size_t i = 0; i < n / 10 && error == 0; i++)
		error = trip(pool, &us[0]);
	for (size_t i = 0; i < n && error == 0; i++)
		error = trip(pool, &us[i]);
	return error;
}

int round_trip_run(const struct bench_options *options)
{
	size_t n = options->jobs > 0 ? options->jobs : TRIPS;
	double *us = calloc(n, sizeof(double));
	struct bench_pool pool;
	int error = us == NULL ? -ENOMEM : bench_pool_start(options->workers, &pool);

	if (error < 0)
		goto out;
	error = trips(&pool, us, n);
	bench_pool_stop(&pool);
	if (error < 0)
		goto out;
	qsort(us, n, sizeof(us[0]), bench_compare);
	printf("{\"workload\":\"round_trip\",\"peer\":\"bothy\",\"value\":%.2f,\"unit\":\"us\","
	       "\"p50\":%.2f,\"p99\":%.2f,\"min\":%.2f,\"max\":%.2f,\"rounds\":%zu}\n",
	       us[n / 2], us[n / 2], us[n * 99 / 100], us[0], us[n - 1], n);
out:
	free(us);
	return error;
}
