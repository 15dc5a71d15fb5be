/*
 * What a worker's job is charged for: the time from its start to its end on the worker,
 * without that for which it had lent its place; or the thread's CPU time, if its project
 * says so.  A job that runs in place of a wait is part of the waiting one's time.
 *
 * Locking: those that end in _locked need the pool's lock.  The others
 * are the worker's own, with the lock of the hand that the charge is in (hand.h).  All but
 * charge_begin_locked(), _undo_locked(), _correct_locked() and _end_locked() are called on the
 * worker's own thread, whose CPU time it is.
 */
#ifndef POOL_CHARGE_H
#define POOL_CHARGE_H

#include <bothy/project.h>

struct charge {
	bothy_project *project; /* alive as long as its job has not ended */
	bothy_time since;       /* when the stretch that is on began; 0: none is */
	int64_t took;           /* in the stretches that are over */
	int64_t charged;        /* so far */
	unsigned weight;        /* by which it was */
	int64_t ran;            /* once it has ended: the wall time that it took */
	int64_t cpu_since;
	bool cpu;
};

/* N jobs of PROJECT are handed to a worker: what each is charged for the time being, by its weight. */
int64_t charge_begin_locked(bothy_project *project, unsigned n);

/* One of them is not after all. */
void charge_undo_locked(struct charge *charge);

/* It starts, at NOW; it has ended. */
void charge_start(struct charge *charge, bothy_time now);
void charge_stop(struct charge *charge, bothy_time now);

/* The job lends its place; it has one again. */
void charge_pause_locked(struct charge *charge, bothy_time now);
void charge_resume_locked(struct charge *charge, bothy_time now);

/* The job is stuck: what it took by NOW is charged already. */
void charge_correct_locked(struct charge *charge, bothy_time now);

/* N jobs of PROJECT that were charged CHARGED, together, by WEIGHT, have ended: settle their account. */
void charge_end_locked(bothy_project *project, unsigned n, int64_t charged, unsigned weight,
                       int64_t took);

#endif
