/*
 * Settling a claimed job.
 *
 * Order
 *   argument freed, books kept (so that who sees the outcome sees it counted) -> the state
 *   word says it -> completion queue, watchers -> group left, hold released.
 *
 * Locking
 *   A job's stripe, one of 8 process-wide locks chosen by its address, guards `watchers`
 *   and `has_notify`.  It is a leaf: nothing is locked under it, and no callback runs.
 *
 * Forks
 *   A callback may fork, and come back in the child too.  There the job and all that knows of it are
 *   as they were when it forked, locks held by threads that are not there included: so they are left
 *   alone from then on.
 *
 * Watching
 *   A watcher is linked first, then JOB_WATCHED is set in the state word, both under the
 *   stripe.  The word's changes are totally ordered, so either the watcher finds the job
 *   settled, or the publisher finds JOB_WATCHED and comes for the stripe.  A function is
 *   called by whoever takes its watcher off the list under the stripe, so once.
 */
#include "pool/settle.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/callback.h"
#include "pool/completions.h"
#include "pool/family.h"
#include "pool/group.h"
#include "pool/pool.h"
#include "pool/project.h"
#include "pool/tally.h"
#include "sync/atomic.h"
#include "sync/cleanup.h"
#include "sync/fork.h"
#include "sync/testing.h"

static struct lock stripes[FORK_STRIPES];

__attribute__((constructor)) static void stripes_init(void)
{
	for (int i = 0; i < FORK_STRIPES; i++)
		lock_init(&stripes[i]);
	fork_protect(FORK_RANK_WATCHERS, stripes, FORK_STRIPES);
}

static struct lock *stripe_of(const bothy_future *job)
{
	return &stripes[fork_stripe(job)];
}

/* ---- watching ---------------------------------------------------------------------------- */

/* Whether what WATCHER waits for has come, by STATE. */
static bool has_come(const struct watcher *watcher, unsigned state)
{
	return job_is_over(state, watcher->bits);
}

static void link_watcher(bothy_future *job, struct watcher *watcher)
{
	watcher->next = job->watchers;
	job->watchers = watcher;
	watcher->linked = true;
}

static void unlink_watcher(bothy_future *job, struct watcher *watcher)
{
	struct watcher **at = &job->watchers;

	if (!watcher->linked)
		return;
	while (*at != watcher)
		at = &(*at)->next;
	*at = watcher->next;
	watcher->linked = false;
}

static bool watch_locked(bothy_future *job, struct watcher *watcher)
{
	unsigned state;

	if (PLANTED(NOTIFY_LOST) && watcher->fn != NULL) {
		link_watcher(job, watcher);
		return true;
	}
	link_watcher(job, watcher);
	/* Acquire: pairs with the release in job_publish(); release: the publisher's swap sees
	 * the bit and takes the stripe, which orders the rest. */
	state = atom_or(&job->state, JOB_WATCHED, acq_rel);
	if (!has_come(watcher, state))
		return true;
	unlink_watcher(job, watcher);
	return false;
}

bool settle_watch(bothy_future *job, struct watcher *watcher)
{
	bool watching;

	lock_acquire(stripe_of(job));
	watching = watch_locked(job, watcher);
	lock_release(stripe_of(job));
	return watching;
}

void settle_unwatch(bothy_future *job, struct watcher *watcher)
{
	lock_acquire(stripe_of(job));
	unlink_watcher(job, watcher);
	lock_release(stripe_of(job));
}

int settle_notify(bothy_future *job, struct watcher *watcher)
{
	int error = 0;

	lock_acquire(stripe_of(job));
	if (job->has_notify) {
		error = -EBUSY;
	} else {
		if (PLANTED(NOTIFY_SLOT_UNLOCKED)) {
			lock_release(stripe_of(job));
			lock_acquire(stripe_of(job));
		}
		job->has_notify = true;
		if (!watch_locked(job, watcher))
			error = -EALREADY;
	}
	lock_release(stripe_of(job));
	return error;
}

/* Wake every thread whose time has come by STATE, and return the function to call, if any. */
static struct watcher *wake_watchers(bothy_future *job, unsigned state)
{
	struct watcher *notify = NULL;
	struct kicks kicks = KICKS_INITIALIZER;
	struct watcher *watcher, *next;

	lock_acquire(stripe_of(job));
	for (watcher = job->watchers; watcher != NULL; watcher = next) {
		next = watcher->next;
		if (!has_come(watcher, state))
			continue;
		unlink_watcher(job, watcher);
		if (watcher->fn != NULL)
			notify = watcher;
		else if (!PLANTED(WAKE_DROPPED) && !(PLANTED(ONE_WAKE_ALONE) && kicks.n > 0))
			kicks_add(&kicks, watcher->parker);
	}
	lock_release(stripe_of(job));
	kicks_give(&kicks);
	return notify;
}

