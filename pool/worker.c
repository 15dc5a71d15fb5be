/*
 * The life of a pool's thread.
 *
 * Locking: the pool's lock, as worker.h says.  A worker parks only after it has found, with
 * the lock held, that there is nothing for it, and put itself on pool->idle; whoever makes
 * work takes it off there with the lock held, so no wake is lost.  A worker that was taken
 * off counts as `searching` until it has the lock again, and no second one is woken for the
 * same job; if it leaves more jobs behind, it wakes the next.
 *
 * A thread that has ended is joined by the next one to end, or by whoever closes the pool,
 * so at most one lies unjoined for long; in an abandoned pool each detaches itself.
 */
#include "pool/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/dirt.h"
#include "pool/group.h"
#include "pool/hygiene.h"
#include "pool/project.h"
#include "pool/run.h"
#include "pool/settle.h"
#include "pool/take.h"
#include "pool/watchdog.h"
#include "sync/atomic.h"
#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/testing.h"

enum { STAFF_RETRY_NS = 100 * 1000 * 1000 };

static _Thread_local struct worker *current;

struct worker *worker_current(void)
{
	return current;
}

struct job_spares *worker_spares(void)
{
	return current != NULL ? &current->spares : NULL;
}

/* ---- coming ----------------------------------------------------------------------------- */

static struct worker *worker_new(bothy_pool *pool)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	worker->pool = pool;
	parker_init(&worker->parker);
	hand_init(&worker->hand);
	context_init(&worker->context);
	return worker;
}

static void worker_free(struct worker *worker)
{
	context_fini(&worker->context);
	hand_fini(&worker->hand);
	free(worker);
}

static void link_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;

	worker->next = pool->workers;
	if (worker->next != NULL)
		worker->next->prev = worker;
	pool->workers = worker;
	pool->holds++;
	if (worker->own) {
		pool->own_threads++;
	} else {
		pool->threads++;
		pool->starting++;
	}
}

/* The thread has started, or failed to: pool_new() may be waiting for it. */
static void started_locked(struct worker *worker, struct kicks *kicks)
{
	bothy_pool *pool = worker->pool;

	if (!worker->own)
		pool->starting--;
	if (worker->start_error < 0)
		pool->start_error = worker->start_error;
	pool_changed_locked(pool, kicks);
}

/* Call worker_init: whether the thread can serve. */
static bool worker_prepare(struct worker *worker)
{
	bothy_pool *pool = worker->pool;
	const struct bothy_pool_options *options = &pool->options;
	struct kicks kicks = KICKS_INITIALIZER;
	int error = 0;

	worker->start_error = -EOWNERDEAD; /* should it end the thread */
	(void)hygiene_reset();
	if (options->worker_init != NULL)
		error = options->worker_init(options->user, &worker->local);
	if (worker_in_forked_child(worker))
		return false;
	(void)context_unwind(NULL); /* what it has entered and forgotten */
	(void)hygiene_reset();
	dirt_begin(worker);
	worker->start_error = error;
	worker->ready = worker->start_error >= 0;
	if (!worker->ready)
		return false;

	worker->start_error = 0;
	lock_acquire(&pool->lock);
	started_locked(worker, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
	return true;
}

/* ---- serving ------------------------------------------------------------------------------ */

void worker_not_brisk_locked(struct worker *worker)
{
	if (worker->brisk)
		worker->pool->brisk--;
	worker->brisk = false;
}

/* Give back the place, and what was kept for the jobs that are over. */
static void settle_accounts_locked(struct worker *worker, struct kicks *kicks)
{
	bothy_pool *pool = worker->pool;

	hand_clear_locked(&worker->hand, kicks);
	worker_not_brisk_locked(worker);
	if (worker->placed) {
		worker->placed = false;
		pool->busy--;
	}
	if (worker->stuck != NULL) {
		project_found_locked(worker->stuck);
		if (project_put_locked(worker->stuck))
			pool->holds--; /* this thread has one */
		worker->stuck = NULL;
	}
}

/* Whether WORKER was lost; it is not any more. */
static bool found_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;

	if (!worker->lost)
		return false;
	worker->lost = false;
	if (PLANTED(FOUND_STAYS_LOST))
		return true;
	if (worker->own)
		pool->own_lost--;
	else
		pool->lost--;
	return true;
}

/* Whether WORKER was lost and is to go, since another has its place. */
static bool retires_locked(struct worker *worker)
{
	const bothy_pool *pool = worker->pool;

	return found_locked(worker) && !PLANTED(LOST_SERVES_ON) &&
	       pool->threads - pool->waiting - pool->lost - pool->leaving >
	               pool->options.workers;
}

