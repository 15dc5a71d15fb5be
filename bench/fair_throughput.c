#include "bench/fair.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bench/bench.h"
#include "bench/crowd.h"

#define JOBS (2 * CROWD_MIX)
#define THREADS_MOST 64u

static int64_t by_bothy(unsigned among)
{
	int64_t start = bench_now();

	for (size_t i = 0; i < JOBS; i++)
		bench_must("can't submit", crowd_submit_flood((unsigned)(i % among), i));
	bench_must("can't wait", crowd_wait());
	return bench_now() - start;
}

static atomic_size_t next;

static void *take_from_list(void *unused)
{
	size_t i;

	while ((i = atomic_fetch_add(&next, 1)) < JOBS)
		work_burn(crowd_steps(i));
	return unused;
}

static int64_t by_threads(void)
{
	pthread_t threads[THREADS_MOST];
	unsigned n = bench_options.workers;
	int64_t start = bench_now();

	atomic_store(&next, 0);
	for (unsigned i = 0; i < n; i++)
		bench_must("can't start a thread",
		           -pthread_create(&threads[i], NULL, take_from_list, NULL));
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return bench_now() - start;
}

/* There and back again, so that a machine which gets slower does not favour any. */
void fair_throughput(void)
{
	struct measure measure;
	int64_t spread, fifo, bare;

	if (bench_options.workers > THREADS_MOST)
		bench_die("too many workers", EINVAL);
	measure_begin(&measure);
	spread = by_bothy(CROWD);
	fifo = by_bothy(1);
	bare = by_threads();
	bare += by_threads();
	fifo += by_bothy(1);
	spread += by_bothy(CROWD);
	measure_end(&measure);
	measure_print(&measure, "fair", "throughput", 100 * (double)fifo / (double)spread,
	              "% of first-in first-out", 6 * JOBS);
	measure_print(&measure, "fair", "throughput, of bare threads",
	              100 * (double)bare / (double)spread, "% of first-in first-out", 6 * JOBS);
}