static void tell_watchers(bothy_future *job, unsigned state)
{
	struct watcher *notify = wake_watchers(job, state);
	struct watcher copy;

	if (notify == NULL)
		return;
	copy = *notify;
	free(notify); /* the function may end the thread */
	callback_run(copy.fn, copy.arg);
	if (PLANTED(NOTIFIED_TWICE))
		callback_run(copy.fn, copy.arg);
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void delivered(void *arg)
{
	bothy_future *job = arg;
	unsigned state;

	if (job_check(job) < 0)
		return; /* result_free has forked, and this is the child */
	state = job_clear(job, JOB_DELIVERS);
	if ((state & JOB_WATCHED) != 0)
		tell_watchers(job, state);
}

/* Tell the watchers too, should the end of a result that is not delivered end the thread. */
static void deliver(bothy_future *job, unsigned phase)
{
	cleanup_push(delivered, job);
	if (PLANTED(DELIVERED_LATE))
		(void)job_clear(job, JOB_DELIVERS);
	completions_deliver(job, phase);
	cleanup_pop(1);
}

void settle_publish(bothy_future *job, unsigned phase, int code, unsigned drop)
{
	unsigned state;

	if (!PLANTED(CODE_AFTER_STATE))
		job->code = code;
	state = job_publish(job, phase, drop);
	if (PLANTED(CODE_AFTER_STATE)) {
		(void)job_state(job);
		job->code = code;
	}
	if ((state & JOB_DELIVERS) != 0)
		deliver(job, phase);
	else if ((state & JOB_WATCHED) != 0)
		tell_watchers(job, state);
}

void settle_ended(bothy_future *job)
{
	unsigned state = job_clear(job, JOB_RUNS);

	if ((state & JOB_WATCHED) != 0)
		tell_watchers(job, state);
}

/* ---- jobs that never ran ---------------------------------------------------------------------- */

static void free_argument(bothy_future *job, unsigned phase)
{
	if ((PLANTED(ARG_FREE_SKIPPED) && phase == BOTHY_CANCELED) ||
	    (PLANTED(ARG_KEPT_BY_EXPIRED) && phase == BOTHY_EXPIRED))
		return;
	callback_run(job->arg_free, job->arg);
	if (PLANTED(ARG_FREE_TWICE) && phase == BOTHY_CANCELED)
		callback_run(job->arg_free, job->arg);
}

static void settle_one(bothy_future *job, unsigned phase, int code)
{
	bothy_project *project = job->project;
	bothy_pool *pool = project->pool;
	struct kicks kicks = KICKS_INITIALIZER;

	free_argument(job, phase);
	if (pool_check(pool) < 0)
		return;
	lock_acquire(&pool->lock);
	pool->holds++; /* the job's own, through its project, may be the last */
	project_unlink_locked(job);
	tally_unrun_locked(project, phase);
	limit_left_locked(project, &kicks);
	pool_wake_worker_locked(pool, &kicks); /* it may have kept another from starting */
	lock_release(&pool->lock);
	kicks_give(&kicks);

	family_leave(job);
	settle_publish(job, phase, code, 0);
	if (pool_check(pool) < 0)
		return;
	group_leave(job);
	job_release(job);
	if (pool_check(pool) < 0)
		return;

	lock_acquire(&pool->lock);
	pool_jobs_ended_locked(pool, project, 1, &kicks);
	pool_release_locked(pool);
	kicks_give(&kicks);
}

void settle_chain(bothy_future **chain, unsigned phase, int code)
{
	while (*chain != NULL) {
		bothy_future *job = job_unchain(chain);

		if (job_check(job) == 0)
			settle_one(job, phase, code);
	}
}

bool settle_withdraw(bothy_future *job)
{
	bothy_project *project = job->project;
	struct kicks kicks = KICKS_INITIALIZER;
	bothy_pool *pool;

	if (!job_move(job, BOTHY_QUEUED, JOB_CLAIMED, 0))
		return false;
	job_has_no_result(job);
	pool = project->pool;
	lock_acquire(&pool->lock);
	pool->holds++; /* the job's own, through its project, may be the last */
	project_unlink_locked(job);
	tally_withdrawn_locked(project);
	limit_left_locked(project, &kicks);
	pool_wake_worker_locked(pool, &kicks);
	pool_jobs_ended_locked(pool, project, 1, &kicks);
	pool_release_locked(pool);
	kicks_give(&kicks);
	/* Who waits for its group may wait for it, though nobody will read how it ended; it is not
	 * delivered. */
	if (!PLANTED(WITHDRAWN_UNTOLD))
		settle_publish(job, BOTHY_CANCELED, -ECANCELED, JOB_DELIVERS);
	group_leave(job);
	family_leave(job);
	job_release(job);
	return true;
}
