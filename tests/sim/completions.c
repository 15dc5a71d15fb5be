/*
 * Completion queues.
 */

#include <bothy/bothy.h>

#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static void take_one(void *completions)
{
	struct bothy_completion got;

	SIM_CHECK(bothy_completions_next(completions, BOTHY_FOREVER, &got) == 0);
	SIM_CHECK(got.tag == &ran && got.code == 0);
}

static void two_takers(void)
{
	bothy_completions *completions;
	struct thread taker;

	pool_of(1);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	taker = client(take_one, completions);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(
			BOTHY_JOB(.fn = run_once, .completions = completions, .tag = &ran)));
	take_one(completions);
	thread_join(&taker);
	bothy_completions_release(completions);
	finish();
}

static const struct scenario scenarios[] = {
	{"two_takers", two_takers, "COMPLETION_WAKE_DROPPED"},
};

SCENARIOS(scenarios)
