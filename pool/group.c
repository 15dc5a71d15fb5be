/*
 * Locking: the group's lock guards its count, its lists and its waiters, and the links of
 * its jobs.  It is a leaf.
 *
 * Invariant: count = members + asked.  A job is on one of both lists from before it is
 * accepted until its outcome is published, and holds the group until its block is freed.
 */
#include "pool/group.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/family.h"
#include "pool/job.h"
#include "pool/settle.h"
#include "pool/wait.h"
#include "pool/waitlist.h"
#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/testing.h"

struct job_list {
	bothy_future *first, *last;
};

struct bothy_group {
	_Atomic unsigned holds;
	uint32_t generation;
	struct lock lock;
	uint64_t count;
	uint64_t order;          /* of the last member */
	struct job_list members; /* in the order of their coming */
	struct job_list asked;   /* those that a group_cancel() has seen to */
	struct waitlist waiters;
};

int group_new(bothy_group **ret_group)
{
	bothy_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return -ENOMEM;
	atomic_init(&group->holds, 1);
	group->generation = fork_generation();
	lock_init(&group->lock);
	*ret_group = group;
	return 0;
}

bothy_group *group_hold(bothy_group *group)
{
	(void)atom_add(&group->holds, 1, relaxed); /* the caller has one already */
	return group;
}

void group_release(bothy_group *group)
{
	/* Release and acquire: all use of the group comes before its end. */
	if (group == NULL || atom_sub(&group->holds, 1, acq_rel) > 1)
		return;
	lock_fini(&group->lock);
	free(group);
}

int group_check(const bothy_group *group)
{
	return group->generation == fork_generation() ? 0 : -ECHILD;
}

/* ---- membership ---------------------------------------------------------------------------- */

static void append_locked(struct job_list *list, bothy_future *job)
{
	struct job_link *link = &job->extra->in_group;

	link->next = NULL;
	link->prev = list->last;
	if (list->last != NULL)
		list->last->extra->in_group.next = job;
	else
		list->first = job;
	list->last = job;
}

static void remove_locked(struct job_list *list, bothy_future *job)
{
	struct job_link *link = &job->extra->in_group;

	if (link->next != NULL)
		link->next->extra->in_group.prev = link->prev;
	else
		list->last = link->prev;
	if (link->prev != NULL)
		link->prev->extra->in_group.next = link->next;
	else
		list->first = link->next;
}

void group_add(bothy_future *job)
{
	bothy_group *group = job->extra != NULL ? job->extra->group : NULL;

	if (group == NULL)
		return;
	lock_acquire(&group->lock);
	group->count++;
	job->extra->group_order = ++group->order;
	append_locked(&group->members, job);
	lock_release(&group->lock);
}

/* For tests: what the lock is there to prevent. */
static void count_down_without_atomicity(bothy_group *group)
{
	uint64_t count = group->count;

	lock_release(&group->lock);
	lock_acquire(&group->lock);
	group->count = count - 1;
}

void group_settled(bothy_future *job)
{
	bothy_group *group = job->extra != NULL ? job->extra->group : NULL;
	struct kicks kicks = KICKS_INITIALIZER;

	if (group == NULL)
		return;
	lock_acquire(&group->lock);
	remove_locked(job->extra->asked ? &group->asked : &group->members, job);
	if (PLANTED(GROUP_NOT_ATOMIC))
		count_down_without_atomicity(group);
	else
		group->count--;
	if (group->count == 0)
		waitlist_wake_all_locked(&group->waiters, &kicks);
	lock_release(&group->lock);
	kicks_give(&kicks);
}

/* ---- waiting and canceling ---------------------------------------------------------------------- */

static bool is_over(bothy_group *group)
{
	bool over;

	lock_acquire(&group->lock);
	over = group->count == 0;
	lock_release(&group->lock);
	return over;
}

/* Whether there is anything to wait for; then WAITER is on the list. */
static bool watch(bothy_group *group, struct waiter *waiter)
{
	bool busy;

	lock_acquire(&group->lock);
	busy = group->count > 0;
	if (busy && !waiter->linked)
		waitlist_add_locked(&group->waiters, waiter);
	lock_release(&group->lock);
	return busy;
}

static void unwatch(bothy_group *group, struct waiter *waiter)
{
	lock_acquire(&group->lock);
	waitlist_remove_locked(&group->waiters, waiter);
	lock_release(&group->lock);
}

int group_wait(bothy_group *group, bothy_time deadline)
{
	const struct wait_for what = {.group = group};
	struct pause pause = PAUSE_INITIALIZER;
	struct waiter waiter = {NULL, &pause.parker, false};
	int error;

	deadline = wait_limit(deadline);
	if (!watch(group, &waiter))
		return 0;
	error = pause_begin(&pause, &what, deadline);
	/* Woken, it may be busy again: then it is watched again. */
	while (error == 0 && watch(group, &waiter))
		error = pause_park(&pause, deadline);
	pause_end(&pause);
	unwatch(group, &waiter);
	return error == 0 || is_over(group) ? 0 : error;
}

/* The first member up to LIMIT that was not asked yet: it is now.  Held; or NULL. */
static bothy_future *next_to_ask(bothy_group *group, uint64_t limit)
{
	bothy_future *job;

	lock_acquire(&group->lock);
	job = group->members.first;
	if (job != NULL && job->extra->group_order > limit)
		job = NULL;
	if (job != NULL) {
		remove_locked(&group->members, job);
		append_locked(&group->asked, job);
		job->extra->asked = true;
		job_hold(job);
	}
	lock_release(&group->lock);
	return job;
}

/* Claim the members that are queued, before those that run make room for them. */
static bothy_future *claim_queued(bothy_group *group, uint64_t *ret_limit)
{
	bothy_future *chain = NULL;

	lock_acquire(&group->lock);
	*ret_limit = group->order;
	for (bothy_future *job = group->members.first; job != NULL;
	     job = job->extra->in_group.next) {
		if (!job_move(job, BOTHY_QUEUED, JOB_CLAIMED, 0))
			continue;
		job->chain = chain;
		chain = job;
	}
	lock_release(&group->lock);
	return chain;
}

void group_cancel(bothy_group *group)
{
	uint64_t limit;
	bothy_future *chain = claim_queued(group, &limit);
	bothy_future *job;

	settle_chain(&chain, BOTHY_CANCELED, -ECANCELED);
	while ((job = next_to_ask(group, limit)) != NULL) {
		(void)family_cancel(job);
		job_release(job);
	}
}
