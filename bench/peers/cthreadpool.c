/*
 * Johan Hanssen Seferidis's C-Thread-Pool, as Debian's cthreadpool-dev has it: a source file to
 * compile along.  It has no bound, no batches and no futures; its wait for all wakes one waiter
 * alone, and leaves others there, so the jobs count.
 */
#include <errno.h>
#include <cthreadpool/thpool.h>

#include "bench/work/work.h"

static threadpool pool;

static void run(void *data)
{
	const struct job *job = data;

	(void)job->fn(job->arg);
}

static int start(unsigned workers, size_t bound)
{
	(void)bound;
	pool = thpool_init((int)workers);
	return pool != NULL ? 0 : EAGAIN;
}

static void stop(void)
{
	thpool_destroy(pool);
}

static void submit(const struct job *job)
{
	if (thpool_add_work(pool, run, (void *)(uintptr_t)job) != 0)
		bench_die("can't submit", ENOMEM);
}

const struct peer peer = {
	.name = "cthreadpool",
	.start = start,
	.stop = stop,
	.submit = submit,
};
