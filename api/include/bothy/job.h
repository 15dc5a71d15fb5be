/*
 * Jobs: a function, whose work it is, and until when.
 */
#ifndef BOTHY_JOB_H
#define BOTHY_JOB_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/*
 * A job's function.  Returns 0; or a positive number, its own error; or what
 * bothy_stop_requested() said, and then settles as canceled or timed out.  Any other
 * negative value is a failure too, read back as its absolute value (INT_MIN as INT_MAX).
 *
 * *RET_RESULT is NULL to begin with; what fn leaves there is the result, for whatever
 * fn returns.
 */
typedef int bothy_fn(void *arg, void **ret_result);

struct bothy_job {
	size_t size;                /* sizeof (struct bothy_job); BOTHY_JOB() fills it in */
	const char *entity;         /* whose job it is: both are copied; or ... */
	const char *project;
	bothy_project *handle;      /* ... a project of this pool, already open */
	bothy_fn *fn;
	void *arg;
	size_t arg_bytes;           /* not 0: that much of ARG is copied into the job */
	void (*arg_free)(void *);   /* called exactly once for an accepted job, run or not,
	                             * with no context installed.  Of a refused job, ARG
	                             * stays the caller's.  A copied one gets the copy.  On
	                             * any thread: it must not call pthread_exit() */
	void (*result_free)(void *); /* for a result that nobody takes; not for NULL; on any
	                              * thread likewise */
	const char *name;           /* what the job does; must outlive it; may be NULL */
	bothy_time deadline;        /* not given: the pool's default; BOTHY_FOREVER: none.
	                             * One that is past is accepted, and EXPIRED */
	int priority;               /* -100 to 100, among its own project's jobs: see below */
	unsigned flags;             /* enum bothy_flags */
	bothy_group *group;         /* counted there */
	bothy_completions *completions; /* delivered there, with ... */
	void *tag;                  /* ... this */
};

/*
 * Among a project's jobs, the higher priority starts first; of those of equal priority that came
 * about together, the one with the earlier deadline; then the one that came first.
 *
 * No job is overtaken for ever: of later jobs that are N above it, at most the next
 * 1,000 * (N + 1) of its project can be ahead of it; of equal ones, at most 1,000.
 */

#ifndef __cplusplus
/* A struct bothy_job with its size filled in:
 *     bothy_submit(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = f), NULL);  */
#define BOTHY_JOB(...) ((struct bothy_job){.size = sizeof(struct bothy_job), __VA_ARGS__})
#endif

/*
 * Have POOL run JOB in a context of its own, which no other job sees.
 *
 * The struct, its strings (but for the name) and, with arg_bytes, the argument are
 * copied.  A job that is refused stays the caller's, argument and all; one that is
 * accepted settles exactly once and has its arg_free called exactly once.
 *
 * Ownership: *ret_future is the caller's, to release; with a NULL ret_future nobody waits
 *            ("fire and forget").
 * Threads:   any, jobs included.
 * Errors:    -EINVAL: NULL pool, job or function; entity and project NULL, empty, with a
 *            '/' or ':', or given beside a handle; a handle of another pool; a negative
 *            deadline; a priority out of range; an unknown flag; a NULL argument to be
 *            copied; a size of no release's;
 *            -ENOTSUP: BOTHY_ENSURE_PROJECT or BOTHY_TRACE on a pool without a server;
 *            -EAGAIN: the queue, or the project's, is full (with BOTHY_BLOCK: until the
 *            job's deadline, or at once on a pool's thread);
 *            -ESHUTDOWN: the pool is closing, and this is no job of it;
 *            -ENOMEM; -E2BIG; -ECHILD in a forked child; what pthread_create(3) said if
 *            the pool's first deadline could not be given its timer.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_submit(bothy_pool *pool, const struct bothy_job *job,
                                            bothy_future **ret_future);

/*
 * Submit JOBS[0..N-1] in order, up to the first that is refused.
 *
 * RET_FUTURES is an array of N, or NULL; only those of accepted jobs are written.
 * *ret_accepted is always set.  N may be 0.
 * Errors: the first refusal's code, as with bothy_submit().
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_submit_many(bothy_pool *pool, const struct bothy_job *jobs,
                                                 size_t n, bothy_future **ret_futures,
                                                 size_t *ret_accepted);

/*
 * Submit JOB, wait for it, and take its result.
 *
 * DEADLINE caps the job's own: still queued then it is EXPIRED, running it is TIMED_OUT.
 * If ARG is not NULL, not copied and without an arg_free, run also waits until the job
 * has ended, since it may be using ARG; it still returns -ETIMEDOUT then.  In a job of the
 * same pool, JOB has at most that one's deadline, and is stopped with it; what JOB leaves
 * running is not.  When the wait fails (see bothy_future_wait()) JOB is canceled first; with -EAGAIN,
 * also for want of a spare thread, it was not accepted.
 *
 * Ownership: *ret_result is the caller's, set whatever the job's outcome is, and untouched
 *            if it was refused or the wait failed; a result is freed if ret_result is NULL.
 * Errors:    as bothy_submit(), then as bothy_future_result(), positive values included;
 *            in a job as bothy_future_wait() too.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_run(bothy_pool *pool, const struct bothy_job *job,
                                         bothy_time deadline, void **ret_result);

/*
 * Run JOB on this thread, in a context of its own, without a pool.
 *
 * SERVER may be NULL.  Nobody watches the deadline: bothy_stop_requested() knows it, and
 * a job that returns later is -ETIMEDOUT, its result freed.  In a job it has that one's stop
 * requests; what nobody watches outside, a deadline of this kind or an entered context's,
 * caps its own.  If the job's function calls pthread_exit(), the context and the argument are
 * cleaned up while the thread ends.
 *
 * Errors: as bothy_run(); -EINVAL for a group, completions or BOTHY_OWN_THREAD, which
 *         need a pool.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_run_here(bothy_server *server, const struct bothy_job *job,
                                              void **ret_result);

/*
 * From inside a job: submit a child to the same pool, for the same project.
 *
 * The child starts with the parent's refs (each held again), what the server's inherit
 * hands on, at most the parent's deadline, and the parent's stop requests: canceling a
 * parent stops its descendants.  Locals are not inherited.  The parent may end first.
 *
 * Errors: as bothy_submit(); -EINVAL if entity, project or handle is given; -ENOENT
 *         outside a job of a pool; -EPERM in a context entered inside the job (leave it first);
 *         what the server's inherit said.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_spawn(const struct bothy_job *job, bothy_future **ret_future);

BOTHY_END_DECLS

#endif
