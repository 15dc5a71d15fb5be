/*
 * The pool's core: what its threads, its projects and its user's handle share.
 *
 * Locking
 *   `lock` guards everything here that is not const, every project, and the queue links,
 *   `below` and `queued` of jobs.  Under it no callback of the user's runs and nothing
 *   is waited for; a thread may be started, and a job asked to stop (tls/stop.c has the
 *   only lock that is taken while this one is held).
 *
 * Places
 *   A job needs a place, of which there are `workers`, less one for each thread that is
 *   lost beyond lost_max.  A thread takes a job only if a place is free, and has it until
 *   the job ends, a wait in the job lends it (wait.c), or the thread is lost (watchdog.c).
 *   A wait that ends takes its place back at once, so busy may exceed the places for as
 *   long as the borrower's job runs.
 *
 * Threads
 *   Of `threads`, those that are neither `waiting` nor `lost` nor `leaving` can serve a place.  There are
 *   at least as many of them as places, but for threads that would not start: worker.c
 *   keeps it so.  A thread of BOTHY_OWN_THREAD is not counted.
 *
 * Invariants, whenever the lock is free
 *   - a job that can be taken (one whose project is in `fair`), a free place and an idle
 *     worker are not all there at once unless a worker is on its way (`searching`), or one that
 *     has short jobs is expected soon (`brisk`) and the watchdog will see whether it came
 *     (`ticking`);
 *   - holds: 1 for the user's handle, 1 for each thread, 1 for each project.  The last one
 *     frees the core; a live job has a project, so it is there for every live job.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <errno.h>

#include <bothy/pool.h>

#include "pool/fair.h"
#include "pool/job.h"
#include "pool/line.h"
#include "pool/process_state.h"
#include "pool/times.h"
#include "sync/fork.h"
#include "sync/lock.h"
#include "sync/park.h"
#include "sync/thread.h"

enum pool_phase {
	POOL_OPEN = 0,
	POOL_CLOSING,  /* refuses jobs from outside */
	POOL_STOPPING, /* ... and from inside; what was there has been asked to stop */
	POOL_EXITING   /* no job is live; threads go */
};

/* A thread that waits for the pool itself to change: in bothy_pool_new() or _close(). */
struct observer {
	struct observer *next;
	struct parker parker;
};

struct bothy_pool {
	/* const */
	struct bothy_pool_options options; /* with every default filled in; name is `name` */
	char name[16];
	bothy_server *server; /* held */
	uint32_t generation;  /* of the process: see sync/fork.h */

	struct lock lock;
	unsigned holds;
	enum pool_phase phase;
	bool abandoned;

	/* jobs */
	struct project_entry *projects; /* uthash's head: project.c */
	struct fair fair;        /* of the projects that may start a job */
	struct heap due;         /* the projects that wait for a token: limit.c */
	struct heap debtors;     /* the projects that nobody holds and that owe time: project.c */
	size_t project_count;
	uint64_t live;           /* accepted and not yet quite ended */
	uint64_t reserved;       /* room in the queue that is granted and not yet used */
	struct line line;        /* of submitters that wait for room */
	struct bothy_pool_stats stats; /* the counters of jobs, queued and running among them */
	struct times times;

	struct job_depot depot;  /* has its own lock */
	struct process_watch process; /* ... too; of a strict pool */
	struct lock times_lock;  /* guards the times, of the projects too; taken last */

	/* threads */
	struct starter *starter; /* starts all others; NULL: each starts what it needs itself */
	struct worker *workers;  /* all, those of BOTHY_OWN_THREAD included */
	struct worker *idle;     /* parked for want of jobs; the last to park first */
	struct worker *gone;     /* threads that have ended, or are about to: to be joined */
	struct observer *observers;
	unsigned joining;        /* threads of `gone` that somebody is joining */
	unsigned threads;        /* without those of BOTHY_OWN_THREAD */
	unsigned own_threads;
	unsigned starting;       /* of `threads`: worker_init has not returned */
	unsigned busy;           /* places taken */
	unsigned searching;      /* woken, and not yet looked */
	_Atomic bool looking;    /* an idle worker is awake, and looks for its token; a hint */
	unsigned brisk;          /* workers that will soon come for more: their jobs are short */
	unsigned waiting;        /* of `threads`: parked in a job, place lent */
	unsigned leaving;        /* of `threads`: serve no more, and see to their successors */
	unsigned lent;           /* places lent, own threads' included */
	unsigned lost;           /* of `threads`: stuck past deadline and grace */
	unsigned own_lost;       /* of `own_threads`: the same */
	int start_error;         /* why the last thread could not start, or worker_init failed */

