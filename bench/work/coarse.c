/*
 * coarse: jobs of 10 us, 100 us or 1 ms: how much of the cores gets to them.
 *
 * That is the time in which bare threads, one for each worker, do the same work with no pool at
 * all, over the time that the pool takes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/work/work.h"

#define TOTAL_US 1000000u /* of work, over all workers */
#define MOST_WORKERS 64u

static uint64_t steps_a_job;

static void *burn(void *arg)
{
	work_burn(steps_a_job);
	return work_count(arg);
}

static void *burn_share(void *arg)
{
	size_t n = *(const size_t *)arg;

	for (size_t i = 0; i < n; i++)
		work_burn(steps_a_job);
	return NULL;
}

/* ns for N jobs on bare threads. */
static int64_t bare(size_t n)
{
	pthread_t threads[MOST_WORKERS];
	size_t share = n / bench_options.workers;
	int64_t start = bench_now();

	for (unsigned i = 0; i < bench_options.workers; i++) {
		int error = pthread_create(&threads[i], NULL, burn_share, &share);

		if (error != 0)
			bench_die("can't start a thread", error);
	}
	for (unsigned i = 0; i < bench_options.workers; i++)
		pthread_join(threads[i], NULL);
	return bench_now() - start;
}

static void burn_all(size_t n)
{
	static const struct job job = {burn, NULL};

	work_expect(n);
	for (size_t i = 0; i < n; i++)
		peer.submit(&job);
	work_wait();
}

/* A tenth as warm-up; then bare, by the pool, and bare again. */
static void compare(void *arg)
{
	size_t n = *(const size_t *)arg;
	struct measure measure;
	int64_t alone;

	burn_all(n / 10);
	alone = bare(n);
	measure_begin(&measure);
	burn_all(n);
	measure_end(&measure);
	alone = (alone + bare(n)) / 2;
	measure_print(&measure, "coarse", "", 100 * (double)alone / (double)measure.wall,
	              "% of the cores", n);
}

int coarse_run(const struct bench_options *options)
{
	unsigned us = options->job_us;
	size_t n = work_jobs(TOTAL_US / us);

	if (options->workers > MOST_WORKERS)
		return -EINVAL;
	n -= n % options->workers;
	steps_a_job = (uint64_t)(work_steps_per_us() * us);
	work_start();
	work_inside(compare, &n);
	peer.stop();
	return 0;
}
