/*
 * Workers: the pool's threads.
 *
 * Locking: the pool's lock guards all but `hand`, which hand.h speaks of, `parker`, and what is
 * the thread's own: `local`, `context`, and from `now` to `stains`.
 */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "pool/hand.h"
#include "pool/pool.h"
#include "pool/thread_state.h"
#include "tls/context.h"

struct run;

struct worker {
	bothy_pool *pool;            /* held; const */
	struct worker *next, *prev;  /* in pool->workers */
	struct worker *also;         /* next in pool->idle or pool->gone */
	struct thread thread;
	struct parker parker;        /* for want of jobs */
	struct hand hand;            /* has its own lock */
	bothy_project *stuck;        /* whose job it is lost in; held */
	bool own;                    /* of BOTHY_OWN_THREAD: its job is in the hand from the start */
	bool placed;                 /* has a place */
	bool brisk;                  /* the jobs in its hand are short */
	bool lost;
	bool ready;                  /* worker_init has returned 0 */
	int start_error;             /* why this thread can't serve; or, of one that does,
	                              * why the job that it runs has no thread of its own */
	bothy_time now;              /* when its last job, and what was called for it, ended */
	struct run *run;             /* in the frame of the thread's main function */
	bothy_future *settled;       /* linked by `kept`: they have yet to leave their groups */
	struct job_spares spares;    /* what it has freed */
	struct thread_state base;    /* strict: as worker_init has left the thread */
	uint32_t stains;             /* what is not so any more, and can't be: a thread with any
	                              * takes no more jobs */
	void *local;
	bothy_context context;
};

/* The calling thread's, or NULL on threads that are no worker's, and when one is about to
 * end. */
struct worker *worker_current(void);

/* In a child that a job or a callback has forked there is no pool to come back to, or to tell. */
static inline bool worker_in_forked_child(const struct worker *worker)
{
	return pool_check(worker->pool) < 0;
}

/*
 * Start a worker; with FROM, one that has the only job that is there, and its place, and
 * serves no others.
 *
 * 0, -ENOMEM, or what pthread_create(3) said: nothing has changed then.
 */
int worker_start_locked(bothy_pool *pool, struct hand *from);

/* Where the calling thread keeps blocks of jobs; NULL: nowhere. */
struct job_spares *worker_spares(void);

/* Start threads as long as some are missing.  0, or why one did not start: then the
 * watchdog, the next submit or the pool's close tries again. */
int worker_staff_locked(bothy_pool *pool);

/* WORKER is not expected to come soon any more. */
void worker_not_brisk_locked(struct worker *worker);

/* What WORKER has in its hand is for others, what has ended there is entered in the books, and it is
 * not to be relied on to come soon.  The caller sees to that a worker is woken. */
void worker_recall_locked(struct worker *worker, struct kicks *kicks);

/* The same, with the hand's lock too. */
void worker_recall_hand_locked(struct worker *worker, struct kicks *kicks);

/* ... all that any worker has. */
void worker_recall_all_locked(bothy_pool *pool, struct kicks *kicks);

/* The same, but what a thread was started for stays with it, unless it is a job of PROJECT's (NULL:
 * nobody's): it would be started again, and again, if others had theirs recalled meanwhile. */
void worker_recall_shared_locked(bothy_pool *pool, const bothy_project *project,
                                 struct kicks *kicks);

/* Ask the jobs of PROJECT (NULL: all) that run to stop. */
void worker_stop_jobs_locked(bothy_pool *pool, const bothy_project *project);

/* The jobs of PROJECT (NULL: all) that are in hands, by what the pool's books say of them. */
void worker_count_jobs_locked(bothy_pool *pool, const bothy_project *project, uint64_t *queued,
                              uint64_t *running);

/* Give up the threads of a `gone` list, which nobody will join. */
void worker_detach_all(struct worker *gone);

/* Join the threads that are gone, apart from the lock, which is held before and after. */
void worker_reap_locked(bothy_pool *pool);

#endif
