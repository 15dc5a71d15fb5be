/*
 * What a worker's job is charged for: the time from its start to its end on the worker,
 * without that for which it had lent its place; or the thread's CPU time, if its project
 * says so.  A job that runs in place of a wait is part of the waiting one's time.
 *
 * Locking: the pool's lock.  All but charge_correct_locked() are called on the worker's own
 * thread, whose CPU time it is.
 */
#ifndef POOL_CHARGE_H
#define POOL_CHARGE_H

#include <bothy/project.h>

/* All zero: nothing is charged. */
struct charge {
	bothy_project *project; /* alive as long as its job has not ended */
	bothy_time since;       /* when the stretch that is on began; 0: its place is lent */
	int64_t took;           /* in the stretches that are over */
	int64_t charged;        /* so far */
	int64_t cpu_since;
	bool cpu;
};

/* A job of PROJECT starts, at NOW, on the calling worker. */
void charge_begin_locked(struct charge *charge, bothy_project *project, bothy_time now);

/* ... or on a new thread, which the calling one has started: move it there. */
void charge_move_locked(struct charge *from, struct charge *to);

/* The job lends its place; it has one again. */
void charge_pause_locked(struct charge *charge, bothy_time now);
void charge_resume_locked(struct charge *charge, bothy_time now);

/* The job is stuck: what it took by NOW is charged already. */
void charge_correct_locked(struct charge *charge, bothy_time now);

/* The job, if there is one, has ended at NOW. */
void charge_end_locked(struct charge *charge, bothy_time now);

#endif
