/*
 * Projects: whose jobs they are, and a queue for each.
 *
 * Locking: everything here is guarded by the pool's lock, but for the const fields.
 *
 * Turns: the projects with jobs to take form a ring, and each take moves on by one.  A
 * project that has lost as many threads as it may is out of the ring until one returns.
 */
#ifndef POOL_PROJECT_H
#define POOL_PROJECT_H

#include "pool/pool.h"
#include "tls/project_name.h"

struct bothy_project {
	bothy_pool *pool;           /* held; const */
	bothy_client *client;       /* held; const */
	uint64_t holds;             /* handles, and jobs that have not quite ended */
	bothy_future *first, *last; /* the queue */
	bothy_project *next, *prev; /* in the ring; NULL: not there */
	unsigned lost;              /* threads stuck in its jobs */
	bothy_time soonest;         /* no job in the queue has an earlier deadline */
	bothy_future *sweep;        /* where the watchdog's sweep goes on; NULL: none is on */
};

/* Find the project or make it, and hold it.  0 or -ENOMEM. */
int project_get_locked(bothy_pool *pool, const struct project_name *name,
                       bothy_project **ret_project);

/* One hold less; a project without any is gone.  Whether the caller has to give up the
 * project's hold on the pool: by pool_release_locked(), as its last act. */
bool project_put_locked(bothy_project *project);

/* Append JOB to its project's queue; remove it from there. */
void project_push_locked(bothy_future *job);
void project_unlink_locked(bothy_future *job);

/* All projects, in the order in which they were made; NULL after the last.  A project that
 * is held stays where it is while the lock is released. */
bothy_project *project_first_locked(bothy_pool *pool);
bothy_project *project_next_locked(bothy_project *project);

/* Take the next job whose turn it is, out of the queue; NULL without one. */
bothy_future *project_pop_locked(bothy_pool *pool);

/* One thread more, or less, is stuck in the project's jobs. */
void project_lost_locked(bothy_project *project);
void project_found_locked(bothy_project *project);

/* project handles */
int project_open(bothy_pool *pool, const char *entity, const char *project,
                 bothy_project **ret_project);
void project_release(bothy_project *project);

#endif
