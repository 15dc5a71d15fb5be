/*
 * queued: resident memory for each empty job that waits in the queue, behind jobs that keep
 * every worker busy; with a future each if that is asked for.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "bench/work/work.h"

#define JOBS 1000000u

static sem_t reached, opened;
static void **futures;

static void *at_gate(void *arg)
{
	sem_post(&reached);
	while (sem_wait(&opened) != 0)
		;
	return work_count(arg);
}

static void block_workers(void)
{
	static const struct job gate = {at_gate, NULL};

	for (unsigned i = 0; i < bench_options.workers; i++) {
		peer.submit(&gate);
		while (sem_wait(&reached) != 0)
			;
	}
}

static void queue_jobs(size_t n)
{
	const struct job *job = work_job();

	for (size_t i = 0; i < n; i++) {
		if (bench_options.futures)
			futures[i] = peer.future(job);
		else
			peer.submit(job);
	}
}

static void let_go(size_t n)
{
	for (unsigned i = 0; i < bench_options.workers; i++)
		sem_post(&opened);
	for (size_t i = 0; i < n && bench_options.futures; i++)
		(void)peer.take(futures[i]);
	work_wait();
}

static size_t bytes_of(size_t n)
{
	size_t before, bytes;

	block_workers();
	before = bench_resident();
	queue_jobs(n);
	bytes = bench_resident() - before;
	let_go(n);
	return bytes;
}

int queued_run(const struct bench_options *options)
{
	size_t n = work_jobs(JOBS), bytes;
	struct measure measure;

	futures = malloc(n * sizeof(futures[0]));
	if (futures == NULL)
		return -ENOMEM;
	memset(futures, 1, n * sizeof(futures[0])); /* resident before it is counted */
	sem_init(&reached, 0, 0);
	sem_init(&opened, 0, 0);
	bench_options.unbounded = true;
	work_start();
	work_expect(options->workers + n);
	measure_begin(&measure);
	bytes = bytes_of(n);
	measure_end(&measure);
	peer.stop();
	measure_print(&measure, "queued", "", (double)bytes / (double)n, "bytes/job", n);
	free(futures);
	return 0;
}
