/*
 * Waiting, above all inside a job.
 *
 * A worker that is about to park lends its place, so that as many jobs run as before; it
 * takes it back at once when its wait ends.  One that waits for a queued job of its own
 * project that descends from the waiting one may run it in place instead, if nothing could end the
 * wait that would not end that job too (see may_run_in_place()).
 *
 * Locking: the pool's lock for the books of places; the lists that post to the parker have
 * their own, and are left before the pause ends.
 */
#include "pool/wait.h"

#include <errno.h>

#include "pool/family.h"
#include "pool/run.h"
#include "pool/settle.h"
#include "pool/watchdog.h"
#include "sync/clock.h"
#include "sync/testing.h"
#include "tls/context.h"

enum { IN_PLACE_STACK = 256 * 1024 };

/* ---- places -------------------------------------------------------------------------------- */

/* Take the place away from WORKER: whether there is a thread left that can serve it. */
static bool lend_locked(struct worker *worker)
{
	bothy_pool *pool = worker->pool;

	if (pool->lent >= pool->options.spare_max)
		return false;
	pool->lent++;
	if (worker->own)
		return true;
	pool->waiting++;
	if (worker_staff_locked(pool) == 0)
		return true;
	pool->waiting--;
	pool->lent--;
	return false;
}

/* 0, or -EAGAIN: there is no thread for the place, and the wait has no end. */
static int place_lend(struct pause *pause, bothy_time deadline)
{
	struct worker *worker = pause->worker;
	bothy_pool *pool = worker->pool;
	struct kicks kicks = KICKS_INITIALIZER;
	bool keeps;

	if (PLANTED(PLACE_NOT_LENT))
		return 0;
	lock_acquire(&pool->lock);
	worker_recall_locked(worker, &kicks);
	if (worker->placed && lend_locked(worker)) {
		worker->placed = false;
		pause->lent = true;
		pool->busy--;
		charge_pause_locked(&hand_running(&worker->hand)->charge, clock_now());
	}
	pool_wake_worker_locked(pool, &kicks);
	keeps = worker->placed; /* a lost worker has none to lend, and holds up nobody */
	lock_release(&pool->lock);
	kicks_give(&kicks);
	return keeps && !pause->deaf && deadline == BOTHY_FOREVER ? -EAGAIN : 0;
}

