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

/* Whether there is anything for dirt_look() to do, where hygiene_reset() has FOUND that. */
static inline bool dirt_wants_look(const struct worker *worker, uint32_t found)
{
	return (found & worker->pool->options.dirt_mask) != 0 || pool_is_strict(worker->pool);
}

/*
 * Make WORKER's thread as it was, after hygiene_reset(), and tell what was not, what that has
 * FOUND included.  PROJECT's job, in CONTEXT, has left it; NULL and 0: something between jobs.
 * The caller has no lock, and PROJECT is held.
 */
void dirt_look(struct worker *worker, uint32_t found, bothy_project *project, uint64_t context);

/*
 * Of a strict pool: make WORKER's thread as it was, for a job that runs in place of a wait, and
 * keep in *RET_FOUND how the waiting one had it.  False, and nothing has changed: it can't be.
 */
bool dirt_set_aside(const struct worker *worker, struct thread_state *ret_found);
void dirt_take_back(const struct thread_state *found);

#endif
