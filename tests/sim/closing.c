/*
 * A pool closes.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static void submit_against_close(void)
{
	struct thread submitter;
	int error = 1;

	pool_of(1);
	submitter = client(submit_one, &error);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	thread_join(&submitter);
	SIM_CHECK(error == 0 || error == -ESHUTDOWN);
	SIM_CHECK(atomic_load(&ran) == (error == 0));
	finish();
}

static const struct scenario scenarios[] = {
	{"submit_against_close", submit_against_close, "CLOSE_UNLOCKED"},
};

SCENARIOS(scenarios)
