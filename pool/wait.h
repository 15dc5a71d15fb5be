/*
 * Waiting: on any thread, and inside a job, where the place is lent meanwhile.
 */
#ifndef POOL_WAIT_H
#define POOL_WAIT_H

#include "pool/cycle.h"
#include "pool/worker.h"

/*
 * A pause of the calling thread.  Its parker is posted to by whatever ends the wait, and by
 * a stop request of the job in which the thread is.
 */
struct pause {
	struct parker parker;
	struct worker *worker; /* in a job of a pool; or NULL */
	struct stop *stop;     /* the job's, attached; or NULL */
	bool lent;             /* the worker's place */
	bool recorded;
	struct wait_record record;
	bool deaf;             /* it must go on whatever the job is asked */
};

#define PAUSE_INITIALIZER {.parker = PARKER_INITIALIZER}

/*
 * Get ready to park for WHAT, which must live until the end: lend the place, and listen for
 * a stop.  0, the stop reason, -EDEADLK or -EAGAIN; pause_end() must follow in any case.
 * A DEADLINE that is past is only a poll.
 */
int pause_begin(struct pause *pause, const struct wait_for *what, bothy_time deadline);

/* Park until a token or DEADLINE: 0, -ETIMEDOUT, or the stop reason. */
int pause_park(struct pause *pause, bothy_time deadline);

void pause_end(struct pause *pause);

/* The end of a wait until DEADLINE in the current context: its own, if nobody requests the
 * stop then (one that was entered, or bothy_run_here()) and that is earlier. */
bothy_time wait_limit(bothy_time deadline);

/* What bothy_future_wait() and _wait_all() do. */
int wait_all(bothy_future *const *futures, size_t n, bothy_time deadline);

/* The calling thread has submitted a job, and has had to WAKE a worker for it: then, if it waits for
 * that, it may as well sleep. */
void wait_after_submit(bool wake);

/* Wait until JOB, one of WHAT, is settled and has none of BITS (RUNS, DELIVERS): 0, or what
 * pause_begin() and pause_park() return. */
int wait_for_job(bothy_future *job, const struct wait_for *what, bothy_time deadline,
                 unsigned bits);

/* Wait until JOB does not run any more, whatever this thread's job is asked. */
void wait_end(bothy_future *job);

#endif
