#include "stress/closing.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "stress/observer.h"
#include "stress/stress.h"
#include "stress/task.h"
#include "stress/violation.h"

#define JOBS 400u

/* The jobs that one thread submits while the pool is closed. */
struct burst {
	unsigned index;
	bool until_refused; /* go on until the pool is closing */
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
		if (error != 0 && !burst->until_refused)
			break;
		if (burst->until_refused)
			sched_yield();
	}
	return NULL;
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

	burst->count = 0; /* its jobs are collected */
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

void closing_run(struct bothy_pool_stats *ret_stats)
{
	static struct burst mine = {.index = 256}, others = {.index = 257, .until_refused = true};
	static struct burst probe = {.index = 258};
	pthread_t thread;
	bool started;

	mine.rng.state = rng_seed(stress.options.seed, 256);
	others.rng.state = rng_seed(stress.options.seed, 257);
	probe.rng.state = rng_seed(stress.options.seed, 258);
	started = pthread_create(&thread, NULL, burst_main, &others) == 0;
	burst_main(&mine);
	close_pool();
	if (started)
		pthread_join(thread, NULL);
	check_closed(&probe);
	*ret_stats = (struct bothy_pool_stats){.size = sizeof(*ret_stats)};
	violation_call("bothy_pool_stats", bothy_pool_stats(stress.pool, ret_stats));
	observer_leave_pool();
	bothy_pool_free(stress.pool);
	collect(&mine);
	collect(&others);
}