/* Before it sleeps, one idle worker at a time looks for its token: the cores are for others. */
static void await_token(struct worker *worker, bool looks)
{
	if (looks) {
		(void)parker_look(&worker->parker);
		/* Relaxed, as where it is read: that it is not two is all that it is for. */
		atom_store(&worker->pool->looking, false, relaxed);
	}
	(void)parker_park(&worker->parker, BOTHY_FOREVER);
}

static void park_idle_locked(struct worker *worker, struct take *take)
{
	bothy_pool *pool = worker->pool;
	bool looks = !atom_swap(&pool->looking, true, relaxed);
	struct worker **at = &pool->idle;

	if (!looks && *at != NULL)
		at = &(*at)->also; /* behind the one that is awake */
	worker->also = *at;
	*at = worker;
	lock_release(&pool->lock);
	kicks_give(&take->kicks);
	await_token(worker, looks);
	take->now = clock_now();
	lock_acquire(&pool->lock);
	pool->searching--;
}

/* Release the lock; what was left in the queues is for others, also while the settling takes
 * its time.  False: a callback has forked, and this is the child. */
static bool unlock_and_settle(bothy_pool *pool, struct take *take)
{
	pool_wake_worker_locked(pool, &take->kicks);
	lock_release(&pool->lock);
	kicks_give(&take->kicks);
	if (take->expired == NULL)
		return true;
	settle_chain(&take->expired, BOTHY_EXPIRED, -ETIMEDOUT);
	return pool_check(pool) == 0;
}

/* Whether a job has made of WORKER's thread what nobody can undo. */
static bool is_unfit(const struct worker *worker)
{
	return worker->stains != 0 && !PLANTED(UNFIT_SERVES);
}

/* Start the next job that the worker has in its hand, if there is one. */
static bool next_in_hand(struct worker *worker)
{
	bothy_future *expired = NULL;
	bothy_future *job = NULL;

	for (;;) {
		if (!is_unfit(worker)) /* a callback may have done it, just now */
			job = hand_start(&worker->hand, worker->now, &expired);
		if (expired == NULL)
			return job != NULL;
		settle_chain(&expired, BOTHY_EXPIRED, -ETIMEDOUT);
		if (worker_in_forked_child(worker))
			return false;
	}
}

/* What was put off when a job was settled. */
static void leave_groups(struct worker *worker)
{
	bothy_future *job, *next;

	group_leave_all(worker->settled);
	for (job = worker->settled; job != NULL; job = next) {
		next = job->kept;
		job_release_to(job, &worker->spares);
	}
	worker->settled = NULL;
}

/* Wait for jobs and take some; false: the thread is to go. */
static bool fill_hand(struct worker *worker)
{
	bothy_pool *pool = worker->pool;
	struct take take = TAKE_INITIALIZER;
	bool goes;

	if (worker_in_forked_child(worker))
		return false;
	leave_groups(worker);
	job_depot_give(&worker->pool->depot, &worker->spares);
	hand_record_times(&worker->hand);
	take.now = clock_stamp();
	lock_acquire_soon(&pool->lock);
	settle_accounts_locked(worker, &take.kicks);
	goes = retires_locked(worker) || is_unfit(worker);
	while (!goes && !take_locked(worker, &take)) {
		if (take.expired != NULL || take.more) {
			if (!unlock_and_settle(pool, &take))
				return false;
			take.now = clock_now();
			lock_acquire(&pool->lock);
			goes = is_unfit(worker);
		} else if (pool->phase == POOL_EXITING) {
			goes = true;
		} else {
			park_idle_locked(worker, &take);
		}
	}
	worker->now = take.now;
	return unlock_and_settle(pool, &take) && !goes;
}

/* Wait for a job and start it; false: the thread is to go.  What is in the hand of one that has
 * become unfit is for others. */
static bool next_job(struct worker *worker)
{
	while (!next_in_hand(worker))
		if (is_unfit(worker) || !fill_hand(worker))
			return false;
	return true;
}

static void serve(struct worker *worker)
{
	if (worker->own) {
		if (next_in_hand(worker))
			run_taken(worker->run, worker);
		return;
	}
	while (!worker_in_forked_child(worker) && next_job(worker))
		run_taken(worker->run, worker);
}

/* Threads are missing, and none would start: the watchdog, if it starts at least, tries again
 * in a while; a submit or a close does before. */
