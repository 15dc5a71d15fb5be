/*
 * A job's block: what the submitter wrote, the outcome, and the future that users hold are
 * one allocation, with the copied argument at its end.
 *
 * State
 *   One word says where the job is; every change of its phase is one atomic transition that
 *   is legal by the table in job.c:
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
 */
#ifndef POOL_JOB_H
#define POOL_JOB_H

#include <bothy/context.h>
#include <bothy/future.h>
#include <bothy/job.h>

#include "tls/capture.h"
#include "tls/stop.h"

struct watcher;
struct worker;

enum {
	/* Phases: those of enum bothy_state, and two more. */
	JOB_CLAIMED = 8,
	JOB_NEW = 9, /* not accepted yet: nobody but its submitter can move it */
	JOB_PHASE = 15,
	/* Bits. */
	JOB_WATCHED = 16, /* somebody is, or was, in `watchers` */
	JOB_RUNS = 32,
	JOB_STARTED = 64  /* it has been RUNNING, which CLAIMED alone would not tell */
};

/* What few jobs have: at the end of the block, if JOB has it at all. */
struct job_extra {
	bothy_group *group;         /* held */
	struct job_link { struct bothy_future *next, *prev; } in_group; /* guarded by the group */
	uint64_t group_order;
	bool asked;                 /* which of the group's lists it is on */
	bothy_completions *completions; /* held */
	struct bothy_future *delivered_next; /* guarded by the completion queue */
	void *tag, *delivered_result;
	unsigned delivered_phase;
	bothy_capture *inherited;   /* held */
	/* The family: guarded by the family's stripe; see family.c. */
	struct bothy_future *parent;
	struct job_link sibling;
	bool in_family;             /* it was spawned; const */
	bool linked;
};

struct bothy_future {
	/* Written by the submitter, and by whoever holds the pool's lock. */
	bothy_fn *fn;
	void *arg;
	void (*arg_free)(void *);
	void (*result_free)(void *);
	bothy_project *project;     /* until the job has ended; NULL: run by bothy_run_here() */
	bothy_time deadline;        /* BOTHY_FOREVER: none */
	struct job_place { struct bothy_future *next, *prev, *up; } queue; /* see order.c; guarded by
	                             * the pool's lock, as are the next two */
	uint32_t band, number;
	/* The outcome. */
	_Atomic unsigned state;
	_Atomic unsigned holds;
	int code;                   /* written by the claimant, then const */
	uint16_t flags;             /* enum bothy_flags */
	int8_t priority;            /* const */
	bool treed;                 /* how it is queued: order.c's */
	bool queued;                /* in its project's queue; guarded by the pool's lock */
	bool spawned;               /* it has had children; its own thread's */
	uint8_t family;             /* the family's stripe; const */
	_Atomic(void *) result;     /* NULL: none, or taken */
	char *error_text;           /* as code */
	struct watcher *watchers;   /* guarded by the job's stripe (settle.c) */
	struct bothy_future *below; /* of a running job: the one that it runs in place for;
	                             * guarded by the pool's lock, written by its thread */
	struct bothy_future *chain; /* the claimant's */
	struct bothy_future *children; /* guarded by the family's stripe */
	struct stop stop;
	struct job_extra *extra;    /* in this block, or NULL */
	const char *name;
	uint32_t generation;        /* of the process: see sync/fork.h */
	bool has_notify;            /* guarded by the job's stripe */
};

/* Whether SPEC asks for what only a server can do. */
static inline bool job_needs_server(const struct bothy_job *spec)
{
	return (spec->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE)) != 0;
}

/* A block for SPEC, in phase NEW with one hold (the execution's).  PROJECT is not held.
 * It has an extra if SPEC or WITH_EXTRA wants one.  0 or -ENOMEM. */
int job_new(const struct bothy_job *spec, bool with_extra, bothy_future **ret_job);

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

/* The last move, from CLAIMED to a settled PHASE, clearing the bits in DROP as well: the
 * state that it made. */
unsigned job_publish(bothy_future *job, unsigned phase, unsigned drop);

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

#endif
