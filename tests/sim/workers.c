/*
 * Workers are woken, lost and replaced.
 */
#include <errno.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- waking a worker --------------------------------------------------------------------- */

static void idle_worker_is_woken(void)
{
	pool_of(2);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	finish();
}

/* ---- worker replacement ------------------------------------------------------------------ */

static void lost_worker_is_replaced(void)
{
	bothy_future *stuck;

	pool_of(1);
	stuck = start(BOTHY_JOB(.fn = until_gate, .deadline = bothy_after_ms(1)));
	SIM_CHECK(outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = run_once))) == 0);
	parker_wake(&gate);
	SIM_CHECK(outcome(stuck) == -ETIMEDOUT);
	finish();
}

/* ---- pthread_exit ------------------------------------------------------------------------ */

static void thread_exit_is_survived(void)
{
	bothy_future *exits;

	pool_of(1);
	exits = start(BOTHY_JOB(.fn = end_thread, .arg = &freed, .arg_free = count));
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	SIM_CHECK(outcome(exits) == -EOWNERDEAD);
	SIM_CHECK(atomic_load(&freed) == 1);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"lost_worker_is_replaced", lost_worker_is_replaced, "LOST_NOT_REPLACED"},
	{"thread_exit_is_survived", thread_exit_is_survived, "EXIT_NOT_REPLACED"},
	{"idle_worker_is_woken", idle_worker_is_woken, "WORKER_WAKE_DROPPED"},
};

SCENARIOS(scenarios)
