/*
 * The core's own bookkeeping; pool.h has the locking and the invariants.
 */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool/project.h"
#include "pool/starter.h"
#include "pool/watchdog.h"
#include "pool/worker.h"
#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/testing.h"
#include "tls/context.h"
#include "tls/server.h"

/* ---- kicks ------------------------------------------------------------------------------ */

void kicks_add(struct kicks *kicks, struct parker *parker)
{
	if (!parker_post(parker))
		return;
	if (kicks->n == sizeof(kicks->parkers) / sizeof(kicks->parkers[0]))
		parker_kick(parker); /* rare: with the lock held, then */
	else
		kicks->parkers[kicks->n++] = parker;
}

void kicks_give(struct kicks *kicks)
{
	for (unsigned i = 0; i < kicks->n; i++)
		parker_kick(kicks->parkers[i]);
	kicks->n = 0;
}

/* ---- waiting for the pool itself ----------------------------------------------------------- */

void pool_changed_locked(bothy_pool *pool, struct kicks *kicks)
{
	for (struct observer *o = pool->observers; o != NULL; o = o->next)
		kicks_add(kicks, &o->parker);
}

int pool_await_change_locked(bothy_pool *pool, bothy_time deadline)
{
	struct observer self = {pool->observers, PARKER_INITIALIZER};
	struct observer **at;
	int error;

	pool->observers = &self;
	lock_release(&pool->lock);
	error = parker_park(&self.parker, deadline);
	lock_acquire(&pool->lock);
	for (at = &pool->observers; *at != &self; at = &(*at)->next)
		continue;
	*at = self.next;
	return error;
}

/* ---- the pool's threads ---------------------------------------------------------------------- */

static _Thread_local bothy_pool *current;

bothy_pool *pool_current(void)
{
	return current;
}

void pool_adopt_thread(bothy_pool *pool)
{
	current = pool;
	(void)context_suspend();
}

int pool_start_thread_locked(bothy_pool *pool, void (*fn)(void *), void *arg,
                             const struct thread_options *options, struct thread *ret_thread)
{
	if (pool->starter == NULL || PLANTED(STARTED_BY_JOBS))
		return thread_start(fn, arg, options, ret_thread);
	return starter_start(pool->starter, fn, arg, options, ret_thread);
}

/* ---- holds, counters, wakes ------------------------------------------------------------------ */

static void pool_destroy(bothy_pool *pool)
{
	if (!PLANTED(STARTER_KEPT))
		starter_detach(pool->starter); /* of one that was abandoned */
	process_watch_fini(&pool->process);
	job_depot_fini(&pool->depot);
	lock_fini(&pool->times_lock);
	lock_fini(&pool->lock);
	heap_fini(&pool->fair.heap);
	heap_fini(&pool->due);
	heap_fini(&pool->debtors);
	times_fini(&pool->times);
	server_release(pool->server);
	free(pool);
}

void pool_release_locked(bothy_pool *pool)
{
	bool last = --pool->holds == 0;

	lock_release(&pool->lock);
	if (last)
		pool_destroy(pool);
}

unsigned pool_places_locked(const bothy_pool *pool)
{
	const struct bothy_pool_options *options = &pool->options;
	unsigned lost = pool->lost + pool->own_lost;
	unsigned max = options->lost_max + PLANTED(LOST_MAX_OFF_BY_ONE);
	unsigned given_up = lost > max ? lost - max : 0;

	if (PLANTED(LOST_MAX_IGNORED))
		given_up = 0;
	return options->workers > given_up ? options->workers - given_up : 0;
}

/* Whether a worker that is not idle will be there before one that has to be woken, and can take
 * all that is queued. */
static bool is_expected_locked(const bothy_pool *pool)
{
	return pool->brisk > 0 && pool->stats.queued < HAND_MAX;
}

/* Whether an idle worker is there, with a job and a place for it, and none is on its way. */
static bool can_send_locked(const bothy_pool *pool)
{
	return pool->idle != NULL && fair_first(&pool->fair) != NULL && pool->searching == 0 &&
	       pool->busy < pool_places_locked(pool) && !PLANTED(WORKER_WAKE_DROPPED);
}

void pool_wake_worker_locked(bothy_pool *pool, struct kicks *kicks)
{
	if (!can_send_locked(pool) ||
	    (is_expected_locked(pool) && watchdog_tick_locked(pool, kicks)))
		return;
	pool_wake_worker_now_locked(pool, kicks);
}

void pool_wake_worker_now_locked(bothy_pool *pool, struct kicks *kicks)
{
	struct worker *worker = pool->idle;

	if (!can_send_locked(pool))
		return;
	pool->idle = worker->also;
	pool->searching++;
	kicks_add(kicks, &worker->parker);
}

size_t pool_has_room_for_locked(const bothy_pool *pool)
{
	uint64_t taken = pool->stats.queued + pool->reserved;
	size_t max = pool->options.queue_max + PLANTED(ROOM_OFF_BY_ONE);

	return taken < max ? max - (size_t)taken : 0;
}

