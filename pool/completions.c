/*
 * Locking: the queue's lock guards all of it, and the links of the jobs in it.  It is a
 * leaf; the event descriptor is written and read under it, so that it is readable just
 * when the queue is not empty.
 *
 * A delivery wakes one waiter.  A waiter that leaves for another reason may have been woken
 * for a delivery that it does not take: it passes the wake on.
 */
#include "pool/completions.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pool/callback.h"
#include "pool/job.h"
#include "pool/wait.h"
#include "pool/waitlist.h"
#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/holds.h"
#include "sync/testing.h"

struct bothy_completions {
	_Atomic unsigned holds;
	uint32_t generation;
	int fd;
	struct lock lock;
	bothy_future *first, **end; /* delivered, each with a hold */
	bool closed;
	struct waitlist waiters;
};

int completions_new(bothy_completions **ret_completions)
{
	bothy_completions *completions = calloc(1, sizeof(*completions));

	if (completions == NULL)
		return -ENOMEM;
	completions->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (completions->fd < 0) {
		int error = -errno;

		free(completions);
		return error;
	}
	atomic_init(&completions->holds, 1);
	completions->generation = fork_generation();
	lock_init(&completions->lock);
	completions->end = &completions->first;
	*ret_completions = completions;
	return 0;
}

bothy_completions *completions_hold(bothy_completions *completions)
{
	(void)atom_add(&completions->holds, 1, relaxed); /* the caller has one already */
	return completions;
}

void completions_release(bothy_completions *completions)
{
	if (completions == NULL || !holds_drop(&completions->holds))
		return;
	(void)close(completions->fd);
	lock_fini(&completions->lock);
	free(completions);
}

int completions_check(const bothy_completions *completions)
{
	return completions->generation == fork_generation() ? 0 : -ECHILD;
}

int completions_fd(bothy_completions *completions)
{
	return completions->fd;
}

/* ---- the queue, under its lock --------------------------------------------------------------- */

static void set_readable_locked(bothy_completions *completions)
{
	uint64_t one = 1;

	/* Can't fail: the counter was 0. */
	(void)!write(completions->fd, &one, sizeof(one));
}

static void set_unreadable_locked(bothy_completions *completions)
{
	uint64_t count;

	(void)!read(completions->fd, &count, sizeof(count));
}

static void push_locked(bothy_completions *completions, bothy_future *job)
{
	if (completions->first == NULL && !PLANTED(DESCRIPTOR_UNLOCKED) &&
	    !PLANTED(COMPLETION_UNREADABLE))
		set_readable_locked(completions);
	job_extra(job)->delivered_next = NULL;
	*completions->end = job;
	completions->end = &job_extra(job)->delivered_next;
}

static bothy_future *pop_locked(bothy_completions *completions)
{
	bothy_future *job = completions->first;

	if (job == NULL)
		return NULL;
	completions->first = job_extra(job)->delivered_next;
	if (completions->first == NULL) {
		completions->end = &completions->first;
		if (!PLANTED(COMPLETION_STAYS_READABLE))
			set_unreadable_locked(completions);
	}
	return job;
}

/* ---- delivering --------------------------------------------------------------------------------- */

static void drop_result(bothy_future *job)
{
	if (job_extra(job)->delivered_result != NULL && !PLANTED(UNDELIVERED_LEAKED))
		callback_run(job->result_free, job_extra(job)->delivered_result);
}

void completions_deliver(bothy_future *job, unsigned phase)
{
	bothy_completions *completions = job_extra(job)->completions;
	struct kicks kicks = KICKS_INITIALIZER;
	bool closed;

	if (completions == NULL)
		return;
	job_extra(job)->delivered_phase = phase;
	lock_acquire(&completions->lock);
	closed = completions->closed;
	if (PLANTED(CLOSED_UNSEEN)) {
		lock_release(&completions->lock);
		lock_acquire(&completions->lock);
	}
	if (!closed) {
		job_hold(job);
		if (!PLANTED(COMPLETION_LOST))
			push_locked(completions, job);
		if (!PLANTED(COMPLETION_WAKE_DROPPED))
			waitlist_wake_one_locked(&completions->waiters, &kicks);
	}
	lock_release(&completions->lock);
	if (PLANTED(DESCRIPTOR_UNLOCKED) && !closed)
		set_readable_locked(completions);
	kicks_give(&kicks);
	if (closed)
		drop_result(job);
}

void completions_close(bothy_completions *completions)
{
	bothy_future *job, *next;

	lock_acquire(&completions->lock);
	completions->closed = true;
	job = completions->first;
	completions->first = NULL;
	completions->end = &completions->first;
	lock_release(&completions->lock);
	for (; job != NULL; job = next) {
		next = job_extra(job)->delivered_next;
		drop_result(job);
		if (job_check(job) < 0)
			return; /* it has forked, and this is the child */
		job_release(job);
	}
	completions_release(completions);
}

/* ---- taking --------------------------------------------------------------------------------------- */

static bothy_future *take_or_watch(bothy_completions *completions, struct waiter *waiter)
{
	bothy_future *job;

	lock_acquire(&completions->lock);
	job = pop_locked(completions);
	if (job == NULL && !waiter->linked)
		waitlist_add_locked(&completions->waiters, waiter);
	lock_release(&completions->lock);
	return job;
}

static void unwatch(bothy_completions *completions, struct waiter *waiter)
{
	struct kicks kicks = KICKS_INITIALIZER;

	lock_acquire(&completions->lock);
	waitlist_remove_locked(&completions->waiters, waiter);
	if (completions->first != NULL && !PLANTED(WAKE_NOT_PASSED_ON))
		waitlist_wake_one_locked(&completions->waiters, &kicks);
	lock_release(&completions->lock);
	kicks_give(&kicks);
}

static bothy_future *wait_for_one(bothy_completions *completions, bothy_time deadline,
                                  int *ret_error)
{
	const struct wait_for nothing_known = {.group = NULL};
	struct pause pause = PAUSE_INITIALIZER;
	struct waiter waiter = {NULL, &pause.parker, false};
	bothy_future *job = take_or_watch(completions, &waiter);
	int error = 0;

	if (job == NULL) {
		error = pause_begin(&pause, &nothing_known, deadline);
		while (error == 0 && job == NULL) {
			error = pause_park(&pause, deadline);
			job = take_or_watch(completions, &waiter);
		}
		pause_end(&pause);
	}
	unwatch(completions, &waiter);
	*ret_error = error;
	return job;
}

int completions_next(bothy_completions *completions, bothy_time deadline,
                     struct bothy_completion *ret_completion)
{
	int error;
	bothy_future *job = wait_for_one(completions, wait_limit(deadline), &error);

	if (job == NULL)
		return error;
	ret_completion->tag = job_extra(job)->tag;
	ret_completion->code = job->code;
	ret_completion->state = (enum bothy_state)job_extra(job)->delivered_phase;
	ret_completion->result = job_extra(job)->delivered_result;
	job_release(job);
	return 0;
}
