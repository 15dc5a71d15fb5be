/*
 * Taking a job: from its project's queue to a worker.
 */
#ifndef POOL_TAKE_H
#define POOL_TAKE_H

#include "pool/pool.h"
#include "pool/worker.h"

/* What is left to do once the lock is free. */
struct take {
	struct kicks kicks;
	bothy_future *expired; /* claimed; a chain for settle_chain() */
	bool more;             /* the look at the queues was broken off */
	bothy_time now;        /* when the worker looks: it is free from then on */
};

#define TAKE_INITIALIZER {KICKS_INITIALIZER, NULL, false, 0}

/*
 * Fill WORKER's hand, which is empty, with the next jobs, if there are any and a place for them:
 * whether there are.
 *
 * Jobs whose deadline is past are claimed on the way; ones of BOTHY_OWN_THREAD get theirs.
 * If false, and take->expired is not NULL or take->more is set, there may be a job yet: settle
 * those, let others have the lock, and come again.
 */
bool take_locked(struct worker *worker, struct take *take);

/* JOB, which the caller has moved to RUNNING, is to leave its queue, or the hand that it is
 * in: it runs in place of a wait. */
void take_in_place_locked(bothy_future *job, struct kicks *kicks);

#endif
