/*
 * The pool: run jobs on a fixed number of threads, each in a context of its own.
 */
#ifndef BOTHY_POOL_H
#define BOTHY_POOL_H

#include <bothy/base.h>
#include <bothy/hygiene.h>

BOTHY_BEGIN_DECLS

enum bothy_when_full {
	BOTHY_REJECT = 0, /* a submit is -EAGAIN */
	BOTHY_BLOCK = 1   /* it waits, at most until the job's deadline, then -EAGAIN; on a
	                   * pool's thread it is -EAGAIN at once */
};

struct bothy_pool_options {
	size_t size;                  /* sizeof (struct bothy_pool_options) */
	unsigned workers;             /* jobs that run at once; 0: one per CPU; at most 1,024 */
	size_t queue_max;             /* accepted, not yet taken by a worker; 0: 1 << 20 */
	enum bothy_when_full when_full;
	int64_t default_timeout_ns;   /* per job, from submit; 0: none */
	int64_t stop_grace_ns;        /* past a deadline, before a worker counts as lost and is
	                               * replaced; 0: 10 ms */
	unsigned lost_max;            /* replaced at once, at most, threads of BOTHY_OWN_THREAD
	                               * included; 0: as many as workers */
	unsigned lost_per_project;    /* then the project must wait; 0: 1 */
	unsigned spare_max;           /* threads for places that waiting jobs lend; 0: 64 */
	size_t stack_bytes;           /* per thread, at least 64 KiB; 0: the system's default, or
	                               * 1 MiB where that is less */
	enum bothy_ref_fallback refs; /* see <bothy/ref.h> */
	enum bothy_hygiene hygiene;
	const char *name;             /* thread names; copied; NULL: "bothy" */
	/* Called on each new pool thread before its first job, with no context; a negative
	 * return: the thread can't serve, which fails bothy_pool_new() or counts as a
	 * thread that could not start.  Each thread that got so far calls worker_fini. */
	int (*worker_init)(void *user, void **ret_worker_local);
	void (*worker_fini)(void *user, void *worker_local);
	void *user;
	/* Called on a worker after a job that has left something of what is in dirt_mask
	 * (<bothy/hygiene.h>; 0: BOTHY_DIRT_DEFAULT), or something that costs its thread: after
	 * its argument is freed and the thread put right, before the job settles, with no
	 * context and no lock.  DIRT is there for the call.  It must be quick, and not call
	 * pthread_exit(). */
	void (*on_dirty)(void *user, const struct bothy_dirt *dirt);
	uint32_t dirt_mask; /* also what stats.dirtied counts */
};

/*
 * Start a pool.
 *
 * SERVER may be NULL: then contexts know entity and project, and nothing is recorded.
 * OPTIONS may be NULL.
 *
 * Ownership: *ret_pool is the caller's; OPTIONS is copied, SERVER held.
 * Errors:    -EINVAL: too many workers or spares (over 1,024), a stack under 64 KiB, a
 *            negative time, an unknown enumerator or bit of dirt_mask; -E2BIG; -ENOMEM;
 *            -ECHILD; what pthread_create(3) or worker_init said, with no thread left
 *            behind.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_pool_new(bothy_server *server,
                                              const struct bothy_pool_options *options,
                                              bothy_pool **ret_pool);

/*
 * Refuse jobs from outside; let the accepted ones, and what they spawn, run until DEADLINE;
 * then cancel what is queued and ask what runs to stop.
 *
 * Returns 0 when all threads, lost ones included, are gone.
 * Threads: any, several at once; but no callback of a job's (arg_free, a notify function)
 *          that is called on a thread of yours, for that job has not quite ended.
 * Errors:  -ETIMEDOUT: a job still runs; call again; -EDEADLK on a thread of this pool;
 *          -EINVAL; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_pool_close(bothy_pool *pool, bothy_time deadline);

/*
 * Close without a deadline, then free.  On a thread of this pool: abandon.
 *
 * Threads: one, and no other call may be using POOL: the calls of jobs that still run,
 *          and of project handles and futures, may.
 */
BOTHY_API void bothy_pool_free(bothy_pool *pool);

/*
 * Cancel what is queued, ask the rest to stop, and return at once: what still runs keeps
 * the last hold, and the last thread to go frees the pool.  As with bothy_pool_free(),
 * POOL is not the caller's any more.
 *
 * Ownership: worker_init, worker_fini and on_dirty may be called with USER after this has returned,
 *            or bothy_pool_free() on a thread of this pool.  USER must stay until the last
 *            thread has gone, of which nobody is told but a server's destroy: as a rule, for
 *            as long as the process.
 */
BOTHY_API void bothy_pool_abandon(bothy_pool *pool);

struct bothy_pool_stats {
	size_t size; /* the caller's sizeof (struct bothy_pool_stats); no more is written */
	/* Jobs, since the pool began.  submitted is the sum of the six below it, of queued
	 * and of running. */
	uint64_t submitted; /* accepted */
	uint64_t done;
	uint64_t failed;
	uint64_t canceled;
	uint64_t expired;
	uint64_t timed_out;
	uint64_t thread_exited;
	uint64_t refused; /* for a full queue */
	/* Now. */
	uint64_t queued;
	uint64_t running;  /* started and not settled */
	uint64_t overdue;  /* timed out, and running still */
	unsigned threads;  /* of jobs, all told */
	unsigned waiting;  /* parked in a job, their places lent */
	unsigned lost;     /* stuck in a job past its deadline and grace */
	unsigned narrowed; /* places that are not made good: lost beyond lost_max, or no
	                    * thread would start */
	uint64_t charged_ns; /* what jobs took that have left their workers: see
	                      * <bothy/project.h> */
	/* Contexts whose server could not finish, and the last such error. */
	uint64_t finish_failed;
	int finish_error;
	/* Jobs, and callbacks between them, that have left something of dirt_mask; threads that
	 * were retired for what can't be put back. */
	uint64_t dirtied;
	uint64_t retired;
};

/*
 * A consistent reading of POOL's counters.
 *
 * Threads: any.
 * Errors:  -EINVAL: NULL, or a size smaller than the first release's; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_pool_stats(bothy_pool *pool, struct bothy_pool_stats *stats);

/*
 * How long POOL's jobs waited, from when they were accepted until they started, and how long they
 * ran, from then on until their threads were free again, without the time for which they had lent
 * their places: see <bothy/histogram.h>.
 *
 * Each job that has left its thread is in both, which are of the same moment; one that ran in place
 * of a wait is in neither: its time is part of the waiting job's.  Reading stops nobody: the
 * pool's lock is held for as long as it takes to copy some KB.
 *
 * Ownership: *ret_wait and *ret_run are the caller's, for bothy_histogram_free().
 * Threads:   any.
 * Errors:    -EINVAL: NULL; -ENOMEM; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_pool_times(bothy_pool *pool, bothy_histogram **ret_wait,
                                                bothy_histogram **ret_run);

BOTHY_END_DECLS

#endif
