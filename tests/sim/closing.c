/*
 * A pool closes.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/testing.h"
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

/* ---- two close -------------------------------------------------------------------------- */

static void close_it(void *ignored)
{
	(void)ignored;
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
}

static void two_close(void)
{
	struct thread other;

	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	other = client(close_it, NULL);
	close_it(NULL);
	thread_join(&other);
	finish();
}

/* ---- what is gone by then --------------------------------------------------------------- */

static _Atomic int threads;

static int comes(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	(void)atom_add(&threads, 1, relaxed);
	return 0;
}

static void goes(void *user, void *local)
{
	(void)user;
	(void)local;
	(void)atom_sub(&threads, 1, relaxed);
}

static void threads_are_gone_when_it_is_closed(void)
{
	atomic_store(&threads, 0);
	pool_with((struct bothy_pool_options){
		.workers = 2, .worker_init = comes, .worker_fini = goes});
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&threads) == 0);
	finish();
}

/* The worker may still be at the job's books when the pool is freed. */
static void freed_as_soon_as_it_is_settled(void)
{
	pool_of(1);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once, .arg = &freed, .arg_free = count))) == 0);
	bothy_pool_free(pool);
	SIM_CHECK(atomic_load(&freed) == 1);
	SIM_CHECK(testing_counts.blocks_made == testing_counts.blocks_freed);
}

/* ---- abandoned -------------------------------------------------------------------------- */

static void abandon_against_start(void)
{
	bothy_future *futures[2];

	pool_of(1);
	for (int i = 0; i < 2; i++)
		futures[i] = start(
			BOTHY_JOB(.fn = until_stopped, .arg = &freed, .arg_free = count));
	bothy_pool_abandon(pool);
	for (int i = 0; i < 2; i++)
		SIM_CHECK(outcome(futures[i]) == -ECANCELED);
	SIM_CHECK(atomic_load(&freed) == 2);
}

static void close_now(void *ignored)
{
	int error = bothy_pool_close(pool, BOTHY_NOW);

	(void)ignored;
	SIM_CHECK(error == 0 || error == -ETIMEDOUT);
}

/* Who waits for ever is done when the other has stopped what runs. */
static void close_now_against_for_ever(void)
{
	struct thread other;

	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = until_stopped)));
	other = client(close_now, NULL);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	thread_join(&other);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"submit_against_close", submit_against_close, "CLOSE_UNLOCKED"},
	{"two_close", two_close, "JOINED_UNTOLD"},
	{"threads_are_gone_when_it_is_closed", threads_are_gone_when_it_is_closed,
	 "THREADS_UNAWAITED"},
	{"freed_as_soon_as_it_is_settled", freed_as_soon_as_it_is_settled, "RELEASE_NOT_ATOMIC"},
	{"abandon_against_start", abandon_against_start, "HAND_KEPT"},
	{"close_now_against_for_ever", close_now_against_for_ever, "HAND_KEPT"},
};

SCENARIOS(scenarios)
