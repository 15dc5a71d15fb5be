/*
 * The counters and times of jobs, of the pool and of each project: one function for each thing
 * that can happen to a job, so that both always add up.
 *
 * Locking: the pool's lock.
 *
 * Invariant, whenever it is free: submitted = the outcomes + queued + running.
 */
#ifndef POOL_TALLY_H
#define POOL_TALLY_H

#include <bothy/project.h>

void tally_submitted_locked(bothy_project *project);
void tally_withdrawn_locked(bothy_project *project); /* as if it had not been submitted */
void tally_refused_locked(bothy_project *project);   /* for want of room */
void tally_started_locked(bothy_project *project);

/* A queued job, or one that ran, has settled as PHASE. */
void tally_unrun_locked(bothy_project *project, unsigned phase);
void tally_ran_locked(bothy_project *project, unsigned phase);

/* One that runs has timed out; it does not run any more. */
void tally_overdue_locked(bothy_project *project);
void tally_overdue_ended_locked(bothy_project *project);

/* A job has started NS after it was accepted; one has ended that took NS. */
void tally_waited_locked(bothy_project *project, int64_t ns);
void tally_took_locked(bothy_project *project, int64_t ns);

#endif
