/*
 * The native layer: parking, threads, the clock, fork.
 */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/atomic.h"
#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/lock.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/pool_fixture.h"

static const struct thread_options named = {0, "a name of more than fifteen"};

static struct thread go(void (*fn)(void *), void *arg)
{
	struct thread thread;

	ck_assert_int_eq(thread_start(fn, arg, &named, &thread), 0);
	return thread;
}

/* ---- parking ------------------------------------------------------------------------------ */

START_TEST(a_token_that_is_posted_before_the_park_is_taken)
{
	struct parker parker = PARKER_INITIALIZER;

	ck_assert(!parker_post(&parker)); /* nobody sleeps: no kick is due */
	ck_assert(!parker_post(&parker)); /* tokens do not add up */
	ck_assert_int_eq(parker_park(&parker, BOTHY_FOREVER), 0);
	ck_assert_int_eq(parker_park(&parker, BOTHY_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(a_park_ends_at_its_deadline_and_not_before)
{
	struct parker parker = PARKER_INITIALIZER;
	bothy_time deadline = clock_add(clock_now(), 3000000);

	ck_assert_int_eq(parker_park(&parker, deadline), -ETIMEDOUT);
	ck_assert_int_ge(clock_now(), deadline);
	ck_assert_int_eq(parker_park(&parker, BOTHY_NOW), -ETIMEDOUT);
}
END_TEST

/* Two threads that hand a token to and fro. */
struct pair {
	struct parker there, back;
};

enum { ROUNDS = 20000 };

static void answer(void *arg)
{
	struct pair *pair = arg;

	for (int i = 0; i < ROUNDS; i++) {
		(void)parker_park(&pair->there, BOTHY_FOREVER);
		parker_wake(&pair->back);
	}
}

START_TEST(no_token_is_lost_between_two_threads)
{
	struct pair pair = {PARKER_INITIALIZER, PARKER_INITIALIZER};
	struct thread thread = go(answer, &pair);

	for (int i = 0; i < ROUNDS; i++) {
		parker_wake(&pair.there);
		ck_assert_int_eq(parker_park(&pair.back, BOTHY_FOREVER), 0);
	}
	thread_join(&thread);
}
END_TEST

static _Atomic int handled;

static void on_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(&handled, 1);
}

struct victim {
	struct parker parker;
	_Atomic int result;
	sigset_t unblock;
};

static void park_with_signals(void *arg)
{
	struct victim *victim = arg;

	(void)pthread_sigmask(SIG_UNBLOCK, &victim->unblock, NULL);
	gate_arrive(&gate);
	atomic_store(&victim->result, parker_park(&victim->parker, BOTHY_FOREVER));
}

START_TEST(a_signal_does_not_end_a_park)
{
	struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART */
	struct victim victim = {.parker = PARKER_INITIALIZER, .result = 1};
	struct thread thread;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	sigemptyset(&victim.unblock);
	sigaddset(&victim.unblock, SIGUSR1);
	thread = go(park_with_signals, &victim);
	gate_await(&gate, 1);
	for (int i = 1; i <= 50; i++) {
		pthread_kill(thread.handle, SIGUSR1);
		while (atomic_load(&handled) < i)
			sched_yield();
		ck_assert_int_eq(atomic_load(&victim.result), 1);
	}
	parker_wake(&victim.parker);
	thread_join(&thread);
	ck_assert_int_eq(atomic_load(&victim.result), 0);
}
END_TEST

START_TEST(a_park_and_a_kick_leave_errno_alone)
{
	struct parker parker = PARKER_INITIALIZER;

	errno = EXDEV;
	(void)parker_park(&parker, BOTHY_NOW);
	parker_kick(&parker);
	parker_kick((struct parker *)16); /* gone, long ago */
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------------- */

struct seen {
	sigset_t blocked;
	char name[16];
	size_t stack;
};

static void look(void *arg)
{
	struct seen *seen = arg;

	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	seen->stack = thread_stack_left();
}

START_TEST(a_thread_has_all_signals_blocked_and_its_name_cut)
{
	struct seen seen;
	struct thread thread = go(look, &seen);
	sigset_t mine;

	thread_join(&thread);
	for (int signal = 1; signal < SIGSYS; signal++)
		if (signal != SIGKILL && signal != SIGSTOP)
			ck_assert_int_eq(sigismember(&seen.blocked, signal), 1);
	ck_assert_str_eq(seen.name, "a name of more ");
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	ck_assert_int_eq(sigismember(&mine, SIGUSR1), 0); /* the starter's are as they were */
}
END_TEST

START_TEST(a_thread_has_the_stack_that_it_was_given)
{
	struct thread_options options = {1 << 20, NULL};
	struct seen seen;
	struct thread thread;

	ck_assert_int_eq(thread_start(look, &seen, &options, &thread), 0);
	thread_join(&thread);
	ck_assert_uint_le(seen.stack, 1 << 20);
	ck_assert_uint_gt(seen.stack, 1 << 16);
}
END_TEST

START_TEST(a_thread_that_cannot_start_is_an_error)
{
	struct thread_options too_large = {SIZE_MAX / 4096 * 4096 / 2, NULL};
	struct thread_options too_small = {1, NULL};
	struct thread thread;

	ck_assert_int_lt(thread_start(look, NULL, &too_large, &thread), 0);
	ck_assert_int_eq(thread_start(look, NULL, &too_small, &thread), -EINVAL);
}
END_TEST

/* ---- time ----------------------------------------------------------------------------------------- */

START_TEST(the_clock_goes_forward_and_sums_saturate)
{
	bothy_time before = clock_now();

	ck_assert_int_gt(before, BOTHY_NOW);
	ck_assert_int_ge(clock_now(), before);
	ck_assert_int_eq(clock_add(1, 2), 3);
	ck_assert_int_eq(clock_add(BOTHY_FOREVER - 1, 2), BOTHY_FOREVER);
	ck_assert_int_eq(clock_add(BOTHY_FOREVER, 0), BOTHY_FOREVER);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------------------ */

static int in_child(int (*fn)(void))
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(fn());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint32_t parents_generation;

static int grandchild_differs(void)
{
	uint32_t mine = fork_generation();
	int status;
	pid_t child;

	if (mine == parents_generation || mine != fork_generation())
		return 1;
	child = fork();
	if (child == 0)
		_exit(fork_generation() == mine || fork_generation() == parents_generation);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

START_TEST(each_process_has_a_generation_of_its_own)
{
	parents_generation = fork_generation();
	ck_assert_uint_ne(parents_generation, 0);
	ck_assert_int_eq(in_child(grandchild_differs), 0);
	ck_assert_uint_eq(fork_generation(), parents_generation);
}
END_TEST

static struct bothy_object busy;
static _Atomic bool stop;

static void keep_busy(void *arg)
{
	bothy_ref *ref = arg;

	while (!atomic_load(&stop))
		if (bothy_object_set_ref(&busy, ref) < 0 || bothy_address_set_ref(&busy, ref) < 0)
			return;
}

static int use_the_locks(void)
{
	bothy_ref *ref;

	(void)alarm(20);
	if (bothy_object_get_ref(&busy, &ref) == 0)
		bothy_ref_release(ref);
	bothy_object_fini(&busy);
	bothy_address_forget(&busy);
	return 0;
}

START_TEST(process_wide_locks_are_whole_in_the_child)
{
	struct thread threads[2];
	bothy_ref *ref;

	ck_assert_int_eq(bothy_ref_new_table("e", "p", "d", &ref), 0);
	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		threads[i] = go(keep_busy, ref);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(in_child(use_the_locks), 0);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		thread_join(&threads[i]);
	bothy_object_fini(&busy);
	bothy_address_forget(&busy);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(stripes_are_spread)
{
	static char memory[64 * 1024];
	int seen[FORK_STRIPES] = {0};

	for (size_t i = 0; i < sizeof(memory); i += 64)
		seen[fork_stripe(&memory[i])]++;
	for (int i = 0; i < FORK_STRIPES; i++)
		ck_assert_int_gt(seen[i], (int)(sizeof(memory) / 64 / FORK_STRIPES / 4));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_token_that_is_posted_before_the_park_is_taken,
		a_park_ends_at_its_deadline_and_not_before,
		no_token_is_lost_between_two_threads,
		a_signal_does_not_end_a_park,
		a_park_and_a_kick_leave_errno_alone,
		a_thread_has_all_signals_blocked_and_its_name_cut,
		a_thread_has_the_stack_that_it_was_given,
		a_thread_that_cannot_start_is_an_error,
		the_clock_goes_forward_and_sums_saturate,
		each_process_has_a_generation_of_its_own,
		process_wide_locks_are_whole_in_the_child,
		stripes_are_spread,
	};

	return run_suite("sync", tests, sizeof(tests) / sizeof(tests[0]));
}
