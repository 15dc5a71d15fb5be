/*
 * Locking: the group's lock guards its lists, and the links of its jobs.  It is a leaf.
 *
 * Invariant: a job is on one of both lists from before it is accepted until it is settled, delivered,
 * and, unless the deadline was faster, has ended; until it is accepted, on `members`.  As long as there
 * are any, they have one hold on the group together: one each would move its line from core to core
 * with each job.
 *
 * Who waits does so for one member after the other, the newest first: when that one is over,
 * most of the others are too.  So a member that settles has nobody to tell but its own watchers,
 * and workers can leave the groups of several jobs at once, some time after they were settled.
 */
#include "pool/group.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/family.h"
#include "pool/future.h"
#include "pool/job.h"
#include "pool/settle.h"
#include "pool/wait.h"
#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/holds.h"
#include "sync/testing.h"

struct job_list {
	bothy_future *first, *last;
};

struct bothy_group {
	_Atomic unsigned holds;
	uint32_t generation;
	struct lock lock;
	uint64_t order;          /* of the last member */
	struct job_list members; /* in the order of their coming */
	struct job_list asked;   /* those that a group_cancel() has seen to */
};

int group_new(bothy_group **ret_group)
{
	bothy_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return -ENOMEM;
	atomic_init(&group->holds, 1);
	group->generation = fork_generation();
	lock_init(&group->lock);
	TESTING_COUNT(groups_made);
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
	if (group == NULL || !holds_drop_or_tear(&group->holds, PLANTED(GROUP_RELEASE_NOT_ATOMIC)))
		return;
	TESTING_COUNT(groups_freed);
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
	struct job_link *link = &job_extra(job)->in_group;

	link->next = NULL;
	link->prev = list->last;
	if (list->last != NULL)
		job_extra(list->last)->in_group.next = job;
	else
		list->first = job;
	list->last = job;
}

static void remove_locked(struct job_list *list, bothy_future *job)
{
	struct job_link *link = &job_extra(job)->in_group;

	if (link->next != NULL)
		job_extra(link->next)->in_group.prev = link->prev;
	else
		list->last = link->prev;
	if (link->prev != NULL)
		job_extra(link->prev)->in_group.next = link->next;
	else
		list->first = link->next;
}

static bool is_empty_locked(const bothy_group *group)
{
	return group->members.first == NULL && group->asked.first == NULL;
}

void group_add(bothy_future *job)
{
	bothy_group *group = job_extra(job) != NULL ? job_extra(job)->group : NULL;

	if (group == NULL)
		return;
	lock_acquire(&group->lock);
	if (is_empty_locked(group))
		(void)group_hold(group);
	job_extra(job)->group_order = ++group->order;
	append_locked(&group->members, job);
	lock_release(&group->lock);
}

static void leave_locked(bothy_future *job)
{
	remove_locked(job_extra(job)->asked ? &job_extra(job)->group->asked
	                                    : &job_extra(job)->group->members,
	              job);
}

/* Release the lock; the last member gives up the hold of all. */
static void left_locked(bothy_group *group)
{
	bool empty = is_empty_locked(group);

	lock_release(&group->lock);
	if (PLANTED(GROUP_EMPTY_UNLOCKED))
		empty = is_empty_locked(group);
	if (empty && !PLANTED(GROUP_LEAKED))
		group_release(group);
}

void group_leave(bothy_future *job)
{
	bothy_group *group = job_extra(job) != NULL ? job_extra(job)->group : NULL;

	if (group == NULL)
		return;
	lock_acquire(&group->lock);
	leave_locked(job);
	left_locked(group);
}

void group_leave_all(bothy_future *chain)
{
	while (chain != NULL) {
		bothy_group *group = job_extra(chain)->group;

		lock_acquire(&group->lock);
		for (; chain != NULL && job_extra(chain)->group == group; chain = chain->kept)
			leave_locked(chain);
		left_locked(group);
	}
}

/* ---- waiting and canceling ---------------------------------------------------------------------- */

/* Whether there is to be waited for JOB.  One that is not accepted yet may be refused. */
static bool is_pending(bothy_future *job)
{
	unsigned state = job_state(job);

	if (PLANTED(GROUP_EARLY) && job_phase(state) == JOB_CLAIMED)
		return false;
	return job_phase(state) != JOB_NEW && !job_is_over(state, JOB_DELIVERS);
}

static bothy_future *newest_locked(const struct job_list *list)
{
	bothy_future *job = list->last;

	while (job != NULL && !is_pending(job))
		job = job_extra(job)->in_group.prev;
	return job;
}

/* A member to wait for, held; NULL: all are over. */
static bothy_future *next_pending(bothy_group *group)
{
	bothy_future *job;

	lock_acquire(&group->lock);
	job = newest_locked(&group->members);
	if (job == NULL)
		job = newest_locked(&group->asked);
	if (job != NULL)
		job_hold(job);
	lock_release(&group->lock);
	return job;
}

int group_wait(bothy_group *group, bothy_time deadline)
{
	const struct wait_for what = {.group = group};
	bothy_future *job;
	int error = 0;

	deadline = wait_limit(deadline);
	while ((job = next_pending(group)) != NULL && error == 0) {
		error = wait_for_job(job, &what, deadline, JOB_DELIVERS);
		if (group_check(group) < 0)
			return error;
		job_release(job);
		if (PLANTED(GROUP_NEWEST_ALONE))
			return error;
	}
	job_release(job);
	return job == NULL ? 0 : error;
}

/* One that is not accepted yet can't be asked: it stays a member for who cancels when it is. */
static bool can_be_asked(bothy_future *job)
{
	return job_phase(job_state(job)) != JOB_NEW || PLANTED(NEW_IS_ASKED);
}

/* The first member up to LIMIT that was not asked yet: it is now.  Held; or NULL. */
static bothy_future *next_to_ask(bothy_group *group, uint64_t limit)
{
	bothy_future *job;

	lock_acquire(&group->lock);
	job = group->members.first;
	while (job != NULL && !can_be_asked(job))
		job = job_extra(job)->in_group.next;
	if (job != NULL && job_extra(job)->group_order > limit)
		job = NULL;
	if (job != NULL) {
		remove_locked(&group->members, job);
		append_locked(&group->asked, job);
		job_extra(job)->asked = true;
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
	     job = job_extra(job)->in_group.next)
		(void)job_claim(job, &chain);
	lock_release(&group->lock);
	return chain;
}

void group_cancel(bothy_group *group)
{
	uint64_t limit;
	bothy_future *chain = claim_queued(group, &limit);
	bothy_future *job;

	settle_chain(&chain, BOTHY_CANCELED, -ECANCELED);
	/* A callback may have forked: then this is the child. */
	while (group_check(group) == 0 && (job = next_to_ask(group, limit)) != NULL) {
		if (!PLANTED(GROUP_UNSTOPPED))
			(void)family_cancel(job);
		future_release(job);
	}
}
