/*
 * Jobs that spawn others and wait for them, in place or on a lent place.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- spawn against stop ------------------------------------------------------------------ */

static int spawn_one(void *arg, void **ret_result)
{
	(void)ret_result;
	SIM_CHECK(bothy_spawn(&BOTHY_JOB(.fn = until_stopped), arg) == 0);
	return bothy_sleep_until(BOTHY_FOREVER);
}

static void spawn_against_stop(void)
{
	bothy_future *parent, *child = NULL;

	pool_of(1);
	parent = start(BOTHY_JOB(.fn = spawn_one, .arg = &child));
	SIM_CHECK(bothy_future_cancel(parent) == 0);
	SIM_CHECK(outcome(parent) == -ECANCELED);
	if (child != NULL)
		SIM_CHECK(outcome(child) == -ECANCELED);
	finish();
}

/* ---- spawn and wait ---------------------------------------------------------------------- */

static int spawn_and_wait(void *arg, void **ret_result)
{
	bothy_future *child;
	int error;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = run_once), &child) < 0)
		return 1;
	error = bothy_future_wait(child, BOTHY_FOREVER);
	bothy_future_release(child);
	return -error;
}

static void spawn_and_wait_on_two(void)
{
	pool_of(2);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = spawn_and_wait))) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
	finish();
}

/* ---- stopping all against a start in place ----------------------------------------------- */

static int spawn_until_stopped_and_wait(void *arg, void **ret_result)
{
	bothy_future *child;
	int error;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = until_stopped), &child) < 0)
		return 1;
	error = bothy_future_wait(child, BOTHY_FOREVER);
	bothy_future_release(child);
	return error;
}

static void stop_against_start_in_place(void)
{
	int error;

	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = spawn_until_stopped_and_wait)));
	error = bothy_pool_close(pool, BOTHY_NOW);
	SIM_CHECK(error == 0 || error == -ETIMEDOUT);
	finish();
}

/* ---- what has run in place at its deadline ------------------------------------------------ */

static bothy_time late;

/* The child ends as soon as its deadline has claimed it, and asked it to stop. */
static int wait_for_late_child(void *arg, void **ret_result)
{
	bothy_future *child;

	(void)arg;
	(void)ret_result;
	SIM_CHECK(bothy_spawn(&BOTHY_JOB(.fn = until_stopped, .deadline = late), &child) == 0);
	if (bothy_future_wait(child, BOTHY_FOREVER) == 0)
		SIM_CHECK(bothy_future_result(child, NULL) != -EINPROGRESS);
	bothy_future_release(child);
	return 0;
}

static void a_wait_in_place_is_over_when_it_is_settled(void)
{
	bothy_future *future;

	pool_of(1);
	late = bothy_after_ms(5);
	future = start(BOTHY_JOB(.fn = wait_for_late_child, .deadline = late));
	(void)outcome(future);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	finish();
}

/* ---- lent places ------------------------------------------------------------------------- */

static int wait_for_stranger(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return -bothy_run(pool, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = run_once),
	                  BOTHY_FOREVER, NULL);
}

static void lent_places(void)
{
	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = wait_for_stranger))) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
	finish();
}

/* Lends its place until it is asked to stop. */
static int wait_for_nothing(void *completions, void **ret_result)
{
	struct bothy_completion completion;

	(void)ret_result;
	return bothy_completions_next(completions, BOTHY_FOREVER, &completion);
}

/* Nobody can run the stranger: the one spare thread serves the place that the first job lent. */
static int wait_in_vain(void *group, void **ret_result)
{
	(void)ret_result;
	return -bothy_run(pool,
	                  &BOTHY_JOB(.entity = "cyd", .project = "p", .fn = run_once,
	                             .group = group),
	                  BOTHY_FOREVER, NULL);
}

static void wait_for_members(void *group)
{
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
}

static void withdrawn_from_its_group(void)
{
	bothy_completions *completions;
	bothy_group *group;
	bothy_future *lender, *asker;
	struct thread waiter;

	SIM_CHECK(bothy_group_new(&group) == 0);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	lender = start(BOTHY_JOB(.fn = wait_for_nothing, .arg = completions));
	asker = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = wait_in_vain,
	                        .arg = group));
	waiter = client(wait_for_members, group);
	SIM_CHECK(outcome(asker) == EAGAIN);
	thread_join(&waiter);
	(void)bothy_future_cancel(lender);
	SIM_CHECK(outcome(lender) == -ECANCELED);
	bothy_completions_release(completions);
	bothy_group_release(group);
	finish();
	SIM_CHECK(atomic_load(&ran) == 0);
}

/* ---- waiting for all -------------------------------------------------------------------- */