static void staff_later_locked(bothy_pool *pool, struct kicks *kicks)
{
	if (pool->phase >= POOL_STOPPING)
		return;
	pool->staff_at = clock_add(clock_now(), STAFF_RETRY_NS);
	if (watchdog_start_locked(pool) == 0)
		watchdog_want_locked(pool, pool->staff_at, kicks);
}

/* ---- going ---------------------------------------------------------------------------------- */

static void join_all(struct worker *gone)
{
	while (gone != NULL) {
		struct worker *next = gone->also;

		thread_join(&gone->thread);
		worker_free(gone);
		gone = next;
	}
}

void worker_detach_all(struct worker *gone)
{
	while (gone != NULL) {
		struct worker *next = gone->also;

		thread_detach(&gone->thread);
		worker_free(gone);
		gone = next;
	}
}

void worker_reap_locked(bothy_pool *pool)
{
	struct worker *gone = pool->gone;
	struct kicks kicks = KICKS_INITIALIZER;

	if (gone == NULL)
		return;
	pool->gone = NULL;
	pool->joining++;
	lock_release(&pool->lock);
	join_all(gone);
	lock_acquire(&pool->lock);
	pool->joining--;
	if (!PLANTED(JOINED_UNTOLD))
		pool_changed_locked(pool, &kicks);
	kicks_give(&kicks);
}

static void unlink_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;

	if (worker->next != NULL)
		worker->next->prev = worker->prev;
	if (worker->prev != NULL)
		worker->prev->next = worker->next;
	else
		pool->workers = worker->next;
	if (worker->own)
		pool->own_threads--;
	else
		pool->threads--;
}

/* Leave WORKER for others to join, and return those that were left before; in an abandoned
 * pool nobody will join it. */
static struct worker *leave_behind_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;
	struct worker *gone = pool->gone;

	worker->also = NULL;
	pool->gone = pool->abandoned ? NULL : worker;
	if (pool->abandoned)
		thread_detach(&worker->thread);
	return gone;
}

/* Start a thread for WORKER's place.  If none will, and neither will the watchdog, who would try again,
 * jobs would wait for nobody: then WORKER stays, and tries again itself. */
static void replace_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;

	(void)worker_staff_locked(pool);
	while (pool->staff_at != BOTHY_FOREVER && !pool->watchdog_started &&
	       pool->phase < POOL_STOPPING) {
		bothy_time then = pool->staff_at;

		lock_release(&pool->lock);
		(void)parker_park(&worker->parker, then); /* nobody posts to it any more */
		lock_acquire(&pool->lock);
		(void)worker_staff_locked(pool);
	}
}

/* Undo all that the pool knows of the thread: its last act, in whichever way it ends. */
static void worker_leave(struct worker *worker)
{
	bothy_pool *pool = worker->pool;
	struct kicks kicks = KICKS_INITIALIZER;
	bool failed = worker->start_error < 0;
	struct worker *gone;
	bool detached;

	if (!PLANTED(SETTLED_NOT_LEFT))
		leave_groups(worker);
	job_depot_give(&worker->pool->depot, &worker->spares);
	current = NULL; /* for the destructors of the thread's keys */
	lock_acquire(&pool->lock);
	worker_recall_locked(worker, &kicks);
	settle_accounts_locked(worker, &kicks);
	(void)found_locked(worker);
	if (failed)
		started_locked(worker, &kicks);
	if (!worker->own)
		pool->leaving++;
	if (!failed && !PLANTED(EXIT_NOT_REPLACED))
		replace_locked(worker);
	if (!worker->own)
		pool->leaving--;
	unlink_locked(worker);
	if (failed)
		staff_later_locked(pool, &kicks);
	pool_wake_worker_locked(pool, &kicks);
	gone = leave_behind_locked(worker);
	detached = pool->abandoned;
	pool_changed_locked(pool, &kicks);
	pool_release_locked(pool);
	/* From here on WORKER may be freed by whoever joins this thread. */
	kicks_give(&kicks);
	join_all(gone);
	if (detached)
		worker_free(worker);
}

static void worker_finish(struct worker *worker)
{
	const struct bothy_pool_options *options = &worker->pool->options;

	if (worker->own && next_in_hand(worker))
		run_taken(worker->run, worker); /* worker_init failed: the job settles as failed */
	if (!worker->ready)
		return;
	worker->ready = false;
	worker->start_error = 0; /* of starting a job's own thread: that job is for others now */
	if (options->worker_fini != NULL && !PLANTED(WORKER_FINI_SKIPPED))
		options->worker_fini(options->user, worker->local);
}

