/*
 * What the scenarios share: one pool, what its jobs did, and a gate.
 */
#include "tests/sim/fixture.h"

#include <pthread.h>

#include "sync/testing.h"
#include "tests/sim/scenario.h"

bothy_pool *pool;
_Atomic int ran, freed, told;
struct parker gate;

void pool_with(struct bothy_pool_options options)
{
	options.size = sizeof(options);
	SIM_CHECK(bothy_pool_new(NULL, &options, &pool) == 0);
	atomic_store(&ran, 0);
	atomic_store(&freed, 0);
	atomic_store(&told, 0);
	parker_init(&gate);
}

void pool_of(unsigned workers)
{
	pool_with((struct bothy_pool_options){.workers = workers});
}

bothy_future *start(struct bothy_job job)
{
	bothy_future *future = NULL;

	if (job.entity == NULL && job.handle == NULL) {
		job.entity = "ann";
		job.project = "p";
	}
	SIM_CHECK(bothy_submit(pool, &job, &future) == 0);
	return future;
}

int outcome(bothy_future *future)
{
	int code;

	SIM_CHECK(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	code = bothy_future_result(future, NULL);
	bothy_future_release(future);
	return code;
}

/* Free the pool; by then the books must balance and every block be gone. */
void finish(void)
{
	struct bothy_pool_stats s = {.size = sizeof(s)};

	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(bothy_pool_stats(pool, &s) == 0);
	SIM_CHECK(s.submitted ==
	          s.done + s.failed + s.canceled + s.expired + s.timed_out + s.thread_exited);
	SIM_CHECK(s.running == 0 && s.queued == 0 && s.overdue == 0 && s.lost == 0);
	bothy_pool_free(pool);
	SIM_CHECK(testing_counts.blocks_made == testing_counts.blocks_freed);
}

void count(void *counter)
{
	(void)atom_add((_Atomic int *)counter, 1, relaxed);
}

int run_once(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	count(&ran);
	return 0;
}

int until_stopped(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_sleep_until(BOTHY_FOREVER);
}

int until_gate(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	(void)parker_park(&gate, BOTHY_FOREVER);
	return 0;
}

int until_woken(void *parker, void **ret_result)
{
	(void)ret_result;
	(void)parker_park(parker, BOTHY_FOREVER);
	return 0;
}

int give(void *arg, void **ret_result)
{
	*ret_result = arg;
	return 0;
}

int open_gate(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	parker_wake(&gate);
	return 0;
}

int end_thread(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	pthread_exit(NULL);
}

void submit_one(void *error)
{
	*(int *)error = bothy_submit(
		pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_once), NULL);
}

struct thread client(void (*fn)(void *), void *arg)
{
	struct thread_options options = {0, "client"};
	struct thread thread;

	SIM_CHECK(thread_start(fn, arg, &options, &thread) == 0);
	return thread;
}
