/*
 * APR's thread pool.  It has no bound, no batches, no futures and no wait for all.
 */
#include <apr_general.h>
#include <apr_thread_pool.h>
#include <errno.h>

#include "bench/work/work.h"

static apr_pool_t *memory;
static apr_thread_pool_t *pool;

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
	const struct job *job = data;

	(void)thread;
	return job->fn(job->arg);
}

static int start(unsigned workers, size_t bound)
{
	(void)bound;
	if (apr_initialize() != APR_SUCCESS || apr_pool_create(&memory, NULL) != APR_SUCCESS)
		return ENOMEM;
	return apr_thread_pool_create(&pool, workers, workers, memory) == APR_SUCCESS ? 0 : EAGAIN;
}

static void stop(void)
{
	(void)apr_thread_pool_destroy(pool);
	apr_pool_destroy(memory);
	apr_terminate();
}

static void submit(const struct job *job)
{
	if (apr_thread_pool_push(pool, run, (void *)(uintptr_t)job, APR_THREAD_TASK_PRIORITY_NORMAL,
	                         NULL) != APR_SUCCESS)
		bench_die("can't submit", EAGAIN);
}

const struct peer peer = {
	.name = "apr",
	.start = start,
	.stop = stop,
	.submit = submit,
};