	/* the watchdog: watchdog.c */
	bool watchdog_started;   /* and not ended */
	bool watchdog_joinable;
	struct thread watchdog;
	struct parker watchdog_parker;
	bothy_time watchdog_at;  /* when it will look next */
	bothy_time queued_soonest; /* no queued job's deadline is earlier */
	bothy_time swept_at;     /* when the queues may be swept again */
	bool ticking;            /* it will look soon at what was put off: see watchdog.c */
	bothy_time ticks_at;     /* ... then */
	bool looks_away;         /* ... but can't now: it is in callbacks */
	bothy_time staff_at;     /* when to try again to start threads; BOTHY_FOREVER: never */
};

/* Kicks to give once the lock is free: waking a thread takes a hundred times as long as
 * anything else that is done under it. */
struct kicks {
	struct parker *parkers[4];
	unsigned n;
};

#define KICKS_INITIALIZER {{NULL}, 0}

/* Post to PARKER now, which must be alive; kick it by kicks_give(), if it is asleep. */
void kicks_add(struct kicks *kicks, struct parker *parker);
void kicks_give(struct kicks *kicks);

/* OPTIONS is complete and checked.  Errors as bothy_pool_new(). */
int pool_new(bothy_server *server, const struct bothy_pool_options *options,
             bothy_pool **ret_pool);

/* The pool that the calling thread is one of, as a worker or as the watchdog; or NULL. */
bothy_pool *pool_current(void);

/* Start one of POOL's threads, as thread_start(), so that it inherits nothing from what a job has
 * made of the calling thread, if the pool is strict. */
int pool_start_thread_locked(bothy_pool *pool, void (*fn)(void *), void *arg,
                             const struct thread_options *options, struct thread *ret_thread);

/* Make the calling thread one of POOL's, for good: no global client is seen on it. */
void pool_adopt_thread(bothy_pool *pool);

/* 0, or -ECHILD for a pool from before a fork. */
static inline int pool_check(const bothy_pool *pool)
{
	return pool->generation == fork_generation() ? 0 : -ECHILD;
}

static inline bool pool_is_strict(const bothy_pool *pool)
{
	return pool->options.hygiene == BOTHY_HYGIENE_STRICT;
}

/* Tell the observers that something changed; wait until something does, or DEADLINE. */
void pool_changed_locked(bothy_pool *pool, struct kicks *kicks);
int pool_await_change_locked(bothy_pool *pool, bothy_time deadline);

/* One hold less, and the lock released; the last hold frees the core. */
void pool_release_locked(bothy_pool *pool);

/* How many jobs may run at once, since some places are not made good. */
unsigned pool_places_locked(const bothy_pool *pool);

/* If a job can be taken, a place is free and no worker is on its way, nor will be soon: send an
 * idle one. */
void pool_wake_worker_locked(bothy_pool *pool, struct kicks *kicks);

/* The same, whoever will be there soon. */
void pool_wake_worker_now_locked(bothy_pool *pool, struct kicks *kicks);

/* How many more jobs the queue has room for. */
size_t pool_has_room_for_locked(const bothy_pool *pool);

/* Jobs have left the queue, or their room was given back: pass it on to the blocked submitters,
 * once it is worth the while to wake them, or nobody else will do it. */
void pool_room_locked(bothy_pool *pool, struct kicks *kicks);
void pool_room_all_locked(bothy_pool *pool, struct kicks *kicks);

/* N jobs of PROJECT have quite ended, and give up their holds on it.  The caller has a hold on
 * the pool. */
void pool_jobs_ended_locked(bothy_pool *pool, bothy_project *project, unsigned n,
                            struct kicks *kicks);

void pool_stats(bothy_pool *pool, struct bothy_pool_stats *ret_stats);

/* TIMES, the pool's or one of its projects': see times_read(). */
int pool_times(bothy_pool *pool, const struct times *times, bothy_histogram **ret_wait,
               bothy_histogram **ret_run);

/* No job is live and none will come: let the threads go. */
void pool_exit_locked(bothy_pool *pool, struct kicks *kicks);

/* close.c */
int pool_close(bothy_pool *pool, bothy_time deadline);
void pool_free(bothy_pool *pool);
void pool_abandon(bothy_pool *pool);

#endif
