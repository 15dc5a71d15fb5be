/*
 * What the shared workloads have in common: the pool's start, and how its jobs are waited for.
 *
 * Where a pool cannot wait for its jobs, each job counts down and the last one wakes the waiter:
 * one atomic subtraction a job, as a user of such a pool would write it.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/work/work.h"

static _Alignas(64) atomic_size_t left;
static sem_t all_done;

void bench_die(const char *what, int error)
{
	fprintf(stderr, "%s: %s: %s\n", peer.name, what, strerror(error < 0 ? -error : error));
	exit(1);
}

void bench_must(const char *what, int error)
{
	if (error != 0)
		bench_die(what, error);
}

void work_start(void)
{
	size_t bound = peer.bounded && !bench_options.unbounded ? BENCH_BOUND : 0;
	int error = peer.start(bench_options.workers, bound);

	if (error != 0)
		bench_die("can't start", error);
	sem_init(&all_done, 0, 0);
}

void *work_count(void *arg)
{
	if (peer.wait_all == NULL && atomic_fetch_sub(&left, 1) == 1)
		sem_post(&all_done);
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

const struct job *work_job(void)
{
	static const struct job counting = {work_count, NULL}, empty = {nothing, NULL};

	return peer.wait_all != NULL ? &empty : &counting;
}

void work_expect(size_t n)
{
	atomic_store(&left, n);
}

void work_wait(void)
{
	if (peer.wait_all != NULL) {
		peer.wait_all();
		return;
	}
	while (sem_wait(&all_done) != 0)
		;
}

void work_inside(void (*body)(void *), void *arg)
{
	if (peer.inside != NULL)
		peer.inside(body, arg);
	else
		body(arg);
}

void work_drain(size_t n)
{
	const struct job *job = work_job();

	work_expect(n);
	for (size_t i = 0; i < n; i++)
		peer.submit(job);
	work_wait();
}

size_t work_jobs(size_t wanted)
{
	return bench_options.jobs > 0 ? bench_options.jobs : wanted;
}
