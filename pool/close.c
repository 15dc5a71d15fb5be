/*
 * The end of a pool.
 *
 * Locking: the pool's lock, as pool.h says.  The phases only go up:
 *
 *     OPEN -> CLOSING -> STOPPING (at the deadline) -> EXITING (no job is live)
 *
 * In EXITING no job can be accepted and none is there, so threads go as they find out; the
 * last touch of each is to leave its struct on `gone`, to be joined.
 */
#include <errno.h>

#include "pool/pool.h"
#include "pool/project.h"
#include "pool/settle.h"
#include "pool/starter.h"
#include "pool/worker.h"
#include "sync/testing.h"

static void phase_up_locked(bothy_pool *pool, enum pool_phase phase)
{
	if (pool->phase < phase)
		pool->phase = phase;
}

/* Let the submitters that wait for room see that the pool closes. */
static void wake_blocked_locked(bothy_pool *pool, struct kicks *kicks)
{
	line_wake_locked(&pool->line, kicks);
	for (bothy_project *p = project_first_locked(pool); p != NULL; p = project_next_locked(p))
		line_wake_locked(&p->line, kicks);
}

static void begin_locked(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;

	phase_up_locked(pool, POOL_CLOSING);
	if (pool->live > 0 && pool->staff_at != BOTHY_FOREVER)
		(void)worker_staff_locked(pool); /* what is queued must not wait for nobody */
	if (!PLANTED(BLOCKED_UNTOLD))
		wake_blocked_locked(pool, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
	lock_acquire(&pool->lock);
}

/* Claim all that is queued. */
static bothy_future *claim_queued_locked(bothy_pool *pool)
{
	bothy_future *chain = NULL;

	for (bothy_project *p = project_first_locked(pool); p != NULL; p = project_next_locked(p)) {
		bothy_future *job, *next;

		for (job = order_begin(&p->order); job != NULL; job = next) {
			next = order_next(&p->order, job);
			if (job_claim(job, &chain))
				project_unlink_locked(job);
		}
	}
	return chain;
}

/* Cancel what is queued and ask what runs to stop; the lock is released meanwhile, and stays so in a
 * child that a callback has forked (false). */
static bool stop_all_locked(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;
	bothy_future *chain;

	phase_up_locked(pool, POOL_STOPPING);
	worker_recall_all_locked(pool, &kicks);
	chain = PLANTED(CLOSE_LEAVES_QUEUE) ? NULL : claim_queued_locked(pool);
	if (!PLANTED(CLOSE_STOPS_NOTHING))
		worker_stop_jobs_locked(pool, NULL);
	lock_release(&pool->lock);
	kicks_give(&kicks);
	settle_chain(&chain, BOTHY_CANCELED, -ECANCELED);
	if (pool_check(pool) < 0)
		return false;
	lock_acquire(&pool->lock);
	return true;
}

static int await_jobs_locked(bothy_pool *pool, bothy_time deadline)
{
	int error = 0;

	while (error == 0 && pool->live > 0)
		error = pool_await_change_locked(pool, deadline);
	return pool->live > 0 ? error : 0;
}

/* Whether a job still runs; those that don't will have ended in a moment. */
static bool runs_locked(bothy_pool *pool)
{
	uint64_t queued = 0, running = pool->stats.running;

	worker_count_jobs_locked(pool, NULL, &queued, &running);
	return running > 0 || pool->stats.overdue > 0;
}

static bool has_threads_locked(const bothy_pool *pool)
{
	if (PLANTED(THREADS_UNAWAITED))
		return false;
	return pool->threads > 0 || pool->own_threads > 0 || pool->watchdog_started ||
	       pool->joining > 0;
}

static void join_watchdog_locked(bothy_pool *pool)
{
	if (!pool->watchdog_joinable)
		return;
	pool->watchdog_joinable = false;
	pool->joining++;
	lock_release(&pool->lock);
	thread_join(&pool->watchdog);
	lock_acquire(&pool->lock);
	pool->joining--;
}

static void join_starter_locked(bothy_pool *pool)
{
	struct starter *starter = pool->starter;

	if (starter == NULL)
		return;
	pool->starter = NULL;
	pool->joining++;
	lock_release(&pool->lock);
	starter_join(starter);
	lock_acquire(&pool->lock);
	pool->joining--;
}

/* No job is live: send the threads home, and wait until they are gone. */
static void end_threads_locked(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;

	pool_exit_locked(pool, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
	lock_acquire(&pool->lock);
	while (has_threads_locked(pool))
		(void)pool_await_change_locked(pool, BOTHY_FOREVER);
	worker_reap_locked(pool);
	join_watchdog_locked(pool);
	join_starter_locked(pool);
	while (pool->joining > 0)
		(void)pool_await_change_locked(pool, BOTHY_FOREVER);
	if (!PLANTED(JOINED_UNTOLD))
		pool_changed_locked(pool, &kicks);
	kicks_give(&kicks);
}

int pool_close(bothy_pool *pool, bothy_time deadline)
{
	int error;

	if (pool_current() == pool)
		return -EDEADLK;
	lock_acquire(&pool->lock);
	begin_locked(pool);
	error = await_jobs_locked(pool, deadline);
	if (error < 0) {
		if (!stop_all_locked(pool))
			return -ECHILD;
		error = await_jobs_locked(pool, runs_locked(pool) ? BOTHY_NOW : BOTHY_FOREVER);
	}
	if (error == 0)
		end_threads_locked(pool);
	lock_release(&pool->lock);
	return error;
}

void pool_free(bothy_pool *pool)
{
	if (pool_current() == pool) {
		pool_abandon(pool);
		return;
	}
	(void)pool_close(pool, BOTHY_FOREVER);
	lock_acquire(&pool->lock);
	pool_release_locked(pool);
}

void pool_abandon(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;
	struct worker *gone;

	lock_acquire(&pool->lock);
	begin_locked(pool);
	if (!stop_all_locked(pool))
		return;
	pool->abandoned = true;
	gone = pool->gone;
	pool->gone = NULL;
	if (pool->live == 0)
		pool_exit_locked(pool, &kicks);
	pool_release_locked(pool);
	kicks_give(&kicks);
	worker_detach_all(gone);
}
