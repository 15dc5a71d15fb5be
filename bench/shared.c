#include <errno.h>
#include <sched.h>

#include "bench/bench.h"

int bench_pool_start(unsigned workers, struct bench_pool *ret_pool)
{
	return bench_pool_start_with((struct bothy_pool_options){.workers = workers}, ret_pool);
}

int bench_pool_start_with(struct bothy_pool_options options, struct bench_pool *ret_pool)
{
	struct bench_pool pool = {NULL, NULL, NULL};
	int error;

	options.size = sizeof(options);
	error = bothy_pool_new(NULL, &options, &pool.pool);
	if (error < 0)
		return error;
	error = bothy_project_open(pool.pool, "team", "bench", NULL, &pool.project);
	if (error < 0)
		goto fail;
	error = bothy_group_new(&pool.group);
	if (error < 0)
		goto fail;
	*ret_pool = pool;
	return 0;

fail:
	bench_pool_stop(&pool);
	return error;
}

void bench_pool_stop(struct bench_pool *pool)
{
	bothy_group_release(pool->group);
	bothy_project_release(pool->project);
	bothy_pool_free(pool->pool);
}

static int empty(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

int bench_submit(struct bench_pool *pool, size_t n)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = pool->project, .fn = empty, .group = pool->group);

	for (size_t i = 0; i < n; i++) {
		int error = bothy_submit(pool->pool, &job, NULL);

		while (error == -EAGAIN) {
			sched_yield();
			error = bothy_submit(pool->pool, &job, NULL);
		}
		if (error < 0)
			return error;
	}
	return 0;
}

int bench_drain(struct bench_pool *pool, size_t n)
{
	int error = bench_submit(pool, n);

	return error < 0 ? error : bothy_group_wait(pool->group, BOTHY_FOREVER);
}
