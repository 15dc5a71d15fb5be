/*
 * The watchdog: one thread, started with the pool's first deadline.
 *
 * It looks at five things: the jobs that run (every worker's stack), which it settles at
 * their deadline, and whose worker it gives up for lost when their grace is over; queued
 * jobs, which it sweeps at most every 10 ms; threads that would not start, which it
 * tries again; projects that wait for a token (limit.c); and, after a tick, what was put off
 * because a worker was expected to come by then: jobs in its hand, idle workers not woken, room
 * not passed on.  Between, it sleeps until the earliest of their times.  While it settles jobs,
 * whose callbacks may take long, nothing is put off.
 *
 * Locking: the pool's lock, which it releases to sleep and to settle.  A running job's block
 * is there as long as the lock is held and it is on its worker's stack; what is claimed is
 * settled after the lock is released, running jobs with a hold of the watchdog's own.
 *
 * Invariant: whenever the lock is free and the watchdog is asleep, `watchdog_at` is no later
 * than anything it has to do; whoever adds something earlier moves it and wakes the thread.
 */
#include "pool/watchdog.h"

#include <errno.h>
#include <pthread.h>

#include "pool/future.h"
#include "pool/group.h"
#include "pool/project.h"
#include "pool/settle.h"
#include "pool/tally.h"
#include "pool/worker.h"
#include "sync/clock.h"
#include "sync/testing.h"

enum {
	SWEEP_EVERY_NS = 10 * 1000 * 1000,
	SWEEP_AT_ONCE = 1024, /* jobs looked at under one hold of the lock */
	SWEEP_SHARE = 10      /* a sweep that took T is not repeated for this many T */
};

/* Until what was put off is looked at. */
#define TICK_NS (1000 * 1000 * CLOCK_SLOWNESS)

/* What one look found. */
struct look {
	bothy_time now, next;
	bothy_future *timed_out; /* claimed and held */
	bothy_future *expired;   /* claimed */
	struct kicks kicks;
};

static void look_again_at(struct look *look, bothy_time t)
{
	if (t < look->next)
		look->next = t;
}

/* ---- running jobs --------------------------------------------------------------------------- */

/* JOB, of WORKER's stack, is settled before it ends. */
static void overdue_locked(struct worker *worker, bothy_future *job)
{
	if (job->below != NULL) {
		tally_overdue_locked(job->project);
		return;
	}
	hand_running(&worker->hand)->state = SLOT_OVERDUE;
	tally_hand_overdue_locked(job->project);
}

static void time_out_locked(struct worker *worker, bothy_future *job, struct look *look)
{
	if (job_move(job, BOTHY_RUNNING, JOB_CLAIMED, 0)) {
		overdue_locked(worker, job);
		job_hold(job);
		job_chain(job, &look->timed_out);
	}
	if (!PLANTED(STOP_NOT_SENT))
		stop_request(&job->stop, -ETIMEDOUT);
}

static void lose_locked(struct worker *worker, bothy_future *job, struct look *look)
{
	bothy_pool *pool = worker->pool;

	worker_recall_hand_locked(worker, &look->kicks);
	worker->placed = false;
	pool->busy--;
	worker->stuck = job->project;
	worker->stuck->holds++;
	charge_correct_locked(&hand_running(&worker->hand)->charge, look->now);
	project_lost_locked(job->project);
	worker->lost = true;
	if (worker->own) {
		pool->own_lost++;
	} else {
		pool->lost++;
		pool->staff_at = look->now;
	}
}

/* Look at one job of WORKER's stack: whether the worker is lost in it.  With its hand's lock. */
static bool check_job_locked(struct worker *worker, bothy_future *job, struct look *look)
{
	bothy_pool *pool = worker->pool;
	bothy_time given_up;

	if (job->deadline == BOTHY_FOREVER || PLANTED(DEADLINE_UNSEEN))
		return false;
	if (look->now < job->deadline) {
		look_again_at(look, job->deadline);
		return false;
	}
	time_out_locked(worker, job, look);
	if (!worker->placed)
		return false;
	given_up = clock_add(job->deadline, PLANTED(NO_GRACE) ? 0 : pool->options.stop_grace_ns);
	if (look->now < given_up)
		look_again_at(look, given_up);
	return look->now >= given_up;
}

/* A worker that makes no progress is not to be relied on, and what is in its hand is for others;
 * it may have to be swept, too. */
static void check_hand_locked(struct worker *worker, struct look *look)
{
	struct hand *hand = &worker->hand;
	bothy_time soonest = hand_soonest_locked(hand);

	/* Nobody will want this look again when the job starts. */
	if (soonest > look->now)
		look_again_at(look, soonest);
	if (PLANTED(TICK_BLIND) || (!worker->brisk && soonest > look->now))
		return;
	if (soonest <= look->now || look->now - hand->filled_at >= TICK_NS)
		worker_recall_hand_locked(worker, &look->kicks);
	else
		look_again_at(look, hand->filled_at + TICK_NS);
}

