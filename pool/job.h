/*
 * A job's block: what the submitter wrote, the outcome, and the future that users hold are
 * one allocation, with the copied argument at its end.
 *
 * State
 *   One word says where the job is; every change of its phase is one atomic transition that
 *   is legal by the table in transitions.h:
 *
 *       NEW --accepted--> QUEUED
 *       QUEUED --start--> RUNNING --its worker, or its deadline--> CLAIMED --> settled
 *       QUEUED --cancel, deadline, a thread that won't start--> CLAIMED --> settled
 *
 *   Whoever moves it to CLAIMED has won the right to settle it, and nobody else will: it
 *   writes the outcome, then publishes it by the last transition (settle.c).
 *   RUNS stands as long as the job's function, or what cleans up after it, runs: longer
 *   than RUNNING if the deadline settled it.  WATCHED says that someone must be woken.
 *
 * Holds
 *   One for the execution (the queue's, then the worker's, or the claimant's of a job that
 *   never runs), one for the user's future, one for a completion queue.  The last one frees.
 *   A settled job knows nothing of its pool, which may be gone.
 *
 * Spares
 *   To allocate a block on one core and to free it on another costs more than all else that is
 *   done for a small job.  So a worker keeps the blocks that it would free, and gives them to
 *   its pool, for those who submit (as in Bonwick, Adams, "Magazines and vmem", USENIX 2001).
 */
#ifndef POOL_JOB_H
#define POOL_JOB_H

#include <bothy/context.h>
#include <bothy/future.h>
#include <bothy/job.h>

#include "sync/atomic.h"
#include "sync/lock.h"
#include "tls/capture.h"
#include "tls/stop.h"

struct hand;
struct watcher;

enum {
	/* Phases: those of enum bothy_state, and two more. */
	JOB_CLAIMED = 8,
	JOB_NEW = 9, /* not accepted yet: nobody but its submitter can move it */
	JOB_PHASE = 15,
	/* Bits. */
	JOB_WATCHED = 16, /* somebody is, or was, in `watchers` */
	JOB_RUNS = 32,
	JOB_STARTED = 64, /* it has been RUNNING, which CLAIMED alone would not tell */
	JOB_DELIVERS = 128 /* it has yet to be delivered to its completion queue */
};

/* What few jobs have: at the end of the block, if JOB has it at all. */
struct job_extra {
	bothy_group *group;         /* held by its members as long as it has any */
	struct job_link { struct bothy_future *next, *prev; } in_group; /* guarded by the group */
	uint64_t group_order;
	bool asked;                 /* which of the group's lists it is on */
	bothy_completions *completions; /* held */
	struct bothy_future *delivered_next; /* guarded by the completion queue */
	void *tag, *delivered_result;
	unsigned delivered_phase;
	bothy_capture *inherited;   /* held */
	/* The family: guarded by the family's stripe; see family.c. */
	_Atomic(struct bothy_future *) parent;
	struct job_link sibling;
	bool in_family;             /* it has a parent at first; const */
	bool was_run;               /* ... which waits for it in bothy_run(); const */
	bool linked;
};

/* Where a job waits for its turn. */
enum job_place {
	JOB_NOWHERE = 0,
	JOB_LISTED, /* in its project's queue, in the list or in the tree: see order.c */
	JOB_TREED,
	JOB_HANDED  /* in the hand of a worker */
};

/* Small for a reason: a million queued ones are to fit, and each cache line of a block that
 * crosses from one core to the other costs as much as the rest.  What is not needed at the same
 * time shares a place. */
struct bothy_future {
	/* Written by the submitter, and by whoever holds the pool's lock. */
	bothy_fn *fn;
	void *arg;
	void (*arg_free)(void *);
	void (*result_free)(void *);
	bothy_project *project;     /* until the job has ended; NULL: run by bothy_run_here() */
	bothy_time deadline;        /* BOTHY_FOREVER: none */
	union {
		/* Until it starts; guarded by the pool's lock. */
		struct job_links {
			struct bothy_future *next, *prev;
			union {
				struct bothy_future *up; /* TREED */
				struct hand *hand;       /* HANDED */
			};
			uint32_t band, number;
		} queue;
		/* While it runs. */
		struct {
			struct bothy_future *below;    /* the one that it runs in place for;
			                                * guarded by its worker's hand */
			struct bothy_future *children; /* guarded by the family's stripe */
		};
		/* Once it is settled, or free: the next one that its worker, or pool, keeps. */
		struct bothy_future *kept;
	};
	/* The outcome. */
	_Atomic unsigned state;
	_Atomic unsigned holds;
	int code;                   /* written by the claimant, then const */
	uint16_t flags;             /* enum bothy_flags */
	int8_t priority;            /* const */
	uint8_t family;             /* the family's stripe; const */
	uint32_t generation;        /* of the process: see sync/fork.h */
	uint8_t place;              /* enum job_place; guarded by the pool's lock */
	bool plain : 1;             /* without an argument in this block; const */
	bool with_extra : 1;        /* const */
	bool spawned;               /* it has, or had, children; guarded as they are */
	bool has_notify;            /* guarded by the job's stripe */
	union {
		_Atomic(void *) result;     /* NULL: none, or taken */
		struct bothy_future *chain; /* the claimant's, until it publishes the outcome */
		bothy_time since;           /* when it was accepted, until it starts */
	};
	char *error_text;           /* as code */
	struct watcher *watchers;   /* guarded by the job's stripe (settle.c) */
	struct stop stop;
	const char *name;
};

