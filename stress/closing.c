#include "stress/closing.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "stress/observer.h"
#include "stress/stress.h"
#include "stress/task.h"
#include "stress/violation.h"

#define JOBS 400u

/* The jobs that one thread submits before and while the pool is closed. */
struct burst {
	pthread_t thread;
	bool started;
	unsigned index;
	struct rng rng;
	struct task *tasks[JOBS];
	bothy_future *futures[JOBS];
	unsigned count;
};

static int submit_one(struct burst *burst)
{
	unsigned i = burst->count;
	enum task_kind kind = rng_one_in(&burst->rng, 8) ? KIND_LAST : KIND_CANCELED;
	struct task *task =
		task_claim(kind, tenant_random(&burst->rng), ((uint64_t)burst->index << 40) + i,
	                   rng_next(&burst->rng), DELIVERY_FUTURE);
	struct bothy_job job;
	struct parcel parcel;
	int error;

	if (task == NULL)
		return -EAGAIN;
	task_describe(task, &job, &parcel);
	job.entity = task->tenant->entity;
	job.project = task->tenant->project;
	task_offer(task);
	error = bothy_submit(stress.pool, &job, &burst->futures[i]);
	task_settle_offer(task, error);
	if (error == 0)
		burst->tasks[burst->count++] = task;
	else
		task_drop(task);
	return error;
}

static void *burst_main(void *arg)
{
	struct burst *burst = arg;
	int error;

	while (burst->count < JOBS) {
		error = submit_one(burst);
		if (error == -ESHUTDOWN)
			break;
		if (error != 0 && error != -EAGAIN)
			violation_call("bothy_submit", error);
		sched_yield();
	}
	return NULL;
}

static void burst_start(struct burst *burst, unsigned index)
{
	burst->index = index;
	burst->rng.state = rng_seed(stress.options.seed, index);
	burst->started = pthread_create(&burst->thread, NULL, burst_main, burst) == 0;
}

static void burst_join(struct burst *burst)
{
	if (burst->started)
		pthread_join(burst->thread, NULL);
}

/* Until there is something to be closed over: by then the bursts may be blocked. */
static void await_jobs(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	bothy_time limit = stress_now() + 100000000;

	while (bothy_pool_stats(stress.pool, &stats) == 0 && stats.queued < JOBS / 4 &&
	       stress_now() < limit)
		sched_yield();
}

static void close_pool(void)
{
	int error;

	while ((error = bothy_pool_close(stress.pool, BOTHY_NOW)) == -ETIMEDOUT)
		sched_yield();
	violation_call("bothy_pool_close", error);
}

static void check_closed(struct burst *burst)
{
	int error;

	error = submit_one(burst);
	if (error != -ESHUTDOWN)
		violation(VIOLATION_CALL, "bothy_submit to a closed pool: expected %d, seen %d",
		          -ESHUTDOWN, error);
}

/* Futures are good for that when the pool is gone. */
static void collect(struct burst *burst)
{
	for (unsigned i = 0; i < burst->count; i++) {
		violation_call("bothy_future_wait after the pool",
		               bothy_future_wait(burst->futures[i], BOTHY_NOW));
		task_collect(burst->tasks[i], burst->futures[i]);
	}
}

/* Forgotten jobs may still be on their way: nobody has waited for them. */
static void await_quiet(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	while (!violation_call("bothy_pool_stats", bothy_pool_stats(stress.pool, &stats)) &&
	       stats.queued + stats.running > 0)
		sched_yield();
}

void closing_run(struct bothy_pool_stats *ret_stats)
{
	static struct burst bursts[2], probe;

	await_quiet();
	burst_start(&bursts[0], 256);
	burst_start(&bursts[1], 257);
	await_jobs();
	close_pool();
	burst_join(&bursts[0]);
	burst_join(&bursts[1]);
	check_closed(&probe);
	*ret_stats = (struct bothy_pool_stats){.size = sizeof(*ret_stats)};
	violation_call("bothy_pool_stats", bothy_pool_stats(stress.pool, ret_stats));
	observer_leave_pool();
	bothy_pool_free(stress.pool);
	collect(&bursts[0]);
	collect(&bursts[1]);
}
