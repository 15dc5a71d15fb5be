/*
 * The counters and times of jobs, of the pool and of each project: one function for each thing
 * that can happen to a job, so that both always add up.
 *
 * Locking: the pool's lock, but for the times, which have their own.
 *
 * Invariant, whenever it is free: submitted = the outcomes + queued + running, if what is in the
 * workers' hands is added (worker_count_jobs_locked()).
 */
#ifndef POOL_TALLY_H
#define POOL_TALLY_H

#include <bothy/project.h>

void tally_submitted_locked(bothy_project *project);
void tally_withdrawn_locked(bothy_project *project); /* as if it had not been submitted */
void tally_refused_locked(bothy_project *project);   /* for want of room */

/* N queued jobs are in a worker's hand, and not counted until they have ended (see hand.h); one is
 * queued again. */
void tally_handed_locked(bothy_project *project, unsigned n);
void tally_handed_back_locked(bothy_project *project);

/* One that was in a hand has run, and settled as PHASE; or its deadline has settled it. */
void tally_hand_ran_locked(bothy_project *project, unsigned phase);
void tally_hand_overdue_locked(bothy_project *project);

/* A queued job runs in place of a wait. */
void tally_started_locked(bothy_project *project);

/* A queued job, or one that ran in place, has settled as PHASE. */
void tally_unrun_locked(bothy_project *project, unsigned phase);
void tally_ran_locked(bothy_project *project, unsigned phase);

/* One that runs in place has timed out; one that has timed out does not run any more. */
void tally_overdue_locked(bothy_project *project);
void tally_overdue_ended_locked(bothy_project *project);

/* A job of PROJECT's (NULL: something between jobs) has left something on its thread; that thread
 * is retired for it. */
void tally_dirtied_locked(bothy_pool *pool, bothy_project *project);
void tally_retired_locked(bothy_pool *pool, bothy_project *project);

/* A job that was in a hand had WAITED from when it was accepted until it started, and RAN until
 * it ended, in ns.  With the lock of the times, not the pool's. */
void tally_times_locked(bothy_project *project, int64_t waited, int64_t ran);

#endif
