/*
 * A strict pool's threads are retired, and started by the one that starts all.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static void strict_pool(unsigned workers)
{
	pool_with((struct bothy_pool_options){
		.workers = workers, .hygiene = BOTHY_HYGIENE_STRICT});
}

/* No thread is rid of it. */
static int spoil(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : 1;
}

static int look(void *arg, void **ret_result)
{
	SIM_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	return run_once(arg, ret_result);
}

static uint64_t retired(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	SIM_CHECK(bothy_pool_stats(pool, &stats) == 0);
	return stats.retired;
}

/* ---- whose thread goes ------------------------------------------------------------------- */

static void retired_with_jobs_in_its_hand(void)
{
	bothy_future *futures[3];

	strict_pool(1);
	futures[0] = start(BOTHY_JOB(.fn = spoil));
	for (int i = 1; i < 3; i++)
		futures[i] = start(BOTHY_JOB(.fn = look));
	for (int i = 0; i < 3; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	SIM_CHECK(atomic_load(&ran) == 2);
	SIM_CHECK(retired() == 1);
	finish();
}

static void two_are_retired(void)
{
	bothy_future *futures[4];

	strict_pool(2);
	for (int i = 0; i < 4; i++)
		futures[i] = start(BOTHY_JOB(.fn = i < 2 ? spoil : look));
	for (int i = 0; i < 4; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	SIM_CHECK(retired() == 2);
	finish();
}

/* ---- when the pool goes too ------------------------------------------------------------------ */

/* Whoever is left for the other job starts while the pool closes. */
static void retired_while_it_closes(void)
{
	bothy_future *futures[2];

	strict_pool(1);
	for (int i = 0; i < 2; i++)
		futures[i] = start(BOTHY_JOB(.fn = spoil));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 2; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	SIM_CHECK(retired() == 2);
	finish();
}

static void retired_against_abandon(void)
{
	bothy_future *futures[2];

	strict_pool(1);
	for (int i = 0; i < 2; i++)
		futures[i] = start(BOTHY_JOB(.fn = spoil, .arg = &freed, .arg_free = count));
	bothy_pool_abandon(pool);
	for (int i = 0; i < 2; i++) {
		int code = outcome(futures[i]);

		SIM_CHECK(code == 0 || code == -ECANCELED);
	}
	SIM_CHECK(atomic_load(&freed) == 2);
}

/* ---- what new threads inherit ------------------------------------------------------------------ */

/* Its place is lent to a thread that is started for it. */
static int spoil_and_wait(void *arg, void **ret_result)
{
	bothy_future *future;
	int code;

	SIM_CHECK(spoil(arg, ret_result) == 0);
	SIM_CHECK(bothy_spawn(&BOTHY_JOB(.fn = look), &future) == 0);
	code = bothy_future_wait(future, BOTHY_FOREVER);
	bothy_future_release(future);
	return code;
}

static void a_spare_inherits_nothing(void)
{
	strict_pool(1);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = spoil_and_wait))) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
	SIM_CHECK(retired() == 1);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"retired_with_jobs_in_its_hand", retired_with_jobs_in_its_hand, "UNFIT_SERVES"},
	{"two_are_retired", two_are_retired, "EXIT_NOT_REPLACED"},
	{"retired_while_it_closes", retired_while_it_closes, "EXIT_NOT_REPLACED"},
	{"retired_against_abandon", retired_against_abandon, "STARTER_KEPT"},
	{"a_spare_inherits_nothing", a_spare_inherits_nothing, "STARTED_BY_JOBS"},
};

SCENARIOS(scenarios)
