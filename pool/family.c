/*
 * Locking
 *   One of 8 process-wide locks guards the links (`children`, `parent`, `sibling`, `linked`)
 *   of a whole family: its index comes from the address of the first job of the family, and
 *   children have their parent's.  Jobs are asked to stop while it is held (tls/stop.c);
 *   nothing else is done under it.
 *
 * Invariants
 *   - A linked job's block is there: it leaves before its execution's hold is released, and
 *     a parent's children go to its own parent then, or to nobody if that one did not spawn it but
 *     ran it.  The links own nothing, and a family is as large as its live jobs, however long the chain.
 *   - A child is linked before it is accepted; afterwards the spawner looks, with the lock,
 *     whether its parent was asked to stop.  Whoever stops the parent asks it first, then
 *     walks the family with the lock.  So either the walk finds the child accepted, or the
 *     spawner sees the request, and walks the family again: the child may have ended by then, and its
 *     own children, of which that walk knew nothing, be the parent's.
 */
#include "pool/family.h"

#include <errno.h>

#include "pool/settle.h"
#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/lock.h"
#include "sync/testing.h"

static struct lock stripes[FORK_STRIPES];

__attribute__((constructor)) static void stripes_init(void)
{
	for (int i = 0; i < FORK_STRIPES; i++)
		lock_init(&stripes[i]);
	fork_protect(FORK_RANK_FAMILY, stripes, FORK_STRIPES);
}

static struct lock *stripe_of(const bothy_future *job)
{
	return &stripes[job->family];
}

/* ---- links, under the family's lock ----------------------------------------------------- */

/* Relaxed, here and where it is set: the stripe orders it; but see family_is_below(). */
static bothy_future *parent_of(const bothy_future *job)
{
	return atom_load(&job_own_extra(job)->parent, relaxed);
}

static bothy_future *next_sibling(const bothy_future *job)
{
	return job_extra(job)->sibling.next;
}

static void adopt_locked(bothy_future *parent, bothy_future *child)
{
	struct job_extra *extra = job_own_extra(child);

	atom_store(&extra->parent, parent, relaxed);
	extra->linked = true;
	extra->sibling.prev = NULL;
	extra->sibling.next = parent->children;
	if (parent->children != NULL)
		job_extra(parent->children)->sibling.prev = child;
	parent->children = child;
}

static void unlink_locked(bothy_future *child)
{
	struct job_extra *extra = job_own_extra(child);

	if (extra->sibling.next != NULL)
		job_extra(extra->sibling.next)->sibling.prev = extra->sibling.prev;
	if (extra->sibling.prev != NULL)
		job_extra(extra->sibling.prev)->sibling.next = extra->sibling.next;
	else
		parent_of(child)->children = extra->sibling.next;
	atom_store(&extra->parent, NULL, relaxed);
	extra->linked = false;
}

/* Pass the children of JOB on to PARENT, or let them be roots. */
static void bequeath_locked(bothy_future *job, bothy_future *parent)
{
	bothy_future *child;

	while (job->spawned && (child = job->children) != NULL) {
		unlink_locked(child);
		if (parent != NULL && !PLANTED(BEQUEST_LOST))
			adopt_locked(parent, child);
	}
}

/* ---- coming and going ------------------------------------------------------------------------ */

void family_join(bothy_future *parent, bothy_future *child)
{
	child->family = parent->family;
	job_extra(child)->in_family = true;
	lock_acquire(stripe_of(child));
	parent->spawned = true;
	adopt_locked(parent, child);
	lock_release(stripe_of(child));
}

void family_join_run(bothy_future *parent, bothy_future *child)
{
	job_extra(child)->was_run = true;
	family_join(parent, child);
}

void family_leave(bothy_future *job)
{
	bool linked = job_extra(job) != NULL && job_extra(job)->in_family;
	bool heirless = !linked || (job_extra(job)->was_run && !PLANTED(RUN_BEQUEATHS));

	/* Only the job's own thread gives it children, and it does so no more. */
	if (!linked && !job->spawned)
		return;
	lock_acquire(stripe_of(job));
	bequeath_locked(job, heirless ? NULL : parent_of(job));
	if (linked && job_extra(job)->linked)
		unlink_locked(job);
	lock_release(stripe_of(job));
}

bool family_is_below(const bothy_future *ancestor, const bothy_future *job)
{
	bool below = false;

	if (job_extra(job) == NULL || !job_extra(job)->in_family)
		return PLANTED(IN_PLACE_OF_NO_CHILD);
	/* Relaxed, without the stripe: a child of ANCESTOR stays one until either ends, and for
	 * what had its block before, this thread has seen that its children have gone. */
	if (parent_of(job) == ancestor)
		return true;
	lock_acquire(stripe_of(job));
	while (!below && job_extra(job) != NULL && job_extra(job)->linked) {
		job = parent_of(job);
		below = job == ancestor;
		if (!below && job_extra(job) != NULL && job_extra(job)->was_run)
			break; /* when that one ends, what it has spawned is nobody's */
	}
	lock_release(stripe_of(job));
	return below || PLANTED(IN_PLACE_OF_NO_CHILD);
}

/* ---- stopping ----------------------------------------------------------------------------------- */

/* Ask JOB to stop for REASON, or claim it, if it is queued, and put it on *CHAIN; false: neither. */
static bool ask_locked(bothy_future *job, int reason, bothy_future **chain)
{
	if (job_claim(job, chain))
		return true;
	if (job_phase(job_state(job)) != BOTHY_RUNNING)
		return false;
	stop_request(&job->stop, reason);
	return true;
}

/* The next of ROOT's descendants in depth-first order after JOB; NULL after the last. */
static bothy_future *next_locked(const bothy_future *root, bothy_future *job)
{
	if (job->spawned && job->children != NULL)
		return job->children;
	while (job != root) {
		if (next_sibling(job) != NULL)
			return next_sibling(job);
		job = parent_of(job);
	}
	return NULL;
}

static void ask_descendants_locked(bothy_future *job, int reason, bothy_future **chain)
{
	for (bothy_future *j = job; (j = next_locked(job, j)) != NULL;)
		(void)ask_locked(j, reason, chain);
}

void family_inherit_stop(bothy_future *parent)
{
	bothy_future *chain = NULL;
	int reason;

	lock_acquire(stripe_of(parent));
	reason = PLANTED(STOP_NOT_INHERITED) ? 0 : stop_reason(&parent->stop);
	if (reason < 0)
		ask_descendants_locked(parent, reason, &chain);
	lock_release(stripe_of(parent));
	/* No child's deadline is later than its parent's. */
	settle_chain(&chain, reason == -ETIMEDOUT ? BOTHY_EXPIRED : BOTHY_CANCELED, reason);
}

bool family_cancel(bothy_future *job)
{
	bothy_future *chain = NULL;
	bool asked;

	lock_acquire(stripe_of(job));
	asked = ask_locked(job, -ECANCELED, &chain);
	if (asked && !PLANTED(CHILDREN_UNSTOPPED))
		ask_descendants_locked(job, -ECANCELED, &chain);
	lock_release(stripe_of(job));
	settle_chain(&chain, BOTHY_CANCELED, -ECANCELED);
	return asked;
}
