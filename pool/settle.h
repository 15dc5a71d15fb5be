/*
 * Settling: from a claim to everyone who wants to know.
 */
#ifndef POOL_SETTLE_H
#define POOL_SETTLE_H

#include "pool/job.h"

/*
 * Somebody who wants to know when a job is settled: a parked thread, or a function.
 */
struct watcher {
	struct watcher *next;
	struct parker *parker;  /* of a thread; or NULL */
	unsigned bits;          /* it waits until the job has none of these either: RUNS, DELIVERS */
	bool linked;
	void (*fn)(void *);     /* of bothy_future_notify(): then the watcher is malloc'd */
	void *arg;
};

/*
 * Post to the watcher's parker, or call its function, when JOB is settled (or has ended).
 * False: it is already, and the watcher is not registered.
 *
 * A parker's watcher must be removed before it goes, woken or not.
 */
bool settle_watch(bothy_future *job, struct watcher *watcher);
void settle_unwatch(bothy_future *job, struct watcher *watcher);

/* As settle_watch() for a function, of which there is one per job: -EBUSY.  -EALREADY: JOB is
 * settled, and the function was not kept. */
int settle_notify(bothy_future *job, struct watcher *watcher);

/*
 * Settle each job of *CHAIN (claimed, linked by `chain`, never run) as PHASE with CODE:
 * arguments are freed, the books kept, the outcomes published, their groups left, and the
 * executions' holds released.  *CHAIN is NULL then.  No lock may be held.
 */
void settle_chain(bothy_future **chain, unsigned phase, int code);

/*
 * Take JOB, which only its submitter and its group know, out of the queue as if it had been
 * refused: its argument stays the caller's, and the execution's hold is released.  False: it
 * is not queued any more.
 */
bool settle_withdraw(bothy_future *job);

/*
 * Publish the outcome of JOB, which the caller has claimed and entered in the pool's
 * books, with the bits in DROP cleared; wake and tell everyone.
 *
 * The caller has a hold on JOB.  If the pool is to outlast this call, it sees to that.
 */
void settle_publish(bothy_future *job, unsigned phase, int code, unsigned drop);

/* JOB, which a deadline has settled, has no RUNS any more. */
void settle_ended(bothy_future *job);

#endif