/* That of a job that has one. */
static inline struct job_extra *job_own_extra(const bothy_future *job)
{
	return (struct job_extra *)(uintptr_t)(job + 1);
}

/* NULL: it has none. */
static inline struct job_extra *job_extra(const bothy_future *job)
{
	return job->with_extra ? job_own_extra(job) : NULL;
}

/* What was where the result is to be is not needed any more. */
static inline void job_has_no_result(bothy_future *job)
{
	atomic_init(&job->result, NULL);
}

/* Put JOB, which the caller has claimed, on *CHAIN; take one off. */
static inline void job_chain(bothy_future *job, bothy_future **chain)
{
	job->chain = *chain;
	*chain = job;
}

static inline bothy_future *job_unchain(bothy_future **chain)
{
	bothy_future *job = *chain;

	*chain = job->chain;
	job_has_no_result(job);
	return job;
}

/* JOB has been moved to RUNNING, on top of BELOW (or NULL): how long it waited until NOW. */
static inline int64_t job_begun(bothy_future *job, bothy_future *below, bothy_time now)
{
	bothy_time since = job->since;

	job_has_no_result(job);
	job->below = below;
	job->children = NULL;
	return since != 0 && now > since ? now - since : 0;
}

/* Whether SPEC asks for what only a server can do. */
static inline bool job_needs_server(const struct bothy_job *spec)
{
	return (spec->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE)) != 0;
}

/* Blocks that are free, and linked by `kept`: those without an extra, and those with one; no more
 * than SPARES_MAX of either.  A thread's own; all zero: none. */
enum { SPARES_MAX = 2048 };
struct job_spares {
	struct job_stack { bothy_future *first; size_t n; } of[2];
};

void job_spares_fini(struct job_spares *spares);

/* ... and those that a pool's threads share. */
struct job_depot {
	struct lock lock;
	struct job_spares spares; /* guarded by it */
};

void job_depot_init(struct job_depot *depot);
void job_depot_fini(struct job_depot *depot);

/* All SPARES are the depot's, or freed if it has enough. */
void job_depot_give(struct job_depot *depot, struct job_spares *spares);

/* A block for SPEC, in phase NEW with one hold (the execution's).  PROJECT is not held.
 * It has an extra if SPEC or WITH_EXTRA wants one.  It is one of OWN, or of DEPOT, both of which
 * may be NULL, if there is one.  0 or -ENOMEM. */
int job_new(const struct bothy_job *spec, bool with_extra, struct job_spares *own,
            struct job_depot *depot, bothy_future **ret_job);

/* As job_release(), but the block is kept in SPARES, if they are not NULL and it can be. */
void job_release_to(bothy_future *job, struct job_spares *spares);

void job_hold(bothy_future *job);

/* NULL is fine.  The last one frees the block, and a result that nobody took; the argument
 * of a job that was never accepted stays the caller's. */
void job_release(bothy_future *job);

/* 0, or -ECHILD for a job from before a fork. */
int job_check(const bothy_future *job);

/* The pool has accepted JOB: from NEW to QUEUED, by its submitter. */
void job_accept(bothy_future *job);

/* Move JOB from FROM to TO and set BITS as well: whether it was in FROM. */
bool job_move(bothy_future *job, unsigned from, unsigned to, unsigned bits);

/* Claim JOB, if it is queued, and put it on *CHAIN: whether it was. */
bool job_claim(bothy_future *job, bothy_future **chain);

/* The last move, from CLAIMED to a settled PHASE, clearing the bits in DROP as well: the
 * state that it made. */
unsigned job_publish(bothy_future *job, unsigned phase, unsigned drop);

/* Clear BITS: the state that this made. */
unsigned job_clear(bothy_future *job, unsigned bits);

/* Which phase (CLAIMED among them) and bits JOB has now; acquires what led to it. */
unsigned job_state(bothy_future *job);

static inline unsigned job_phase(unsigned state)
{
	return state & JOB_PHASE;
}

static inline bool job_is_settled(unsigned state)
{
	return job_phase(state) >= BOTHY_DONE && job_phase(state) <= BOTHY_THREAD_EXITED;
}

/* ... and none of BITS is set. */
static inline bool job_is_over(unsigned state, unsigned bits)
{
	return job_is_settled(state) && (state & bits) == 0;
}

#endif