void pool_room_all_locked(bothy_pool *pool, struct kicks *kicks)
{
	while (!line_is_empty(&pool->line) && pool_has_room_for_locked(pool) > 0) {
		pool->reserved++;
		line_grant_locked(&pool->line, kicks);
	}
}

void pool_room_locked(bothy_pool *pool, struct kicks *kicks)
{
	enum { SHARE = 4 }; /* of the queue, which is to be free before anybody is woken */

	if (line_is_empty(&pool->line))
		return;
	if (fair_first(&pool->fair) != NULL &&
	    pool_has_room_for_locked(pool) < pool->options.queue_max / SHARE &&
	    watchdog_tick_locked(pool, kicks))
		return;
	pool_room_all_locked(pool, kicks);
}

void pool_jobs_ended_locked(bothy_pool *pool, bothy_project *project, unsigned n,
                            struct kicks *kicks)
{
	project->holds -= n - 1;
	if (project_put_locked(project))
		pool->holds--; /* not the last, says the caller */
	pool->live -= n;
	if (pool->live > 0)
		return;
	if (pool->abandoned)
		pool_exit_locked(pool, kicks);
	else if (pool->phase != POOL_OPEN)
		pool_changed_locked(pool, kicks);
}

void pool_exit_locked(bothy_pool *pool, struct kicks *kicks)
{
	pool->phase = POOL_EXITING;
	project_forget_all_locked(pool);
	while (pool->idle != NULL) {
		struct worker *worker = pool->idle;

		pool->idle = worker->also;
		pool->searching++;
		kicks_add(kicks, &worker->parker);
	}
	if (pool->watchdog_started)
		kicks_add(kicks, &pool->watchdog_parker);
	pool_changed_locked(pool, kicks);
}

static unsigned narrowed_locked(const bothy_pool *pool)
{
	unsigned serving = pool->threads - pool->waiting - pool->lost - pool->leaving;
	unsigned places = pool_places_locked(pool);

	return pool->options.workers - (serving < places ? serving : places);
}

void pool_stats(bothy_pool *pool, struct bothy_pool_stats *ret_stats)
{
	uint64_t queued = 0, running = 0;

	lock_acquire(&pool->lock);
	worker_count_jobs_locked(pool, NULL, &queued, &running);
	*ret_stats = pool->stats;
	ret_stats->queued += queued;
	ret_stats->running += running;
	ret_stats->threads = pool->threads + pool->own_threads;
	ret_stats->waiting = pool->lent;
	ret_stats->lost = pool->lost + pool->own_lost;
	ret_stats->narrowed = pool->phase < POOL_EXITING ? narrowed_locked(pool) : 0;
	lock_release(&pool->lock);
}

int pool_times(bothy_pool *pool, const struct times *times, bothy_histogram **ret_wait,
               bothy_histogram **ret_run)
{
	lock_acquire(&pool->lock);
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next)
		hand_record_times(&worker->hand);
	lock_release(&pool->lock);
	return times_read(times, &pool->times_lock, ret_wait, ret_run);
}

/* ---- a new pool ---------------------------------------------------------------------------------- */

static void pool_init(bothy_pool *pool, bothy_server *server,
                      const struct bothy_pool_options *options)
{
	pool->options = *options;
	strncpy(pool->name, options->name, sizeof(pool->name) - 1);
	pool->options.name = pool->name;
	pool->server = server_hold(server);
	pool->generation = fork_generation();
	lock_init(&pool->lock);
	job_depot_init(&pool->depot);
	process_watch_init(&pool->process);
	lock_init(&pool->times_lock);
	line_init(&pool->line);
	pool->holds = 1;
	parker_init(&pool->watchdog_parker);
	pool->watchdog_at = BOTHY_FOREVER;
	pool->queued_soonest = BOTHY_FOREVER;
	pool->staff_at = BOTHY_FOREVER;
}

/* Start all workers and wait until each has said whether it can serve. */
static int pool_staff_first(bothy_pool *pool)
{
	int error = 0;

	lock_acquire(&pool->lock);
	while (error == 0 && pool->threads < pool->options.workers)
		error = worker_start_locked(pool, NULL);
	while (pool->starting > 0)
		(void)pool_await_change_locked(pool, BOTHY_FOREVER);
	if (error == 0)
		error = pool->start_error;
	lock_release(&pool->lock);
	return error;
}

/* What a strict pool needs before its first worker. */
static int pool_be_strict(bothy_pool *pool)
{
	struct thread_options options = {0, pool->name};

	return pool_is_strict(pool) ? starter_new(&options, &pool->starter) : 0;
}

int pool_new(bothy_server *server, const struct bothy_pool_options *options, bothy_pool **ret_pool)
{
	bothy_pool *pool;
	int error = context_ready();

	if (error < 0)
		return error;
	pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return -ENOMEM;
	pool_init(pool, server, options);
	error = pool_be_strict(pool);
	if (error == 0)
		error = pool_staff_first(pool);
	if (error < 0) {
		pool_free(pool);
		return error;
	}
	/* As jobs find it: what worker_init has made of the process is none's. */
	if (pool_is_strict(pool))
		(void)process_watch_look(&pool->process, 0);
	*ret_pool = pool;
	return 0;
}