static void check_workers_locked(bothy_pool *pool, struct look *look)
{
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next) {
		bool lost = false;

		lock_acquire(&worker->hand.lock);
		for (bothy_future *job = worker->hand.top; job != NULL; job = job->below)
			lost = check_job_locked(worker, job, look) || lost;
		if (lost)
			lose_locked(worker, worker->hand.top, look);
		check_hand_locked(worker, look);
		lock_release(&worker->hand.lock);
	}
}

/* ---- what was found -------------------------------------------------------------------------- */

static void settle_timed_out(bothy_future **chain)
{
	while (*chain != NULL) {
		bothy_future *job = job_unchain(chain);

		if (job_check(job) == 0)
			settle_publish(job, BOTHY_TIMED_OUT, -ETIMEDOUT, 0);
		if (job_check(job) == 0 && !PLANTED(LATE_LEAVES_GROUP))
			group_leave(job);
		future_release(job);
	}
}

/* Callbacks are about to run here, and may take their time: nothing is put off until they are over,
 * and what is already is done now. */
static void turn_away_locked(bothy_pool *pool, struct look *look)
{
	if (look->timed_out == NULL && look->expired == NULL)
		return;
	pool->looks_away = !PLANTED(TICK_BLIND);
	worker_recall_shared_locked(pool, NULL, &look->kicks);
	pool_wake_worker_locked(pool, &look->kicks);
	pool_room_all_locked(pool, &look->kicks);
}

/* Release the lock to settle what was found, and take it again.  In a child that a callback has forked
 * there is nothing to look after, and this is its only thread. */
static void settle_found_locked(bothy_pool *pool, struct look *look)
{
	turn_away_locked(pool, look);
	lock_release(&pool->lock);
	kicks_give(&look->kicks);
	settle_timed_out(&look->timed_out);
	settle_chain(&look->expired, BOTHY_EXPIRED, -ETIMEDOUT);
	if (pool_check(pool) < 0)
		pthread_exit(NULL);
	lock_acquire(&pool->lock);
	pool->looks_away = false;
}

/* ---- queued jobs ------------------------------------------------------------------------------ */

/* Go on with the sweep of PROJECT; false: it is through. */
static bool sweep_some_locked(bothy_project *project, struct project_walk *walk, struct look *look)
{
	for (int i = 0; i < SWEEP_AT_ONCE; i++) {
		bothy_future *job = project_walk_next_locked(project, walk);

		if (job == NULL)
			return false;
		if (job->deadline > look->now) {
			if (job->deadline < project->soonest)
				project->soonest = job->deadline;
		} else if (job_claim(job, &look->expired)) {
			project_unlink_locked(job);
		}
	}
	return true;
}

/* Sweep PROJECT, letting others have the lock now and then.  Jobs may start meanwhile, whose
 * deadlines nobody else will remember: so the workers are looked at again. */
static void sweep_project_locked(bothy_project *project, struct look *look)
{
	bothy_pool *pool = project->pool;
	struct project_walk walk;

	project->soonest = BOTHY_FOREVER;
	project_walk_locked(project, &walk);
	while (sweep_some_locked(project, &walk, look)) {
		settle_found_locked(pool, look);
		look->now = clock_now();
		check_workers_locked(pool, look);
	}
	project_walked_locked(project, &walk);
}

/* The first project from PROJECT on that somebody holds, which it holds too; NULL: none.  The
 * others have no jobs, and may be forgotten whenever another is put. */
static bothy_project *hold_locked(bothy_project *project)
{
	while (project != NULL && project->holds == 0)
		project = project_next_locked(project);
	if (project != NULL)
		project->holds++;
	return project;
}

/* Sweep the queues that hold a job whose deadline is past. */
static void sweep_locked(bothy_pool *pool, struct look *look)
{
	bothy_project *project = hold_locked(project_first_locked(pool));
	bothy_time soonest = BOTHY_FOREVER;

	pool->queued_soonest = BOTHY_FOREVER;
	while (project != NULL) {
		bothy_project *next;

		/* Held, it stays in its place while the lock is released. */
		if (project->soonest <= look->now)
			sweep_project_locked(project, look);
		if (project->soonest < soonest)
			soonest = project->soonest;
		next = hold_locked(project_next_locked(project));
		if (project_put_locked(project))
			pool->holds--; /* this thread has one */
		project = next;
	}
	if (soonest < pool->queued_soonest)
		pool->queued_soonest = soonest;
}

static void check_queues_locked(bothy_pool *pool, struct look *look)
{
	bothy_time begun = look->now, done;

	if (look->now >= pool->queued_soonest && look->now >= pool->swept_at &&
	    !PLANTED(NOT_SWEPT)) {
		sweep_locked(pool, look);
		done = clock_now();
		pool->swept_at = clock_add(done, SWEEP_EVERY_NS);
		if ((done - begun) * SWEEP_SHARE > SWEEP_EVERY_NS)
			pool->swept_at = clock_add(done, (done - begun) * SWEEP_SHARE);
	}
	if (pool->queued_soonest != BOTHY_FOREVER)
		look_again_at(look, pool->queued_soonest > pool->swept_at ? pool->queued_soonest
		                                                          : pool->swept_at);
}

