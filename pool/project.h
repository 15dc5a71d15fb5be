/*
 * Projects: whose jobs they are, a queue for each, and whose job is next.
 *
 * Locking: everything here is guarded by the pool's lock, but for the const fields.
 *
 * Turns
 *   Between holds of the lock, a project is in the pool's fair queue (fair.h) if and only if it
 *   has jobs and may start one: project_update_locked() sees to that after each change.  It
 *   may not while it has lost as many threads as it may, has as many jobs running, waits for a
 *   token (limit.c), or is being canceled.  Who lets a project start jobs also sees that a
 *   worker is woken for it: pool_wake_worker_locked().
 *
 * Coming and going
 *   A project is there as long as somebody holds it, and after that until virtual time has
 *   come to its tag, or else who sends one job after the other, by name, would never pay for
 *   them.  No more than DEBTORS_MAX wait so: the least debt is forgotten.
 */
#ifndef POOL_PROJECT_H
#define POOL_PROJECT_H

#include <bothy/project.h>

#include "pool/fair.h"
#include "pool/limit.h"
#include "pool/order.h"
#include "pool/pool.h"
#include "tls/project_name.h"

/* Who goes through a queue, and releases the lock now and then. */
struct project_walk {
	struct project_walk *other; /* of the same project */
	bothy_future *at;           /* where it goes on; NULL: it is through */
};

struct bothy_project {
	struct fair_flow flow;      /* the first member: one address for both */
	bothy_pool *pool;           /* held; const */
	bothy_client *client;       /* held; const */
	uint64_t holds;             /* handles, and jobs that have not quite ended */
	struct bothy_project_options options; /* complete */
	struct order order;         /* the queue */
	unsigned lost;              /* threads stuck in its jobs */
	unsigned places;            /* that its jobs have, stuck ones too */
	unsigned lent;              /* that they had, and have lent to wait */
	unsigned cancelers;         /* threads that cancel its queue: nothing starts */
	uint64_t reserved;          /* room in the queue, for jobs on their way */
	struct line line;           /* of submitters that wait for room */
	struct limit_rate rate;
	struct heap_item debtor;    /* in the pool's `debtors`, while nobody holds it */
	bool kept;                  /* it has jobs and may not start them */
	bothy_time soonest;         /* no job in the queue has an earlier deadline */
	struct project_walk *walks; /* through the queue, that are on */
	struct bothy_project_stats stats; /* but for what is above */
	struct times times;
};

/* Find the project or make it, and hold it.  0 or -ENOMEM. */
int project_get_locked(bothy_pool *pool, const struct project_name *name,
                       bothy_project **ret_project);

/* One hold less; a project without any, and without a debt, is gone.  Whether the caller has to
 * give up the project's hold on the pool: by pool_release_locked(), as its last act. */
bool project_put_locked(bothy_project *project);

/* Put JOB into its project's queue; remove it from there, or from the hand that it is in. */
void project_push_locked(bothy_future *job);
void project_unlink_locked(bothy_future *job);

/* Move JOB from its queue to HAND, without project_update_locked(); put it back, first in turn. */
void project_hand_locked(bothy_future *job, struct hand *hand);
void project_push_back_locked(bothy_future *job);

/*
 * Go through PROJECT's queue: all jobs that are there at the beginning, and are still when it is
 * their turn, and perhaps others; NULL after the last.  The caller holds PROJECT.
 */
void project_walk_locked(bothy_project *project, struct project_walk *walk);
bothy_future *project_walk_next_locked(bothy_project *project, struct project_walk *walk);
void project_walked_locked(bothy_project *project, struct project_walk *walk);

/* All projects, in the order in which they were made; NULL after the last.  A project that
 * is held stays where it is while the lock is released. */
bothy_project *project_first_locked(bothy_pool *pool);
bothy_project *project_next_locked(bothy_project *project);

/* Whether PROJECT may start jobs may have changed. */
void project_update_locked(bothy_project *project);

/* The next job whose turn it is, which stays in its queue; NULL without one. */
bothy_future *project_next_job_locked(bothy_pool *pool);

/* One place more, or less, is had by the project's jobs. */
void project_runs_locked(bothy_project *project);
void project_rests_locked(bothy_project *project);

/* One thread more, or less, is stuck in the project's jobs. */
void project_lost_locked(bothy_project *project);
void project_found_locked(bothy_project *project);

/* Whether it has no jobs, or none that it may start, and no places either. */
bool project_is_idle_locked(const bothy_project *project);

/* Virtual time has moved: see fair_must_move_back(); and debts that are over are forgotten. */
void project_time_moved_locked(bothy_pool *pool);

/* No job will come any more: nobody's debts matter. */
void project_forget_all_locked(bothy_pool *pool);

/* project handles; OPTIONS are checked, and complete once the defaults are filled in */
void project_default_options(struct bothy_project_options *options);
int project_open(bothy_pool *pool, const char *entity, const char *project,
                 const struct bothy_project_options *options, bothy_project **ret_project);
int project_configure(bothy_project *project, const struct bothy_project_options *options);
void project_cancel(bothy_project *project);
void project_stats(bothy_project *project, struct bothy_project_stats *ret_stats);
void project_release(bothy_project *project);

#endif
