/*
 * Futures, groups and completion queues: how to learn what became of jobs.
 *
 * All calls here are legal after the pool is gone.
 *
 * Waiting inside a job: a worker that waits may run the awaited job itself, in place, if that
 * one descends from the waiting one and nothing could end the wait that does not stop that
 * job, too; otherwise it parks and lends its place to a spare thread, so that waiting can't
 * starve the pool.  Each wait ends when the waiting job is asked to stop, and returns what
 * bothy_stop_requested() says.  A wait that can never end, since the jobs wait for each other, is
 * -EDEADLK; one with BOTHY_FOREVER and no spare thread left is -EAGAIN (a timed one just
 * parks).  A job that runs in place and ends its thread takes those along that wait below it: their
 * waits do not return, and they are BOTHY_THREAD_EXITED, too.  BOTHY_OWN_THREAD keeps it out.
 *
 * All this is of waits for jobs.  One for the store (<bothy/trace.h>) ends at its deadline alone,
 * and lends no place; bothy_sleep_until() lends none either.
 */
#ifndef BOTHY_FUTURE_H
#define BOTHY_FUTURE_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

enum bothy_state {
	BOTHY_QUEUED = 0,        /* accepted, not started */
	BOTHY_RUNNING = 1,
	BOTHY_DONE = 2,          /* returned 0; this and all below: settled */
	BOTHY_FAILED = 3,        /* returned an error, or could not be started */
	BOTHY_CANCELED = 4,      /* before it started, or it returned -ECANCELED when asked to */
	BOTHY_EXPIRED = 5,       /* its deadline passed before it started */
	BOTHY_TIMED_OUT = 6,     /* ... after it had started; it may be running still */
	BOTHY_THREAD_EXITED = 7  /* it ended its thread */
};

/* ---- one job's future ------------------------------------------------------------- */

/*
 * Wait until FUTURE is settled or DEADLINE passes.
 *
 * The job's refs, locals and memory are gone before this returns 0, unless it timed out
 * and still runs.  Waiting less does not cancel: FUTURE may be waited on again.
 *
 * Ownership: FUTURE stays the caller's.
 * Threads:   any number; on a worker, see "waiting inside a job".
 * Errors:    -EINVAL; -ETIMEDOUT; -ECHILD for a future from before a fork; in a job also
 *            -EDEADLK, -EAGAIN and its stop reason.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_future_wait(bothy_future *future, bothy_time deadline);

/* Wait until all of FUTURES[0..N-1] are settled; N may be 0.  As bothy_future_wait(). */
BOTHY_API BOTHY_MUST_CHECK int bothy_future_wait_all(bothy_future *const *futures, size_t n,
                                                     bothy_time deadline);

/*
 * The outcome of a settled job.
 *
 * The code may be read any number of times.  The result is handed out once, to the first
 * who asks with a RET_RESULT that is not NULL; after that, and when it went to a
 * completion queue, *ret_result is NULL.  A result that nobody takes is freed with the
 * last hold, by the job's result_free; that of a job that timed out or ended its thread, as
 * soon as the job has ended.
 *
 * Ownership: *ret_result is the caller's; it is set for every settled job.
 * Threads:   any number at once.
 * Returns:   0; the job's own error, positive; a negative errno for a job that could not
 *            be started (its server's ensure_project or begin, or its own thread);
 *            -ECANCELED; -ETIMEDOUT (EXPIRED and TIMED_OUT: the state tells which);
 *            -EOWNERDEAD: the job ended its thread; -EINPROGRESS: not settled yet;
 *            -EINVAL; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_future_result(bothy_future *future, void **ret_result);

/* What the job said with bothy_fail(), once it is settled; NULL if it said nothing.  The
 * text lives as long as FUTURE.  A timed-out job's is not handed out. */
BOTHY_API const char *bothy_future_error(bothy_future *future);

/* Where the job is now; any number of threads.  BOTHY_QUEUED for a NULL future. */
BOTHY_API enum bothy_state bothy_future_state(bothy_future *future);

/* Whether the job's function, or what cleans up after it, is running: a timed-out job may
 * still be. */
BOTHY_API bool bothy_future_running(bothy_future *future);

/*
 * Cancel.  Queued: settled as canceled, never runs.  Running: asked to stop, as are the
 * jobs it spawned or runs; what the job returns decides how it settles.
 *
 * Threads: any.
 * Errors:  -EALREADY: settled, or settling; -EINVAL; -ECHILD.
 */
BOTHY_API int bothy_future_cancel(bothy_future *future);

/*
 * Call FN(ARG) once, when FUTURE is settled: at once, on this thread, if it is already;
 * else on whichever thread settles it, with no lock held and no context installed.  FN
 * must not block, and must not call pthread_exit().  It may release FUTURE.
 *
 * Errors: -EBUSY: there was one already; -ENOMEM; -EINVAL; -ECHILD.  Then FN is not
 *         called.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_future_notify(bothy_future *future, void (*fn)(void *),
                                                   void *arg);

/* End the caller's hold.  The job goes on.  Any thread; NULL is fine. */
BOTHY_API void bothy_future_release(bothy_future *future);

/* ---- groups: how many are left -------------------------------------------------------- */

/*
 * A group counts the jobs submitted with it until they are settled.  It may be used
 * again after a wait.  Jobs hold it; it may be released while they run.
 *
 * Errors: -ENOMEM.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_group_new(bothy_group **ret_group);

/* Wait until no job of GROUP is unsettled.  As bothy_future_wait(); a job that waits for
 * a group that counts itself gets -EDEADLK. */
BOTHY_API BOTHY_MUST_CHECK int bothy_group_wait(bothy_group *group, bothy_time deadline);

/* Cancel every unsettled job of GROUP, as bothy_future_cancel() does; those submitted
 * later are not touched, nor those whose submit has not returned yet (it may be waiting for room): a
 * later cancel finds them.  0, also for none.  Errors: -EINVAL, -ECHILD. */
BOTHY_API int bothy_group_cancel(bothy_group *group);

BOTHY_API void bothy_group_release(bothy_group *group);

/* ---- completion queues: one by one, as they settle ---------------------------------------- */

struct bothy_completion {
	void *tag;              /* the job's */
	int code;               /* as bothy_future_result() */
	enum bothy_state state;
	void *result;           /* the receiver's from now on */
};

/*
 * A queue to which jobs are delivered as they settle.  Jobs hold it.
 *
 * Errors: -ENOMEM; what eventfd(2) says.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_completions_new(bothy_completions **ret_completions);

/*
 * A file descriptor that is readable while the queue is not empty: for poll, epoll, libuv
 * or GLib.  The queue's: don't read from it, don't close it.  -EINVAL, -ECHILD.
 */
BOTHY_API int bothy_completions_fd(bothy_completions *completions);

/*
 * Take the next delivery, waiting for it until DEADLINE; BOTHY_NOW only looks.
 *
 * Threads: any number; each delivery goes to one.  On a worker, see "waiting inside a
 *          job".
 * Errors:  -ETIMEDOUT: none came; -EINVAL; -ECHILD; in a job also -EAGAIN and its stop
 *          reason.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_completions_next(bothy_completions *completions,
                                                      bothy_time deadline,
                                                      struct bothy_completion *ret_completion);

/* End the caller's hold.  With it the results still there, and those to come, are freed
 * by their jobs' result_free.  No thread may be in bothy_completions_next(). */
BOTHY_API void bothy_completions_release(bothy_completions *completions);

BOTHY_END_DECLS

#endif