static void place_reclaim(struct pause *pause)
{
	struct worker *worker = pause->worker;
	bothy_pool *pool = worker->pool;
	struct kicks kicks = KICKS_INITIALIZER;

	if (!pause->lent || pool_check(pool) < 0)
		return;
	lock_acquire(&pool->lock);
	if (!PLANTED(PLACE_NOT_TAKEN_BACK)) {
		worker->placed = true;
		pool->busy++;
	}
	pool->lent--;
	if (!worker->own)
		pool->waiting--;
	charge_resume_locked(&hand_running(&worker->hand)->charge, clock_now());
	watchdog_resumed_locked(worker, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
	pause->lent = false;
}

/* ---- pauses ---------------------------------------------------------------------------------- */

static int listen_for_stop(struct pause *pause)
{
	bothy_context *context = context_current();
	int reason;

	if (pause->deaf || context == NULL || context->stop == NULL || PLANTED(WAIT_UNSTOPPED))
		return 0;
	reason = stop_attach(context->stop, &pause->parker);
	if (reason == 0)
		pause->stop = context->stop;
	return reason;
}

static int watch_for_cycles(struct pause *pause, const struct wait_for *what, bothy_time deadline)
{
	bothy_future *top = pause->worker->hand.top;
	int error;

	if (pause->deaf || PLANTED(CYCLE_UNSEEN))
		return 0;
	if (deadline != BOTHY_FOREVER)
		return cycle_is_own(what, top) ? -EDEADLK : 0;
	error = cycle_enter(&pause->record, what, top);
	pause->recorded = error == 0;
	return error;
}

static bool is_poll(bothy_time deadline)
{
	return deadline != BOTHY_FOREVER && deadline <= clock_now();
}

int pause_begin(struct pause *pause, const struct wait_for *what, bothy_time deadline)
{
	struct worker *worker = worker_current();
	int error = listen_for_stop(pause);

	/* In a child that the job has forked there is no pool to lend a place. */
	if (error < 0 || worker == NULL || worker->hand.top == NULL || is_poll(deadline) ||
	    pool_check(worker->pool) < 0)
		return error;
	pause->worker = worker;
	error = watch_for_cycles(pause, what, deadline);
	if (error < 0)
		return error;
	return place_lend(pause, deadline);
}

static int pause_stop_reason(const struct pause *pause)
{
	return pause->stop != NULL ? stop_reason(pause->stop) : 0;
}

int pause_park(struct pause *pause, bothy_time deadline)
{
	int error = parker_park(&pause->parker, deadline);
	int reason = pause_stop_reason(pause);

	return reason < 0 ? reason : error;
}

void pause_end(struct pause *pause)
{
	if (pause->worker != NULL)
		place_reclaim(pause);
	/* In a forked child the other records are gone. */
	if (pause->recorded && pool_check(pause->worker->pool) == 0)
		cycle_leave(&pause->record);
	if (pause->stop != NULL)
		stop_detach(pause->stop);
	pause->recorded = false;
	pause->stop = NULL;
}

/* ---- waiting for jobs ---------------------------------------------------------------------------- */

/*
 * Whether the calling thread may run JOB in place of waiting for it until DEADLINE: it is
 * in a job of the same project, there is enough stack, neither the wait nor JOB has to end before
 * the waiting job has, and who stops that one stops JOB, too.
 */
static bool may_run_in_place(struct worker *worker, const bothy_future *job, bothy_time deadline)
{
	bothy_future *top = worker != NULL ? worker->hand.top : NULL;

	return top != NULL && (job->project == top->project || PLANTED(IN_PLACE_OF_STRANGER)) &&
	       (deadline >= top->deadline || PLANTED(IN_PLACE_OUTLASTS_WAIT)) &&
	       job->deadline >= top->deadline && (job->flags & BOTHY_OWN_THREAD) == 0 &&
	       stop_reason(&top->stop) == 0 && thread_stack_left() >= IN_PLACE_STACK &&
	       family_is_below(top, job);
}

static bool is_queued(bothy_future *job)
{
	return job_phase(job_state(job)) == BOTHY_QUEUED;
}

/* If JOB is queued and its deadline is past, settle it. */
static void expire_if_due(bothy_future *job)
{
	bothy_future *chain = NULL;

	if (job->deadline == BOTHY_FOREVER || !is_queued(job) || clock_now() < job->deadline ||
	    !job_claim(job, &chain))
		return;
	settle_chain(&chain, BOTHY_EXPIRED, -ETIMEDOUT);
}

static bool is_over(bothy_future *job, unsigned bits)
{
	return job_is_over(job_state(job), bits);
}

static _Thread_local bool woke_worker;

void wait_after_submit(bool wake)
{
	woke_worker = wake;
}

/* Look for a while whether JOB comes to its end, unless DEADLINE is NOW.  But if a worker is about to
 * be woken for it, leave it the core: it looks for the next job as long as it takes to wake this
 * thread, so of a row of small jobs only the first is so slow. */
static bool is_over_soon(bothy_future *job, unsigned bits, bothy_time deadline)
{
	bool looks = deadline != BOTHY_NOW && !woke_worker;

	woke_worker = false;
	for (int i = 0; i < PARKER_LOOKS && looks; i++) {
		if (is_over(job, bits))
			return true;
		parker_pass();
	}
	return false;
}

static bothy_time earlier(bothy_time a, bothy_time b)
{
	return a < b ? a : b;
}

/* Park until JOB is over; WHAT is all that is waited for. */
static int wait_parked(struct pause *pause, bothy_future *job, const struct wait_for *what,
                       bothy_time deadline, unsigned bits)
{
	struct watcher watcher = {.parker = &pause->parker, .bits = bits};
	int error;

	if (is_over_soon(job, bits, deadline) || !settle_watch(job, &watcher))
		return 0;
	error = pause_begin(pause, what, deadline);
	while (error == 0 && !is_over(job, bits)) {
		/* JOB's own deadline is no end of the wait: it settles JOB. */
		bothy_time until = is_queued(job) && !PLANTED(EXPIRY_UNSEEN_IN_WAIT)
		                           ? earlier(deadline, job->deadline)
		                           : deadline;

		if (parker_park(&pause->parker, until) < 0 && until == deadline)
			error = PLANTED(WAIT_UNTIMED) ? 0 : -ETIMEDOUT;
		else
			error = pause_stop_reason(pause);
		expire_if_due(job);
		if (job_check(job) < 0)
			error = -ECHILD; /* its arg_free has forked, and this is the child */
	}
	pause_end(pause);
	if (error == -ECHILD)
		return error;
	settle_unwatch(job, &watcher);
	return is_over(job, bits) ? 0 : error;
}

int wait_for_job(bothy_future *job, const struct wait_for *what, bothy_time deadline, unsigned bits)
{
	struct pause pause = PAUSE_INITIALIZER;

	return wait_parked(&pause, job, what, deadline, bits);
}

bothy_time wait_limit(bothy_time deadline)
{
	const bothy_context *context = context_current();

	return context != NULL && context->polls ? earlier(deadline, context->deadline) : deadline;
}

int wait_all(bothy_future *const *futures, size_t n, bothy_time deadline)
{
	struct worker *worker = worker_current();

	deadline = wait_limit(deadline);
	for (size_t i = 0; i < n; i++) {
		const struct wait_for what = {.futures = futures + i, .n = n - i};
		bothy_future *job = futures[i];
		int error;

		if (is_over(job, 0))
			continue;
		if (may_run_in_place(worker, job, deadline) && run_in_place(worker, job)) {
			if (job_check(job) < 0)
				return -ECHILD; /* it has forked, and this is the child */
			/* If not, its deadline was faster, and is about to be told. */
			if (is_over(job, 0) || PLANTED(IN_PLACE_IS_OVER))
				continue;
		}
		error = wait_for_job(job, &what, deadline, 0);
		if (error < 0 || PLANTED(WAIT_ALL_FIRST_ALONE))
			return error;
	}
	return 0;
}

void wait_end(bothy_future *job)
{
	const struct wait_for what = {.futures = &job, .n = 1};
	struct pause pause = {.parker = PARKER_INITIALIZER, .deaf = true};

	(void)wait_parked(&pause, job, &what, BOTHY_FOREVER, JOB_RUNS);
}
