#include <bothy/pool.h>

#include <errno.h>
#include <unistd.h>

#include "api/check.h"
#include "pool/pool.h"
#include "pool/worker.h"
#include "sync/thread.h"
#include "tls/server.h"

enum {
	WORKERS_MAX = 1024,
	QUEUE_DEFAULT = 1 << 20,
	GRACE_DEFAULT_NS = 10 * 1000 * 1000,
	SPARE_DEFAULT = 64
};

static int check_options(const struct bothy_pool_options *o)
{
	if (o->workers > WORKERS_MAX || o->spare_max > WORKERS_MAX || o->default_timeout_ns < 0 ||
	    o->stop_grace_ns < 0 || (o->stack_bytes != 0 && o->stack_bytes < THREAD_STACK_LEAST) ||
	    (o->when_full != BOTHY_REJECT && o->when_full != BOTHY_BLOCK) ||
	    !check_fallback(o->refs))
		return -EINVAL;
	if (o->hygiene != BOTHY_HYGIENE_FAST && o->hygiene != BOTHY_HYGIENE_STRICT)
		return -EINVAL;
	return (o->dirt_mask & ~BOTHY_DIRT_ALL) == 0 ? 0 : -EINVAL;
}

static unsigned cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static void set_defaults(struct bothy_pool_options *o)
{
	if (o->workers == 0)
		o->workers = cpus();
	if (o->queue_max == 0)
		o->queue_max = QUEUE_DEFAULT;
	if (o->stop_grace_ns == 0)
		o->stop_grace_ns = GRACE_DEFAULT_NS;
	if (o->lost_max == 0)
		o->lost_max = o->workers;
	if (o->lost_per_project == 0)
		o->lost_per_project = 1;
	if (o->spare_max == 0)
		o->spare_max = SPARE_DEFAULT;
	if (o->name == NULL)
		o->name = "bothy";
	if (o->dirt_mask == 0)
		o->dirt_mask = BOTHY_DIRT_DEFAULT;
}

int bothy_pool_new(bothy_server *server, const struct bothy_pool_options *options,
                   bothy_pool **ret_pool)
{
	struct bothy_pool_options complete = {0};
	int error;

	if (ret_pool == NULL)
		return -EINVAL;
	if (options != NULL) {
		error = CHECK_COPY(&complete, options);
		if (error < 0)
			return error;
	}
	error = check_options(&complete);
	if (error == 0)
		error = server_check(server);
	if (error < 0)
		return error;
	set_defaults(&complete);
	return pool_new(server, &complete, ret_pool);
}

int bothy_pool_close(bothy_pool *pool, bothy_time deadline)
{
	int error;

	if (pool == NULL || deadline <= 0)
		return -EINVAL;
	error = pool_check(pool);
	return error < 0 ? error : pool_close(pool, deadline);
}

void bothy_pool_free(bothy_pool *pool)
{
	if (pool != NULL && pool_check(pool) == 0)
		pool_free(pool);
}

void bothy_pool_abandon(bothy_pool *pool)
{
	if (pool != NULL && pool_check(pool) == 0)
		pool_abandon(pool);
}

int bothy_pool_stats(bothy_pool *pool, struct bothy_pool_stats *stats)
{
	struct bothy_pool_stats now;
	int error;

	if (pool == NULL || stats == NULL)
		return -EINVAL;
	error = check_size(stats->size, sizeof(now));
	if (error == 0)
		error = pool_check(pool);
	if (error < 0)
		return error;
	pool_stats(pool, &now);
	check_give(stats, &now, sizeof(now));
	return 0;
}

int bothy_pool_times(bothy_pool *pool, bothy_histogram **ret_wait, bothy_histogram **ret_run)
{
	int error;

	if (pool == NULL || ret_wait == NULL || ret_run == NULL)
		return -EINVAL;
	error = pool_check(pool);
	return error < 0 ? error : pool_times(pool, &pool->times, ret_wait, ret_run);
}

void *bothy_worker_local(void)
{
	const struct worker *worker = worker_current();

	return worker != NULL ? worker->local : NULL;
}
