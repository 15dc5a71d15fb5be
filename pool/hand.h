/*
 * A worker's hand: the jobs that it has taken from the queues at once, and what has become of
 * them.
 *
 * Taking several jobs under one hold of the pool's lock, and settling their accounts together,
 * spreads the cost of the lock and of the lines that it moves between cores over them all.  What
 * is in a hand is still queued: whoever wants to cancel a job, or to run it in place, can.
 *
 * Locking
 *   Each hand has a lock, which is taken after the pool's.  Its worker has at least one of both
 *   when it changes the hand, and with its own alone starts and ends jobs; every other thread
 *   has both; but a slot's `charge.project` is written under the pool's alone, and may be read so.  It
 *   guards the worker's stack of jobs (`top`, and `below` of each) too.
 *
 * Invariants
 *   - slots[next..count) are HANDED (queued, or claimed by somebody who has yet to come for them)
 *     or FREE (somebody took the job back); before that they are whatever became of them.
 *   - A job's block is there as long as it is HANDED in a slot, or on the worker's stack: who
 *     claims one takes it out of its slot (hand_drop_locked()) before it lets it go.
 *   - A slot's project is there until the slot is folded: that is when its job quite ends.
 */
#ifndef POOL_HAND_H
#define POOL_HAND_H

#include "pool/charge.h"
#include "pool/job.h"
#include "sync/lock.h"

struct kicks;

enum { HAND_MAX = 64 };

enum slot_state {
	SLOT_FREE = 0,
	SLOT_HANDED,
	SLOT_RUNS,
	SLOT_OVERDUE, /* it runs, and its deadline has settled it */
	SLOT_ENDED,   /* as `phase`, to be counted */
	SLOT_OVERDUE_ENDED
};

struct slot {
	enum slot_state state;
	unsigned phase;
	bool timed;          /* its times are recorded */
	bothy_future *job;
	int64_t waited;      /* from when it was accepted until it started, in ns */
	struct charge charge;
};

struct hand {
	struct lock lock;
	bothy_future *top;   /* the innermost job on the worker's stack; `below` are those that
	                      * wait for it in place */
	unsigned next;       /* to start */
	unsigned count;
	bothy_time filled_at;
	struct slot slots[HAND_MAX];
};

void hand_init(struct hand *hand);
void hand_fini(struct hand *hand);

/* Put the next N jobs of PROJECT into the hand, which has room for them. */
void hand_add_locked(struct hand *hand, bothy_project *project, unsigned n);

/* Move the only job of FROM to TO, which is empty; neither's worker has the lock of its own. */
void hand_move_locked(struct hand *from, struct hand *to);

/*
 * Start the next job, which has the charge from NOW on, and make it `top`; NULL: the hand is
 * empty.  A job whose deadline is past is claimed, and put on *EXPIRED, and none started before
 * that one is settled.  By its worker.
 */
bothy_future *hand_start(struct hand *hand, bothy_time now, bothy_future **expired);

/* The slot of the job that was started last. */
struct slot *hand_running(struct hand *hand);

/* That job has ended, as PHASE, or, OVERDUE, long after it was settled.  By its worker. */
void hand_end(struct hand *hand, unsigned phase, bool overdue, bothy_time now);

/* Record the times of what has ended, which is more than the rest of what is done for the books:
 * so its worker does it before it takes the pool's lock. */
void hand_record_times(struct hand *hand);

/* Enter in the books what has ended. */
void hand_fold_locked(struct hand *hand, struct kicks *kicks);

/* The same, and empty the hand, by its worker, who has started all. */
void hand_clear_locked(struct hand *hand, struct kicks *kicks);

/* Put what is not started back into the queues.  With the hand's lock too. */
void hand_recall_locked(struct hand *hand);

/* The first deadline of those that are not started.  With the hand's lock too. */
bothy_time hand_soonest_locked(const struct hand *hand);

/* Take JOB, which is in some hand and not started there, out of it; it is in no queue. */
void hand_drop_locked(bothy_future *job);

/* Enter in the books what has ended, and add to *QUEUED and *RUNNING the jobs of PROJECT (NULL: all)
 * that are: of the same moment. */
void hand_read_locked(struct hand *hand, const bothy_project *project, uint64_t *queued,
                      uint64_t *running, struct kicks *kicks);

#endif
