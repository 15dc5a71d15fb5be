/*
 * Threads left as found: what one job leaves dirty, the next one does not see.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/pool_fixture.h"

static locale_t dirty_locale;

#if defined(__GLIBC__) && defined(__x86_64__)
enum { ITEMS = 7 };

static bool has_traps(void)
{
	return fegetexcept() != 0;
}

static void set_trap(void)
{
	feenableexcept(FE_DIVBYZERO);
}
#else
enum { ITEMS = 6 };

static bool has_traps(void)
{
	return false;
}

static void set_trap(void)
{
}
#endif

/* What is wrong with the calling thread: 0, or a number of its own for each. */
static int what_is_dirty(void)
{
	int state, type;

	if (errno != 0)
		return 1;
	if (fegetround() != FE_TONEAREST)
		return 2;
	if (fetestexcept(FE_ALL_EXCEPT) != 0)
		return 3;
	if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE)
		return 4;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	if (state != PTHREAD_CANCEL_ENABLE)
		return 5;
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	if (type != PTHREAD_CANCEL_DEFERRED)
		return 6;
	return has_traps() ? 7 : 0;
}

static void make_dirty(int what)
{
	switch (what) {
	case 1:
		errno = EXDEV;
		break;
	case 2:
		fesetround(FE_UPWARD);
		break;
	case 3:
		feraiseexcept(FE_DIVBYZERO | FE_INEXACT);
		break;
	case 4:
		uselocale(dirty_locale);
		break;
	case 5:
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		break;
	case 6:
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		break;
	case 7:
		set_trap();
		break;
	default:
		break;
	}
}

static int dirty(void *arg, void **ret_result)
{
	(void)ret_result;
	make_dirty(*(int *)arg);
	return 0;
}

static int find_dirt(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return what_is_dirty();
}

/* Dirt was left by ann. */
static int found_by_bob(void)
{
	return outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = find_dirt)));
}

START_TEST(the_next_job_finds_the_thread_clean)
{
	dirty_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	pool_of(1);
	for (int what = 1; what <= ITEMS; what++) {
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = dirty, .arg = &what))), 0);
		ck_assert_int_eq(found_by_bob(), 0);
	}
	freelocale(dirty_locale);
}
END_TEST

static int one_dirty = 2;

static void dirty_callback(void *arg)
{
	make_dirty(*(int *)arg);
}

START_TEST(callbacks_leave_nothing_for_the_next_job_either)
{
	bothy_future *future;

	pool_of(1);
	start_and_forget(
		BOTHY_JOB(.fn = nothing, .arg = &one_dirty, .arg_free = dirty_callback));
	ck_assert_int_eq(found_by_bob(), 0);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_notify(future, dirty_callback, &one_dirty), 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_eq(found_by_bob(), 0);
}
END_TEST

static int dirty_init(void *user, void **ret_local)
{
	(void)ret_local;
	make_dirty(*(int *)user);
	return 0;
}

START_TEST(worker_init_leaves_nothing_for_the_first_job)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .worker_init = dirty_init, .user = &one_dirty});
	ck_assert_int_eq(found_by_bob(), 0);
}
END_TEST

/* A child that runs in place of its parent's wait. */
static int wait_dirty(void *arg, void **ret_result)
{
	bothy_future *child;
	int code;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = find_dirt), &child) < 0)
		return 100;
	fesetround(FE_UPWARD);
	errno = EXDEV;
	code = bothy_future_wait(child, BOTHY_FOREVER);
	if (errno != EXDEV || fegetround() != FE_UPWARD)
		return 101; /* the wait has changed what was this job's */
	if (code == 0)
		code = bothy_future_result(child, NULL);
	bothy_future_release(child);
	return code;
}

START_TEST(a_job_in_place_starts_clean_and_leaves_the_waiting_ones_state)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_dirty))), 0);
}
END_TEST

START_TEST(run_here_leaves_the_callers_thread_as_it_was)
{
	fesetround(FE_DOWNWARD);
	errno = EXDEV;
	ck_assert_int_eq(
		bothy_run_here(NULL, &BOTHY_JOB(.entity = "e", .project = "p", .fn = find_dirt),
	                       NULL),
		0);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_int_eq(fegetround(), FE_DOWNWARD);
	fesetround(FE_TONEAREST);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_next_job_finds_the_thread_clean,
		callbacks_leave_nothing_for_the_next_job_either,
		worker_init_leaves_nothing_for_the_first_job,
		a_job_in_place_starts_clean_and_leaves_the_waiting_ones_state,
		run_here_leaves_the_callers_thread_as_it_was,
	};

	return run_suite("hygiene", tests, sizeof(tests) / sizeof(tests[0]));
}
