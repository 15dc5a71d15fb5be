/*
 * Submitters that wait for room.
 */
#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static void blocked_submitters(void)
{
	struct thread submitter;
	int error = 1;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	submitter = client(submit_one, &error);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	thread_join(&submitter);
	SIM_CHECK(error == 0);
	finish();
	SIM_CHECK(atomic_load(&ran) == 3);
}

static const struct scenario scenarios[] = {
	{"blocked_submitters", blocked_submitters, "BLOCKED_WAKE_DROPPED"},
};

SCENARIOS(scenarios)
