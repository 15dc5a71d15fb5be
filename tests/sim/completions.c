/*
 * Completion queues.
 */

#include <errno.h>
#include <poll.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- two take --------------------------------------------------------------------------- */

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

/* ---- the last hold ---------------------------------------------------------------------- */

static void release_against_delivery(void)
{
	bothy_completions *completions;

	pool_of(1);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = give, .arg = &freed,
		                                     .result_free = count,
		                                     .completions = completions)));
	bothy_completions_release(completions);
	finish();
	SIM_CHECK(atomic_load(&freed) == 2);
}

/* ---- who gives up ----------------------------------------------------------------------- */

static void deliver_one(bothy_completions *completions)
{
	bothy_future_release(
		start(BOTHY_JOB(.fn = run_once, .completions = completions, .tag = &ran)));
}

static void who_gives_up_passes_the_wake_on(void)
{
	bothy_completions *completions;
	struct bothy_completion got;
	struct thread patient;
	int error;

	pool_of(1);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	deliver_one(completions);
	patient = client(take_one, completions);
	error = bothy_completions_next(completions, bothy_after_ms(1), &got);
	SIM_CHECK(error == 0 || error == -ETIMEDOUT);
	if (error == 0)
		deliver_one(completions);
	thread_join(&patient);
	bothy_completions_release(completions);
	finish();
}

/* ---- a job takes ------------------------------------------------------------------------ */

static int take_in_job(void *completions, void **ret_result)
{
	(void)ret_result;
	take_one(completions);
	return 0;
}

static void a_job_takes(void)
{
	bothy_completions *completions;
	bothy_future *taker;

	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	taker = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = take_in_job,
	                        .arg = completions));
	deliver_one(completions);
	SIM_CHECK(outcome(taker) == 0);
	bothy_completions_release(completions);
	finish();
}

/* ---- the descriptor --------------------------------------------------------------------- */

static bool is_readable(bothy_completions *completions)
{
	struct pollfd fd = {.fd = bothy_completions_fd(completions), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static void not_readable_when_all_are_taken(void)
{
	bothy_completions *completions;

	pool_of(2);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	for (int i = 0; i < 2; i++)
		deliver_one(completions);
	for (int i = 0; i < 2; i++)
		take_one(completions);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(!is_readable(completions));
	bothy_completions_release(completions);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"two_takers", two_takers, "COMPLETION_WAKE_DROPPED"},
	{"release_against_delivery", release_against_delivery, "CLOSED_UNSEEN"},
	{"who_gives_up_passes_the_wake_on", who_gives_up_passes_the_wake_on, "WAKE_NOT_PASSED_ON"},
	{"a_job_takes", a_job_takes, "PLACE_NOT_LENT"},
	{"not_readable_when_all_are_taken", not_readable_when_all_are_taken, "DESCRIPTOR_UNLOCKED"},
};

SCENARIOS(scenarios)