/* ---- the thread ----------------------------------------------------------------------------------- */

static void check_staff_locked(bothy_pool *pool, struct look *look)
{
	if (look->now >= pool->staff_at && !PLANTED(LOST_NOT_REPLACED))
		(void)worker_staff_locked(pool);
	look_again_at(look, pool->staff_at);
}

/* Whether what was put off has waited for a tick.  Then a worker is woken though one is expected, or
 * one that comes again and again, to take other jobs, would put it off for ever. */
static bool tick_is_over_locked(bothy_pool *pool, const struct look *look)
{
	if (!pool->ticking || look->now < pool->ticks_at)
		return false;
	pool->ticking = false;
	return !PLANTED(TICK_BLIND);
}

/* Look once; the lock is released and taken again if anything was found. */
static void look_locked(bothy_pool *pool)
{
	struct look look = {clock_now(), BOTHY_FOREVER, NULL, NULL, KICKS_INITIALIZER};
	bool tick_is_over = tick_is_over_locked(pool, &look);

	check_workers_locked(pool, &look);
	check_queues_locked(pool, &look);
	check_staff_locked(pool, &look);
	/* Last, for the lock may have been released till now. */
	look_again_at(&look, limit_due_locked(pool, look.now));
	if (tick_is_over)
		pool_wake_worker_now_locked(pool, &look.kicks);
	else
		pool_wake_worker_locked(pool, &look.kicks);
	if (!PLANTED(TICK_BLIND))
		pool_room_all_locked(pool, &look.kicks);
	if (pool->ticking)
		look_again_at(&look, pool->ticks_at);
	pool->watchdog_at = look.next;
	if (look.timed_out == NULL && look.expired == NULL && look.kicks.n == 0)
		return;
	pool->watchdog_at = BOTHY_NOW; /* nobody need wake it until it has looked again */
	settle_found_locked(pool, &look);
}

static void watchdog_leave_locked(bothy_pool *pool)
{
	struct kicks kicks = KICKS_INITIALIZER;

	pool->watchdog_started = false;
	if (pool->abandoned)
		thread_detach(&pool->watchdog);
	pool_changed_locked(pool, &kicks);
	pool_release_locked(pool);
	kicks_give(&kicks);
}

static void watchdog_main(void *arg)
{
	bothy_pool *pool = arg;

	pool_adopt_thread(pool);
	lock_acquire(&pool->lock);
	while (pool->phase != POOL_EXITING) {
		bothy_time at;

		look_locked(pool);
		at = pool->watchdog_at;
		if (at == BOTHY_NOW || pool->phase == POOL_EXITING)
			continue;
		lock_release(&pool->lock);
		(void)parker_park(&pool->watchdog_parker, at);
		lock_acquire(&pool->lock);
	}
	watchdog_leave_locked(pool);
}

int watchdog_start_locked(bothy_pool *pool)
{
	struct thread_options options = {0, pool->name};
	int error;

	if (pool->watchdog_started)
		return 0;
	error = pool_start_thread_locked(pool, watchdog_main, pool, &options, &pool->watchdog);
	if (error < 0)
		return error;
	pool->watchdog_started = true;
	pool->watchdog_joinable = true;
	pool->holds++;
	return 0;
}

void watchdog_want_locked(bothy_pool *pool, bothy_time t, struct kicks *kicks)
{
	if (!pool->watchdog_started || t >= pool->watchdog_at)
		return;
	pool->watchdog_at = t;
	kicks_add(kicks, &pool->watchdog_parker);
}

bool watchdog_tick_locked(bothy_pool *pool, struct kicks *kicks)
{
	if (pool->looks_away)
		return false;
	if (pool->ticking)
		return true;
	if (watchdog_start_locked(pool) < 0)
		return false;
	pool->ticking = true;
	pool->ticks_at = clock_now() + TICK_NS;
	watchdog_want_locked(pool, pool->ticks_at, kicks);
	return true;
}

void watchdog_resumed_locked(const struct worker *worker, struct kicks *kicks)
{
	bothy_pool *pool = worker->pool;

	for (bothy_future *job = worker->hand.top; job != NULL; job = job->below)
		if (job->deadline != BOTHY_FOREVER)
			watchdog_want_locked(
				pool, clock_add(job->deadline, pool->options.stop_grace_ns), kicks);
}

void watchdog_queued_locked(bothy_pool *pool, bothy_time deadline, struct kicks *kicks)
{
	if (deadline == BOTHY_FOREVER)
		return;
	if (deadline < pool->queued_soonest)
		pool->queued_soonest = deadline;
	watchdog_want_locked(pool, deadline > pool->swept_at ? deadline : pool->swept_at, kicks);
}
