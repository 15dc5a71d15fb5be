/*
 * Fair queueing: which of several flows is to run its next job, so that the time their jobs
 * take is shared by weight.
 *
 * It knows nothing of pools and projects: it is told what starts, and what that took.
 *
 * Start-time fair queueing (Goyal, Vin, Cheng, "Start-time fair queueing: a scheduling
 * algorithm for integrated services packet switching networks", SIGCOMM 1996), which needs no
 * lengths in advance to be fair in the end.  Each flow has a tag, the virtual time at which
 * its next job starts; the flow with the least is next.  A job moves its flow's tag on by what
 * it takes, divided by the weight: by the flow's running average at its start, and corrected
 * when it has ended.
 *
 * Virtual time is the tag of the job that started last, but moves on at least by the work done,
 * divided by the weights of all flows that have jobs (as in Bennett, Zhang, "Hierarchical packet
 * fair queueing algorithms", SIGCOMM 1996).  Else it would stand still as long as new flows came
 * with one job each, and a flow with a debt would wait for them all.
 *
 * Locking: the caller's.
 *
 * Invariants
 *   - Virtual time does not go back.  A flow that enters does so with the first of those that are
 *     behind, but no more than one job of average length before it: having been idle is no other
 *     credit.  When nothing is there and nothing runs, it catches up with all tags, so having
 *     been alone is no debt.
 *   - Over any time in which two flows both have jobs, what they took, divided by their
 *     weights, differs by no more than what was started of each at once and has not ended,
 *     divided likewise.
 */
#ifndef POOL_FAIR_H
#define POOL_FAIR_H

#include "pool/heap.h"

enum { FAIR_WEIGHT_MAX = 10000 };

struct fair_flow {
	struct heap_item item; /* the first member: one address for both */
	int64_t tag;
	int64_t average; /* of what its jobs took; 0: none has ended */
	int64_t rest;    /* of the division by the weight, for the next one */
	unsigned weight; /* 1 .. FAIR_WEIGHT_MAX */
};

/* All zero is one without flows. */
struct fair {
	struct heap heap; /* of the flows that have a job to start, by tag; its owner reserves */
	int64_t now;      /* virtual time */
	int64_t last;     /* no tag is later */
	int64_t weights;  /* of the flows in the heap */
	int64_t rest;     /* of the last division by them */
	int64_t average;  /* over all flows: the guess for a new one */
	uint64_t running; /* and have not lent their places */
};

/* FLOW has a job to start.  IDLE: it had none, nor one that runs, or was kept from starting
 * them; else it keeps the tag that it has. */
void fair_enter(struct fair *fair, struct fair_flow *flow, bool idle);

/* FLOW has no job to start. */
void fair_leave(struct fair *fair, struct fair_flow *flow);

/* The flow whose job is next; NULL: none has any. */
struct fair_flow *fair_first(const struct fair *fair);

/* Whether one flow has jobs, and no other. */
bool fair_is_alone(const struct fair *fair);

/* FLOW's weight is another one now; what it was charged stays so, by the weight of then. */
void fair_weigh(struct fair *fair, struct fair_flow *flow, unsigned weight);

/* FLOW's next N jobs start, before it leaves for want of another: what each is charged for the
 * time being, by the weight that FLOW has.  Below, WEIGHT is that one. */
int64_t fair_start(struct fair *fair, struct fair_flow *flow, unsigned n);

/* ... and did not start after all: what it was CHARGED is given back. */
void fair_undo(struct fair *fair, struct fair_flow *flow, int64_t charged, unsigned weight);

/* A job of some flow lends its place; one of FLOW has one again.  IDLE as with fair_enter(). */
void fair_pause(struct fair *fair);
void fair_resume(struct fair *fair, struct fair_flow *flow, bool idle);

/* A job of FLOW that was charged CHARGED has taken TOOK so far, and goes on: charged TOOK.  What is more
 * is charged by the weight that FLOW has, what is less given back by WEIGHT. */
void fair_correct(struct fair *fair, struct fair_flow *flow, int64_t charged, unsigned weight,
                  int64_t took);

/* N jobs of FLOW that were charged CHARGED, together, have taken TOOK, and are over. */
void fair_end(struct fair *fair, struct fair_flow *flow, unsigned n, int64_t charged,
              unsigned weight, int64_t took);

/* Whether FLOW, without jobs, still owes time: its tag is later than now. */
bool fair_owes(const struct fair *fair, const struct fair_flow *flow);

/*
 * Virtual time has become so large that it must be moved back; then call fair_move_back() for
 * every flow with the same BY, and for none twice, then fair_moved_back().  Once in years.
 */
int64_t fair_must_move_back(const struct fair *fair);
void fair_move_back(struct fair *fair, struct fair_flow *flow, int64_t by);
void fair_moved_back(struct fair *fair, int64_t by);

#endif
