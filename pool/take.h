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
 * Take the next job for WORKER, if there is one and a place for it.
 *
 * Jobs whose deadline is past are claimed on the way; ones of BOTHY_OWN_THREAD get theirs.
 * If false, and take->expired is not NULL or take->more is set, there may be a job yet: settle
 * those, let others have the lock, and come again.
 */
bool take_locked(struct worker *worker, struct take *take);

/* JOB, which the caller has moved to RUNNING, has left the queue at NOW, or 0 if the
 * caller has not read the clock. */
void take_started_locked(bothy_pool *pool, bothy_future *job, bothy_time now,
                         struct kicks *kicks);

#endif
