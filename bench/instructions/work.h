/*
 * What is run under callgrind, so that its instructions can be counted: bench/instructions/run.
 *
 * Counts repeat only if nothing hangs on who runs when.  So the pool has one worker, which is
 * either held in a job or has jobs in its queue: it never looks for work in vain, and never
 * sleeps.  While it is held this thread submits; while it works this thread sleeps.  Nothing is
 * torn down, since that would be counted too: the process just ends.
 *
 * All that is done once is done in a short run as well as in a long one, and is gone from the
 * difference of their counts.
 */
#ifndef BENCH_INSTRUCTIONS_WORK_H
#define BENCH_INSTRUCTIONS_WORK_H

#include <bothy/bothy.h>

/* What is done so many times in a round, for the figure that is told for one time. */
#define PER_ROUND 500u

/* ---- one worker, held (lane.c) --------------------------------------------------- */

extern bothy_pool *lane_pool;
extern bothy_project *lane_project; /* LANE_ENTITY's LANE_PROJECT */
extern bothy_time lane_deadline;    /* far away, and the same for all jobs */

#define LANE_ENTITY "team"
#define LANE_PROJECT "bench"

/* Start the pool.  When this returns its worker is held. */
void lane_start(void);

/* Let the worker run what was submitted.  When this returns it is held again, and the jobs have
 * settled. */
void lane_turn(void);

/* End the process if WHAT went wrong: ERROR is not 0. */
void must(const char *what, int error);

/* ---- what is counted ------------------------------------------------------------- */

/* A round each, with the worker held before and after: in the pool (pooled.c), ... */
void round_submit(void);
void round_strings(void);
void round_many(void);
void round_future(void);
void round_in_place(void);

/* ... and on this thread, beside the pool (alone.c). */
void round_run_here(void);
void round_context(void);
void round_first_ref(void);
void round_refs(void);

#endif
