/*
 * drain:      one outside thread submits empty jobs, and waits for all of them.
 * drain_many: four of them, a quarter of the jobs each.
 * batch:      one thread, 100 at a time.
 * futures:    one thread; every job has a result, and all are taken.
 *
 * An untimed round on the same pool goes before, unless it is to be cold.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/work/work.h"

#define JOBS 1000000u
#define SUBMITTERS 4u
#define BATCH 100u

/* One kind of drain, twice, and its figure. */
struct rounds {
	const char *workload;
	void (*round)(size_t n);
};

static void both_rounds(void *arg)
{
	const struct rounds *rounds = arg;
	size_t n = work_jobs(JOBS);
	struct measure measure;

	if (!bench_options.cold)
		rounds->round(n);
	measure_begin(&measure);
	rounds->round(n);
	measure_end(&measure);
	measure_print(&measure, rounds->workload, "", (double)measure.wall / (double)n, "ns/job",
	              n);
}

static int run_rounds(const char *workload, void (*round)(size_t n))
{
	struct rounds rounds = {workload, round};

	work_start();
	work_inside(both_rounds, &rounds);
	peer.stop();
	return 0;
}

int drain_run(const struct bench_options *options)
{
	(void)options;
	return run_rounds("drain", work_drain);
}

/* ---- many ------------------------------------------------------------------------- */

static void *submit_share(void *arg)
{
	const struct job *job = work_job();
	size_t n = *(const size_t *)arg;

	for (size_t i = 0; i < n; i++)
		peer.submit(job);
	if (peer.wait_all != NULL)
		peer.wait_all();
	return NULL;
}

static void drain_by_many(size_t n)
{
	pthread_t threads[SUBMITTERS];
	size_t share = n / SUBMITTERS;

	work_expect(share * SUBMITTERS);
	for (unsigned i = 0; i < SUBMITTERS; i++) {
		int error = pthread_create(&threads[i], NULL, submit_share, &share);

		if (error != 0)
			bench_die("can't start a submitter", error);
	}
	for (unsigned i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	if (peer.wait_all == NULL)
		work_wait();
}

int drain_many_run(const struct bench_options *options)
{
	(void)options;
	return run_rounds("drain_many", drain_by_many);
}

/* ---- batches ---------------------------------------------------------------------- */

static void drain_in_batches(size_t n)
{
	const struct job *job = work_job();

	work_expect(n);
	for (size_t i = 0; i < n; i += BATCH)
		peer.submit_many(job, n - i < BATCH ? n - i : BATCH);
	work_wait();
}

int batch_run(const struct bench_options *options)
{
	(void)options;
	return run_rounds("batch", drain_in_batches);
}

/* ---- futures ---------------------------------------------------------------------- */

static void **futures;

static void *own_address(void *arg)
{
	return arg;
}

static void drain_futures(size_t n)
{
	struct job job = {own_address, &job};

	for (size_t i = 0; i < n; i++)
		futures[i] = peer.future(&job);
	for (size_t i = 0; i < n; i++) {
		if (peer.take(futures[i]) != &job)
			bench_die("a job's result is lost", EPROTO);
	}
}

int futures_run(const struct bench_options *options)
{
	(void)options;
	futures = calloc(work_jobs(JOBS), sizeof(futures[0]));
	if (futures == NULL)
		return -ENOMEM;
	run_rounds("futures", drain_futures);
	free(futures);
	return 0;
}
