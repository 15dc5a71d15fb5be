/*
 * How a job is settled, against all else that would settle it, and who is told.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- cancel against start ---------------------------------------------------------------- */

static void cancel_against_start(void)
{
	bothy_future *future;
	int canceled;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_once, .arg = &freed, .arg_free = count));
	canceled = bothy_future_cancel(future);
	SIM_CHECK(canceled == 0 || canceled == -EALREADY);
	SIM_CHECK(outcome(future) == (atomic_load(&ran) ? 0 : -ECANCELED));
	SIM_CHECK(atomic_load(&freed) == 1);
	finish();
}

/* ---- deadline against completion --------------------------------------------------------- */

static int give_late(void *arg, void **ret_result)
{
	*ret_result = arg;
	/* Wakes when the watchdog does, or earlier: which of them is first is open. */
	(void)bothy_sleep_until(bothy_after_ms(5));
	return 0;
}

static void deadline_against_completion(void)
{
	bothy_future *future;
	void *result = NULL;
	int code;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = give_late, .arg = &freed, .result_free = count,
	                         .deadline = bothy_after_ms(5)));
	SIM_CHECK(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	code = bothy_future_result(future, &result);
	SIM_CHECK(code == 0 || code == -ETIMEDOUT);
	SIM_CHECK((result != NULL) == (code == 0));
	SIM_CHECK(bothy_future_result(future, NULL) == code);
	bothy_future_release(future);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&freed) <= (code == 0 ? 0 : 1));
	finish();
}

/* ---- what is seen of a job at its deadline ----------------------------------------------- */

static void observe(void *future)
{
	enum bothy_state last = BOTHY_QUEUED;

	for (int i = 0; i < 8; i++) {
		enum bothy_state state = bothy_future_state(future);

		SIM_CHECK(state >= last);
		last = state;
	}
}

static void states_never_go_back(void)
{
	struct thread observer;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = give_late, .deadline = bothy_after_ms(5)));
	observer = client(observe, future);
	SIM_CHECK(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	thread_join(&observer);
	bothy_future_release(future);
	finish();
}

/* ---- two waiters ------------------------------------------------------------------------- */

static void wait_for(void *future)
{
	SIM_CHECK(bothy_future_wait(future, BOTHY_FOREVER) == 0);
}

static void two_waiters(void)
{
	struct thread waiter;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_once));
	waiter = client(wait_for, future);
	wait_for(future);
	thread_join(&waiter);
	SIM_CHECK(outcome(future) == 0);
	finish();
}

/* ---- notify against settle --------------------------------------------------------------- */

static void notify_against_settle(void)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_once));
	SIM_CHECK(bothy_future_notify(future, count, &told) == 0);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&told) == 1);
	bothy_future_release(future);
	finish();
}

/* ---- release against settle -------------------------------------------------------------- */

static void release_against_settle(void)
{
	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	finish();
	SIM_CHECK(atomic_load(&ran) == 1);
}

/* ---- the last hold ---------------------------------------------------------------------- */

static void released_while_it_notifies(void)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = give, .arg = &freed, .result_free = count));
	SIM_CHECK(bothy_future_notify(future, count, &told) == 0);
	bothy_future_release(future);
	finish();
	SIM_CHECK(atomic_load(&told) == 1);
	SIM_CHECK(atomic_load(&freed) == 1);
}

/* ---- two want the same ------------------------------------------------------------------ */

static void take_result(void *future)
{
	void *result;

	SIM_CHECK(bothy_future_result(future, &result) == 0);
	if (result != NULL)
		count(result);
}

static void two_take_one_result(void)
{
	struct thread other;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = give, .arg = &told, .result_free = count));
	wait_for(future);
	other = client(take_result, future);
	take_result(future);
	thread_join(&other);
	bothy_future_release(future);
	SIM_CHECK(atomic_load(&told) == 1);
	finish();
}

static int errors[2];

static void notify_too(void *future)
{
	errors[1] = bothy_future_notify(future, count, &told);
}

static void two_notify(void)
{
	struct thread other;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_once));
	other = client(notify_too, future);
	errors[0] = bothy_future_notify(future, count, &told);
	thread_join(&other);
	SIM_CHECK(errors[0] == (errors[1] == 0 ? -EBUSY : 0));
	SIM_CHECK(errors[1] == 0 || errors[1] == -EBUSY);
	bothy_future_release(future);
	finish();
	SIM_CHECK(atomic_load(&told) == 1);
}

/* ---- a queued job is late --------------------------------------------------------------- */

/* It is settled by the watchdog, by the one that waits, or by the worker that comes to it. */
static void whoever_finds_it_late(void)
{
	bothy_future *late;
	int code;

	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = until_gate)));
	late = start(BOTHY_JOB(.fn = run_once, .arg = &freed, .arg_free = count,
	                       .deadline = bothy_after_ms(1)));
	parker_wake(&gate);
	code = outcome(late);
	SIM_CHECK(code == -ETIMEDOUT || (code == 0 && atomic_load(&ran) == 1));
	finish();
	SIM_CHECK(atomic_load(&freed) == 1);
}

/* ---- who looks -------------------------------------------------------------------------- */

static int fail_with_seven(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 7;
}

static void the_code_is_there_when_it_is_settled(void)
{
	bothy_future *future;
	int code = -EINPROGRESS;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = fail_with_seven));
	for (int i = 0; i < 8 && code == -EINPROGRESS; i++)
		code = bothy_future_result(future, NULL);
	SIM_CHECK(code == 7 || code == -EINPROGRESS);
	SIM_CHECK(outcome(future) == 7);
	finish();
}

/* ---- notify against cancel -------------------------------------------------------------- */

static void cancel(void *future)
{
	(void)bothy_future_cancel(future);
}

static void notify_against_cancel(void)
{
	struct thread canceler;
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = until_stopped, .arg = &freed, .arg_free = count));
	canceler = client(cancel, future);
	SIM_CHECK(bothy_future_notify(future, count, &told) == 0);
	SIM_CHECK(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	thread_join(&canceler);
	SIM_CHECK(outcome(future) == -ECANCELED);
	finish();
	SIM_CHECK(atomic_load(&told) == 1);
	SIM_CHECK(atomic_load(&freed) == 1);
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"cancel_against_start", cancel_against_start, "CANCEL_NOT_ATOMIC"},
	{"start_against_cancel", cancel_against_start, "START_NOT_ATOMIC"},
	{"deadline_against_completion", deadline_against_completion, "EXPIRY_NOT_ATOMIC"},
	{"states_never_go_back", states_never_go_back, "EXPIRY_NOT_ATOMIC"},
	{"two_waiters", two_waiters, "WAKE_DROPPED"},
	{"notify_against_settle", notify_against_settle, "NOTIFY_LOST"},
	{"release_against_settle", release_against_settle, "RELEASE_NOT_ATOMIC"},
	{"released_while_it_notifies", released_while_it_notifies, "RELEASE_NOT_ATOMIC"},
	{"two_take_one_result", two_take_one_result, "RESULT_TAKEN_TWICE"},
	{"two_notify", two_notify, "NOTIFY_SLOT_UNLOCKED"},
	{"whoever_finds_it_late", whoever_finds_it_late, "CANCEL_NOT_ATOMIC"},
	{"the_code_is_there_when_it_is_settled", the_code_is_there_when_it_is_settled,
	 "CODE_AFTER_STATE"},
	{"notify_against_cancel", notify_against_cancel, "NOTIFY_LOST"},
};

SCENARIOS(scenarios)