static void wait_all_while_they_settle(void)
{
	bothy_future *futures[3];

	pool_of(2);
	for (int i = 0; i < 3; i++)
		futures[i] = start(BOTHY_JOB(.fn = run_once));
	SIM_CHECK(bothy_future_wait_all(futures, 3, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 3);
	for (int i = 0; i < 3; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	finish();
}

/* What is not there at the deadline comes later. */
static void wait_all_against_its_deadline(void)
{
	bothy_future *futures[2];
	int error;

	pool_of(2);
	futures[0] = start(BOTHY_JOB(.fn = run_once));
	futures[1] = start(BOTHY_JOB(.fn = until_gate));
	error = bothy_future_wait_all(futures, 2, bothy_after_ms(1));
	SIM_CHECK(error == -ETIMEDOUT);
	parker_wake(&gate);
	error = bothy_future_wait_all(futures, 2, bothy_after_ms(1));
	SIM_CHECK(error == 0 || error == -ETIMEDOUT);
	SIM_CHECK(bothy_future_wait_all(futures, 2, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 2; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	finish();
}

static bothy_future *awaited[2];

static int wait_for_awaited(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_future_wait_all(awaited, 2, BOTHY_FOREVER);
}

static void wait_all_against_cancel(void)
{
	bothy_future *waiting;

	pool_of(2);
	awaited[0] = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = run_once));
	awaited[1] = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = until_gate));
	waiting = start(BOTHY_JOB(.fn = wait_for_awaited));
	(void)bothy_future_cancel(waiting);
	SIM_CHECK(outcome(waiting) == -ECANCELED);
	parker_wake(&gate);
	for (int i = 0; i < 2; i++)
		SIM_CHECK(outcome(awaited[i]) == 0);
	finish();
}

/* ---- an argument that is lent ----------------------------------------------------------- */

static int use_until_stopped(void *used, void **ret_result)
{
	int error;

	count(used);
	error = until_stopped(used, ret_result);
	count(used);
	return error;
}

/* The job is settled at its deadline, and may use what it was given until it ends. */
static void a_lent_argument_comes_back(void)
{
	int error;

	pool_of(1);
	error = bothy_run(pool,
	                  &BOTHY_JOB(.entity = "ann", .project = "p", .fn = use_until_stopped,
	                             .arg = &told),
	                  bothy_after_ms(1), NULL);
	SIM_CHECK(error == -ETIMEDOUT);
	SIM_CHECK(atomic_load(&told) != 1);
	finish();
}

/* ---- a place that is lent comes back ---------------------------------------------------- */

static _Atomic int resumed;

static int note_if_resumed(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	if (atom_load(&resumed, relaxed))
		count(&told);
	return 0;
}

static int wait_and_go_on(void *arg, void **ret_result)
{
	int error = bothy_run(pool,
	                      &BOTHY_JOB(.entity = "bob", .project = "p", .fn = note_if_resumed),
	                      BOTHY_FOREVER, NULL);

	(void)arg;
	(void)ret_result;
	atom_store(&resumed, 1, relaxed);
	for (int i = 0; i < 8; i++)
		SIM_CHECK(atom_load(&resumed, relaxed) == 1);
	atom_store(&resumed, 0, relaxed);
	return -error;
}

/* What the borrower has taken before, it may run beside the one that goes on, but no more. */
static void a_place_is_taken_back(void)
{
	bothy_future *waiting;

	atomic_store(&resumed, 0);
	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	waiting = start(BOTHY_JOB(.fn = wait_and_go_on));
	bothy_future_release(
		start(BOTHY_JOB(.entity = "cyd", .project = "p", .fn = note_if_resumed)));
	bothy_future_release(
		start(BOTHY_JOB(.entity = "dan", .project = "p", .fn = note_if_resumed)));
	SIM_CHECK(outcome(waiting) == 0);
	finish();
	SIM_CHECK(atomic_load(&told) <= 1);
}

/* ---- nobody shares a place that was taken back -------------------------------------------- */

/* The thread that had the place meanwhile is idle then: it must not take one more job. */
static int take_the_place_back(void *arg, void **ret_result)
{
	bothy_future *other = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = run_once));

	(void)arg;
	(void)ret_result;
	SIM_CHECK(outcome(other) == 0);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	(void)bothy_sleep_until(bothy_after_ms(5));
	SIM_CHECK(atomic_load(&ran) == 1);
	return 0;
}

static void a_place_that_is_back_is_not_shared(void)
{
	pool_of(1);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = take_the_place_back))) == 0);
	finish();
	SIM_CHECK(atomic_load(&ran) == 2);
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"spawn_against_stop", spawn_against_stop, "STOP_NOT_INHERITED"},
	{"spawn_and_wait", spawn_and_wait_on_two, "START_NOT_ATOMIC"},
	{"a_wait_in_place_is_over_when_it_is_settled", a_wait_in_place_is_over_when_it_is_settled,
	 "IN_PLACE_IS_OVER"},
	{"stop_against_start_in_place", stop_against_start_in_place, "IN_PLACE_UNLOCKED"},
	{"lent_places", lent_places, "PLACE_NOT_LENT"},
	{"withdrawn_from_its_group", withdrawn_from_its_group, "WITHDRAWN_UNTOLD"},
	{"wait_all_while_they_settle", wait_all_while_they_settle, "WAIT_ALL_FIRST_ALONE"},
	{"wait_all_against_its_deadline", wait_all_against_its_deadline, "WAIT_ALL_FIRST_ALONE"},
	{"wait_all_against_cancel", wait_all_against_cancel, "STOP_UNHEARD"},
	{"a_lent_argument_comes_back", a_lent_argument_comes_back, "RUN_LEAVES_ARGUMENT"},
	{"a_place_is_taken_back", a_place_is_taken_back, "PLACE_NOT_TAKEN_BACK"},
	{"a_place_that_is_back_is_not_shared", a_place_that_is_back_is_not_shared,
	 "PLACES_OFF_BY_ONE"},
};

SCENARIOS(scenarios)
