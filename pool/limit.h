/*
 * What a project may not have more of: jobs in its queue, and starts a second.  (How many of its
 * jobs run at once is project.c's own.)
 *
 * Locking: the pool's lock.
 */
#ifndef POOL_LIMIT_H
#define POOL_LIMIT_H

#include <bothy/project.h>

#include "pool/heap.h"

struct kicks;

/*
 * A token bucket, as the generic cell rate algorithm (ITU-T I.371) keeps it: one time instead of a
 * count that somebody has to top up.  All zero: no limit.
 */
struct limit_rate {
	struct heap_item item; /* in the pool's `due`, while there is no token */
	int64_t interval;      /* a token's; 0: no limit */
	int64_t slack;         /* what a full bucket may be ahead */
	bothy_time full_at;    /* when the bucket is full again */
};

/* Reserve room for JOB in its project's queue, if need be waiting until its deadline with the lock
 * released; its wait begins anew then.  0, or -EAGAIN; 0 too if the pool closes meanwhile. */
int limit_reserve_locked(bothy_future *job);

/* That room is used, or not needed any more. */
void limit_unreserve_locked(bothy_project *project, struct kicks *kicks);

/* There may be room in PROJECT's queue: pass it on to those who wait for it. */
void limit_room_locked(bothy_project *project, struct kicks *kicks);

/* A job has left PROJECT's queue: pass its room on, in the pool's queue too. */
void limit_left_locked(bothy_project *project, struct kicks *kicks);

/* Whether PROJECT waits for a token. */
bool limit_waits_locked(const bothy_project *project);

/* A job of PROJECT starts, and takes a token. */
void limit_started_locked(bothy_project *project, struct kicks *kicks);

/* PROJECT's options have changed.  0, -ENOMEM, or why the watchdog did not start. */
int limit_prepare_locked(bothy_pool *pool, const struct bothy_project_options *options);
void limit_changed_locked(bothy_project *project, struct kicks *kicks);

/* PROJECT is about to go. */
void limit_fini_locked(bothy_project *project);

/* Give their turns to the projects that have a token by NOW: when the next one will have. */
bothy_time limit_due_locked(bothy_pool *pool, bothy_time now);

#endif