/* A job, or a hook, has called pthread_exit(): this runs while the thread unwinds. */
static void worker_died(void *arg)
{
	struct worker *worker = arg;

	run_cut_short(worker->run);
	if (worker_in_forked_child(worker))
		return;
	worker_finish(worker);
	worker_leave(worker);
}

static void worker_main(void *arg)
{
	struct worker *worker = arg;
	struct run run = {.stage = RUN_NONE};

	current = worker;
	worker->run = &run;
	worker->now = clock_now();
	pool_adopt_thread(worker->pool);
	cleanup_push(worker_died, worker);
	if (worker_prepare(worker))
		serve(worker);
	if (!worker_in_forked_child(worker))
		worker_finish(worker);
	cleanup_pop(0);
	if (!worker_in_forked_child(worker))
		worker_leave(worker);
}

/* ---- what the others see of them ------------------------------------------------------------ */

void worker_recall_hand_locked(struct worker *worker, struct kicks *kicks)
{
	hand_recall_locked(&worker->hand);
	if (!PLANTED(ENDED_KEPT))
		hand_fold_locked(&worker->hand, kicks);
	worker_not_brisk_locked(worker);
}

void worker_recall_locked(struct worker *worker, struct kicks *kicks)
{
	lock_acquire(&worker->hand.lock);
	worker_recall_hand_locked(worker, kicks);
	lock_release(&worker->hand.lock);
}

void worker_recall_all_locked(bothy_pool *pool, struct kicks *kicks)
{
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next)
		worker_recall_locked(worker, kicks);
}

/* Whether WORKER was started for a job, which is not of PROJECT's. */
static bool is_anothers_own(const struct worker *worker, const bothy_project *project)
{
	return worker->own && worker->hand.slots[0].charge.project != project &&
	       !PLANTED(OWN_RECALLED);
}

void worker_recall_shared_locked(bothy_pool *pool, const bothy_project *project, struct kicks *kicks)
{
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next)
		if (!is_anothers_own(worker, project))
			worker_recall_locked(worker, kicks);
}

void worker_stop_jobs_locked(bothy_pool *pool, const bothy_project *project)
{
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next) {
		lock_acquire(&worker->hand.lock);
		for (bothy_future *job = worker->hand.top; job != NULL; job = job->below)
			if (project == NULL || job->project == project)
				stop_request(&job->stop, -ECANCELED);
		lock_release(&worker->hand.lock);
	}
}

void worker_count_jobs_locked(bothy_pool *pool, const bothy_project *project, uint64_t *queued,
                              uint64_t *running)
{
	struct kicks kicks = KICKS_INITIALIZER;

	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next)
		hand_read_locked(&worker->hand, project, queued, running, &kicks);
	/* A project whose jobs have ended may start others. */
	pool_wake_worker_locked(pool, &kicks);
	kicks_give(&kicks);
}

/* ---- staffing ---------------------------------------------------------------------------------- */

int worker_start_locked(bothy_pool *pool, struct hand *from)
{
	struct thread_options options = {pool->options.stack_bytes, pool->name};
	struct worker *worker = worker_new(pool);
	int error;

	if (worker == NULL)
		return -ENOMEM;
	worker->own = from != NULL;
	worker->placed = from != NULL;
	link_locked(worker);
	if (from != NULL)
		hand_move_locked(from, &worker->hand);
	error = pool_start_thread_locked(pool, worker_main, worker, &options, &worker->thread);
	if (error == 0)
		return 0;
	if (from != NULL)
		hand_move_locked(&worker->hand, from);
	if (!worker->own)
		pool->starting--;
	unlink_locked(worker);
	pool->holds--;
	worker_free(worker);
	return error;
}

/* Whether there are fewer threads for the places than there should be. */
static bool short_locked(const bothy_pool *pool)
{
	const struct bothy_pool_options *options = &pool->options;
	unsigned there = pool->threads - pool->lost - pool->leaving;

	return pool->phase < POOL_STOPPING && there - pool->waiting < pool_places_locked(pool) &&
	       there < options->workers + options->spare_max;
}

int worker_staff_locked(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;
	int error = 0;

	pool->staff_at = BOTHY_FOREVER;
	while (error == 0 && short_locked(pool))
		error = worker_start_locked(pool, NULL);
	if (error < 0) {
		pool->start_error = error;
		staff_later_locked(pool, &kicks);
		kicks_give(&kicks);
	}
	return error;
}
