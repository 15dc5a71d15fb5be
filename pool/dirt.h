/*
 * Dirt: what a job, or a callback between jobs, has left on a worker's thread: put right, counted
 * and told; and a thread that can't be put right is made unfit for others.
 *
 * Locking: all is the calling worker's own, but for the counters, which the pool's lock guards and
 * which are taken only if there is something to count.
 */
#ifndef POOL_DIRT_H
#define POOL_DIRT_H

#include "pool/thread_state.h"
#include "pool/worker.h"

/* WORKER's thread is now as each of its jobs is to find it. */
void dirt_begin(struct worker *worker);

/*
 * Make WORKER's thread as it was, and tell what was not.  PROJECT's job, in CONTEXT, has left it; NULL
 * and 0: something between jobs.  The caller has no lock, and PROJECT is held.
 */
void dirt_check(struct worker *worker, bothy_project *project, uint64_t context);

/* Make WORKER's thread as it was, for a job that runs in place of a wait, and keep in *RET_FOUND how the
 * waiting one had it.  False, and nothing has changed: it can't be made so. */
bool dirt_set_aside(struct worker *worker, struct thread_state *ret_found);
void dirt_take_back(struct worker *worker, const struct thread_state *found);

#endif
