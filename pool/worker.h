/*
 * Workers: the pool's threads.
 *
 * Locking: the pool's lock guards all but `parker`, and `local` and `context`, which are
 * the thread's own.
 */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "pool/charge.h"
#include "pool/pool.h"
#include "tls/context.h"

struct worker {
	bothy_pool *pool;            /* held; const */
	struct worker *next, *prev;  /* in pool->workers */
	struct worker *also;         /* next in pool->idle or pool->gone */
	struct thread thread;
	struct parker parker;        /* for want of jobs */
	bothy_future *top;           /* the innermost job on this thread's stack; `below` are
	                              * those that wait for it in place */
	bothy_project *ended;        /* of the last job, for pool_job_ended_locked() */
	bothy_project *stuck;        /* whose job it is lost in */
	bool own;                    /* of BOTHY_OWN_THREAD: `top` is there from the start */
	bool placed;                 /* has a place */
	bool parked;                 /* waits in a job and has lent its place */
	bool lost;
	bool ready;                  /* worker_init has returned 0 */
	struct charge charge;        /* for `top`, if it is not in place of another */
	int start_error;             /* why this thread can't serve; or, of one that does,
	                              * why the job in `top` has no thread of its own */
	void *local;
	bothy_context context;
};

/* The calling thread's, or NULL on threads that are no worker's, and when one is about to
 * end. */
struct worker *worker_current(void);

/*
 * Start a worker; with OWN_JOB (taken, in a place, CHARGE begun) one that runs
 * just that.
 *
 * 0, -ENOMEM, or what pthread_create(3) said: nothing has changed then.
 */
int worker_start_locked(bothy_pool *pool, bothy_future *own_job, struct charge *charge);

/* Start threads as long as some are missing.  0, or why one did not start: then the
 * watchdog, the next submit or the pool's close tries again. */
int worker_staff_locked(bothy_pool *pool);

/* Give up the threads of a `gone` list, which nobody will join. */
void worker_detach_all(struct worker *gone);

/* Join the threads that are gone, apart from the lock, which is held before and after. */
void worker_reap_locked(bothy_pool *pool);

#endif
