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

/* ---- several are lost ------------------------------------------------------------------- */

static _Atomic int threads;

static int comes(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	SIM_CHECK(atom_add(&threads, 1, relaxed) < 3);
	return 0;
}

static void goes(void *user, void *local)
{
	(void)user;
	(void)local;
	(void)atom_sub(&threads, 1, relaxed);
}

static void pause_ms(int ms)
{
	struct parker nobody = PARKER_INITIALIZER;

	(void)parker_park(&nobody, bothy_after_ms(ms));
}

/* It may end before anybody has looked at its deadline. */
static void check_late(bothy_future *future)
{
	int code = outcome(future);

	SIM_CHECK(code == -ETIMEDOUT || code == 0);
}

/* One is replaced; the other is not, though both come back. */
static void two_are_lost_and_one_is_replaced(void)
{
	struct parker held[2] = {PARKER_INITIALIZER, PARKER_INITIALIZER};
	bothy_future *stuck[2];

	atomic_store(&threads, 0);
	pool_with((struct bothy_pool_options){.workers = 2,
	                                      .lost_max = 1,
	                                      .stop_grace_ns = 1,
	                                      .worker_init = comes,
	                                      .worker_fini = goes});
	for (int i = 0; i < 2; i++)
		stuck[i] = start(BOTHY_JOB(.entity = i == 0 ? "bob" : "cyd", .project = "p",
		                           .fn = until_woken, .arg = &held[i],
		                           .deadline = bothy_after_ms(1)));
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	pause_ms(20);
	for (int i = 0; i < 2; i++)
		parker_wake(&held[i]);
	for (int i = 0; i < 2; i++)
		check_late(stuck[i]);
	finish();
}

static bool is_stuck;

static int be_stuck(void *arg, void **ret_result)
{
	int error;

	is_stuck = true;
	error = until_gate(arg, ret_result);
	is_stuck = false;
	return error;
}

static int come_after(void *arg, void **ret_result)
{
	SIM_CHECK(!is_stuck);
	return run_once(arg, ret_result);
}

/* Another's job opens the gate, on the thread that has the lost one's place. */
static void a_project_that_has_lost_one_waits(void)
{
	bothy_future *stuck, *next;

	is_stuck = false;
	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = 1});
	stuck = start(BOTHY_JOB(.fn = be_stuck, .deadline = bothy_after_ms(1)));
	next = start(BOTHY_JOB(.fn = come_after));
	pause_ms(20);
	bothy_future_release(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = open_gate)));
	SIM_CHECK(outcome(next) == 0);
	check_late(stuck);
	finish();
}

static int end_late(void *at, void **ret_result)
{
	struct parker nobody = PARKER_INITIALIZER;

	(void)ret_result;
	(void)parker_park(&nobody, *(bothy_time *)at);
	return 0;
}

/* It ends just when its thread is given up. */
static void lost_and_found(void)
{
	bothy_time deadline = bothy_after_ms(1), at = bothy_after_ms(2);
	bothy_future *late, *next;

	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = at - deadline});
	late = start(BOTHY_JOB(.fn = end_late, .arg = &at, .deadline = deadline));
	next = start(BOTHY_JOB(.fn = run_once));
	check_late(late);
	SIM_CHECK(outcome(next) == 0);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"lost_worker_is_replaced", lost_worker_is_replaced, "LOST_NOT_REPLACED"},
	{"thread_exit_is_survived", thread_exit_is_survived, "EXIT_NOT_REPLACED"},
	{"idle_worker_is_woken", idle_worker_is_woken, "WORKER_WAKE_DROPPED"},
	{"two_are_lost_and_one_is_replaced", two_are_lost_and_one_is_replaced, "LOST_MAX_IGNORED"},
	{"a_project_that_has_lost_one_waits", a_project_that_has_lost_one_waits, "LOST_UNCOUNTED"},
	{"lost_and_found", lost_and_found, "FOUND_STAYS_LOST"},
};

SCENARIOS(scenarios)
