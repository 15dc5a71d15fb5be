/*
 * Projects: whose jobs they are, what they may use, and what they used.
 *
 * A pool's time is shared by its projects, not its turns: of the projects that have jobs, the
 * one that has had the least time for its weight is next, so one that sends long jobs, or many,
 * gets no more than its share.  Having been idle is no credit, but for one job of average
 * length; having been alone is no debt.
 *
 * Workers take short jobs by the dozen, so what is said of turns, priorities and deadlines among
 * queued jobs holds but for some 50 us of work.  If one of them turns out to be long, those behind
 * it are given back after a millisecond.
 */
#ifndef BOTHY_PROJECT_H
#define BOTHY_PROJECT_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* What a job is charged for. */
enum bothy_charge {
	BOTHY_CHARGE_WALL = 0, /* from its start to its end, but for waits that lent its place */
	BOTHY_CHARGE_CPU = 1   /* the CPU time of its thread meanwhile */
};

struct bothy_project_options {
	size_t size;              /* sizeof (struct bothy_project_options) */
	unsigned weight;          /* of its share, among projects that have jobs; 0: 1; at most
	                           * 10,000 */
	unsigned max_running;     /* jobs with a place, those that are stuck too; 0: no limit.  A
	                           * job that waits and has lent its place does not count */
	size_t queue_max;         /* accepted, not yet taken by a worker; 0: the pool's alone.  A full
	                           * queue is as with the pool's when_full */
	unsigned rate_per_s;      /* starts a second; 0: no limit; at most 1,000,000 */
	unsigned burst;           /* starts at once after a pause; 0: 1; at most 1,000,000; only
	                           * with a rate */
	enum bothy_charge charge; /* a job that runs in place of a wait is part of the waiting
	                           * job's time */
};

/*
 * Find or make a project of POOL, so that jobs can name it by handle.
 *
 * With OPTIONS, it is also configured, as by bothy_project_configure(); NULL leaves it as it
 * is: with defaults, if it is new.  A project lives, as configured, as long as a handle or a
 * job is there.
 *
 * Ownership: *ret_project is the caller's, and outlives the pool.
 * Threads:   any.
 * Errors:    -EINVAL for a bad entity or project, as with bothy_submit(), and as
 *            bothy_project_configure(); -E2BIG; -ENOMEM; -ESHUTDOWN; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_project_open(bothy_pool *pool, const char *entity,
                                                  const char *project,
                                                  const struct bothy_project_options *options,
                                                  bothy_project **ret_project);

/*
 * PROJECT has OPTIONS from now on, all of them; NULL: the defaults.  What is queued stays.
 *
 * Threads: any, at any time.
 * Errors:  -EINVAL: a weight over 10,000, a rate or a burst over 1,000,000, a burst without a
 *          rate, an unknown enumerator; -E2BIG; -ECHILD; with a rate also -ENOMEM, and what
 *          pthread_create(3) said if it could not be given its timer.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_project_configure(bothy_project *project,
                                                       const struct bothy_project_options *options);

/*
 * Cancel PROJECT's jobs that are queued now, and ask those that run to stop: each as
 * bothy_future_cancel() does.  Jobs that are submitted meanwhile may be canceled or not.
 *
 * Threads: any; in a job of PROJECT's, that job is asked too.
 * Errors:  -EINVAL; -ECHILD.
 */
BOTHY_API int bothy_project_cancel(bothy_project *project);

struct bothy_project_stats {
	size_t size; /* the caller's sizeof (struct bothy_project_stats); no more is written */
	/* Jobs, since the project began: as in struct bothy_pool_stats. */
	uint64_t submitted;
	uint64_t done;
	uint64_t failed;
	uint64_t canceled;
	uint64_t expired;
	uint64_t timed_out;
	uint64_t thread_exited;
	uint64_t refused;
	uint64_t queued;
	uint64_t running;
	uint64_t overdue;
	uint64_t charged_ns; /* what its jobs took that have left their workers */
	unsigned lost;       /* threads stuck in its jobs */
	unsigned places;     /* that its jobs have now: running, lost ones too, but not those that
	                      * wait and have lent theirs */
	unsigned lent;       /* jobs that wait, parked, their places lent */
	uint64_t dirtied;    /* jobs that have left something: see <bothy/hygiene.h> */
	uint64_t retired;    /* threads that were retired for it */
};

/*
 * A consistent reading of PROJECT's counters.
 *
 * Threads: any.
 * Errors:  -EINVAL: NULL, or a size smaller than the first release's; -ECHILD.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_project_stats(bothy_project *project,
                                                   struct bothy_project_stats *stats);

/* How long PROJECT's jobs waited and ran, since it began: all as bothy_pool_times(). */
BOTHY_API BOTHY_MUST_CHECK int bothy_project_times(bothy_project *project,
                                                   bothy_histogram **ret_wait,
                                                   bothy_histogram **ret_run);

/* End the caller's hold.  Any thread; NULL is fine. */
BOTHY_API void bothy_project_release(bothy_project *project);

BOTHY_END_DECLS

#endif
