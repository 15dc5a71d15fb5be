/*
 * The native layer under the library: parking, threads, fork, locks, the clock.
 */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/lock.h"
#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/gate.h"
#include "tests/support.h"

enum { MS = 1000000 };

#define ABSURD_STACK (SIZE_MAX / 8 * 7) /* with 32 bits, half of them may well be free */

static const struct thread_options plain = {0, NULL};

static struct thread started(void (*fn)(void *), void *arg)
{
	struct thread thread;

	ck_assert_int_eq(thread_start(fn, arg, &plain, &thread), 0);
	return thread;
}

/* ---- parkers ------------------------------------------------------------------------------- */

static struct parker parker = PARKER_INITIALIZER;
static atomic_bool returned;
static int park_result;

static void park_forever(void *arg)
{
	(void)arg;
	park_result = parker_park(&parker, BOTHY_FOREVER);
	atomic_store(&returned, true);
}

static bothy_time far_deadline;
static int64_t far_cpu; /* that the park took */

static void park_far(void *arg)
{
	int64_t before = clock_thread_now();

	(void)arg;
	park_result = parker_park(&parker, far_deadline);
	far_cpu = clock_thread_now() - before;
}

/* Return when the other thread is in its park, or has posted: the state is not EMPTY then. */
static void await_changed(void)
{
	while (atomic_load(&parker.state) == 0)
		(void)sched_yield();
}

START_TEST(a_token_posted_before_the_park_is_taken_at_once)
{
	ck_assert(!parker_post(&parker));
	ck_assert_int_eq(parker_park(&parker, BOTHY_FOREVER), 0);
}
END_TEST

START_TEST(tokens_do_not_add_up)
{
	ck_assert(!parker_post(&parker));
	ck_assert(!parker_post(&parker));
	ck_assert_int_eq(parker_park(&parker, BOTHY_FOREVER), 0);
	ck_assert_int_eq(parker_park(&parker, BOTHY_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(a_past_deadline_polls)
{
	static const bothy_time past[] = {BOTHY_NOW, 0, -1, INT64_MIN};

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		ck_assert_int_eq(parker_park(&parker, past[i]), -ETIMEDOUT);
		ck_assert(!parker_post(&parker));
		ck_assert_int_eq(parker_park(&parker, past[i]), 0);
	}
}
END_TEST

START_TEST(a_park_times_out_at_its_deadline_and_not_before)
{
	bothy_time deadline = clock_now() + 20 * MS;

	ck_assert_int_eq(parker_park(&parker, deadline), -ETIMEDOUT);
	ck_assert_int_ge(clock_now(), deadline);
	ck_assert(!parker_post(&parker)); /* nobody is taken to be asleep */
	ck_assert_int_eq(parker_park(&parker, BOTHY_FOREVER), 0);
}
END_TEST

/* Where seconds are kept in 32 bits, such a time is past, or no time. */
START_TEST(a_far_deadline_is_slept_for)
{
	static const bothy_time far[] = {
		INT64_C(1000000000) << 31,
		INT64_C(1000000000) << 32,
		BOTHY_FOREVER - 1,
	};

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct thread thread;

		far_deadline = far[i];
		thread = started(park_far, NULL);
		nanosleep(&(struct timespec){0, 50 * MS}, NULL);
		parker_wake(&parker);
		thread_join(&thread);
		ck_assert_int_eq(park_result, 0);
		ck_assert_int_lt(far_cpu, 20 * MS);
	}
}
END_TEST

START_TEST(a_post_says_whether_the_thread_is_asleep)
{
	struct thread thread = started(park_forever, NULL);

	await_changed();
	ck_assert(parker_post(&parker));
	ck_assert(!parker_post(&parker)); /* once is enough */
	parker_kick(&parker);
	thread_join(&thread);
	ck_assert_int_eq(park_result, 0);
}
END_TEST

START_TEST(errno_is_left_alone)
{
	errno = EXDEV;
	ck_assert_int_eq(parker_park(&parker, clock_now() + MS), -ETIMEDOUT);
	parker_kick(&parker);
	parker_kick((struct parker *)(UINTPTR_MAX - 7)); /* refused: no such address */
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

static atomic_int handled;

static void handler(int signal)
{
	(void)signal;
	atomic_fetch_add(&handled, 1);
}

static void park_with_signals(void *arg)
{
	sigset_t one;

	(void)sigemptyset(&one);
	(void)sigaddset(&one, SIGUSR1);
	(void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	park_forever(arg);
}

START_TEST(a_signal_handler_does_not_end_the_park)
{
	struct sigaction action = {.sa_handler = handler}; /* without SA_RESTART */
	struct thread thread;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	thread = started(park_with_signals, NULL);
	await_changed();
	for (int i = 1; i <= 500; i++) {
		ck_assert_int_eq(pthread_kill(thread.handle, SIGUSR1), 0);
		/* The thread sanitizer puts handlers off until the thread calls it again, which
		 * is after the park; but the system call is interrupted all the same. */
		while (!UNDER_THREAD_SANITIZER && atomic_load(&handled) < i)
			(void)sched_yield();
	}
	ck_assert(!atomic_load(&returned));
	parker_wake(&parker);
	thread_join(&thread);
	ck_assert_int_eq(park_result, 0);
}
END_TEST

START_TEST(a_kick_of_a_parker_that_is_gone_is_harmless)
{
	struct parker *gone =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(gone, MAP_FAILED);
	parker_init(gone);
	ck_assert_int_eq(munmap(gone, 4096), 0);
	parker_kick(gone);
}
END_TEST

START_TEST(a_kick_without_a_token_does_not_end_the_park)
{
	struct thread thread = started(park_forever, NULL);

	await_changed();
	for (int i = 0; i < 500; i++) {
		parker_kick(&parker);
		(void)sched_yield();
	}
	ck_assert(!atomic_load(&returned));
	parker_wake(&parker);
	thread_join(&thread);
	ck_assert_int_eq(park_result, 0);
}
END_TEST

/* ---- parkers: two posts against one park ----------------------------------------------------- */

/*
 * The second of two posts must hit the few instructions in which a park takes the first one's
 * token.  So the one that parks delays a little less if it came too late for that, else more,
 * and the pause between the posts changes slowly.  Where others have the processors a round takes
 * long, and there are fewer.
 */
enum { ROUNDS = 60000, ROUNDS_MS = 500 };

static _Atomic int written, begun, ended;
static atomic_bool enough;

static void await(_Atomic int *round, int n)
{
	for (int spins = 0; atomic_load(round) < n; spins++)
		if (spins > 2000)
			(void)sched_yield();
}

static void idle(int n)
{
	for (volatile int i = 0; i < n; i++)
		continue;
}

/* Each round posts, writes, and posts again. */
static void post_twice(void *arg)
{
	(void)arg;
	for (int round = 1; round <= ROUNDS; round++) {
		await(&begun, round);
		if (atomic_load(&enough))
			return;
		parker_wake(&parker);
		idle(100 + round / 200);
		atomic_store_explicit(&written, round, memory_order_relaxed);
		parker_wake(&parker);
		atomic_store(&ended, round);
	}
}

START_TEST(a_park_that_takes_a_token_has_seen_what_was_written_before_its_post)
{
	struct thread thread = started(post_twice, NULL);
	bothy_time until = bothy_after_ms(ROUNDS_MS);
	int delay = 0;

	for (int round = 1; round <= ROUNDS; round++) {
		bool seen;

		atomic_store(&enough, round % 1024 == 0 && clock_now() >= until);
		atomic_store(&begun, round);
		if (atomic_load(&enough))
			break;
		await_changed();
		idle(delay + round % 16);
		(void)parker_park(&parker, BOTHY_FOREVER);
		seen = atomic_load_explicit(&written, memory_order_relaxed) == round;
		await(&ended, round);
		if (parker_park(&parker, BOTHY_NOW) < 0 && !seen)
			ck_abort_msg("round %d: the second token is lost", round);
		delay += seen ? -(delay > 0) : 1;
	}
	thread_join(&thread);
}
END_TEST

enum { PINGS = 5000 };

static struct parker ping = PARKER_INITIALIZER, pong = PARKER_INITIALIZER;

static void return_pings(void *arg)
{
	(void)arg;
	for (int i = 0; i < PINGS; i++) {
		(void)parker_park(&ping, BOTHY_FOREVER);
		parker_wake(&pong);
	}
}

START_TEST(no_wake_is_lost_in_many_rounds)
{
	struct thread thread = started(return_pings, NULL);

	for (int i = 0; i < PINGS; i++) {
		parker_wake(&ping);
		ck_assert_int_eq(parker_park(&pong, BOTHY_FOREVER), 0);
	}
	thread_join(&thread);
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------------- */

static char name_seen[16];
static sigset_t mask_seen;
static size_t stack_seen, stack_left, stack_left_deeper;
static pthread_t handle_seen, self_seen;
static struct thread own;

static size_t left_below(int frames);

static size_t (*volatile left)(int frames) = left_below; /* not to be inlined */

static size_t left_below(int frames)
{
	volatile size_t found = frames > 0 ? left(frames - 1) : thread_stack_left();

	return found;
}

static void look(void *arg)
{
	pthread_attr_t attributes;
	void *bottom;

	(void)arg;
	(void)pthread_getname_np(pthread_self(), name_seen, sizeof(name_seen));
	(void)pthread_sigmask(SIG_BLOCK, NULL, &mask_seen);
	(void)pthread_getattr_np(pthread_self(), &attributes);
	(void)pthread_attr_getstack(&attributes, &bottom, &stack_seen);
	(void)pthread_attr_destroy(&attributes);
	stack_left = thread_stack_left();
	stack_left_deeper = left_below(64);
	self_seen = pthread_self();
	handle_seen = own.handle;
}

static void look_with(struct thread_options options)
{
	ck_assert_int_eq(thread_start(look, NULL, &options, &own), 0);
	thread_join(&own);
}

START_TEST(a_thread_has_every_signal_blocked)
{
	look_with(plain);
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		if (signal == SIGKILL || signal == SIGSTOP || (signal >= 32 && signal < SIGRTMIN))
			continue;
		ck_assert_msg(sigismember(&mask_seen, signal) == 1, "signal %d", signal);
	}
}
END_TEST

static bool same_mask(const sigset_t *a, const sigset_t *b)
{
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		if (sigismember(a, signal) != sigismember(b, signal))
			return false;
	return true;
}

START_TEST(the_starter_keeps_its_signal_mask)
{
	struct thread_options absurd = {ABSURD_STACK, NULL};
	sigset_t before, after;
	struct thread thread;

	(void)sigemptyset(&before);
	(void)sigaddset(&before, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	look_with(plain);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &after);
	ck_assert(same_mask(&before, &after));
	ck_assert_int_lt(thread_start(look, NULL, &absurd, &thread), 0);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &after);
	ck_assert(same_mask(&before, &after));
}
END_TEST

START_TEST(a_name_is_cut_to_15_characters)
{
	look_with((struct thread_options){0, "short"});
	ck_assert_str_eq(name_seen, "short");
	look_with((struct thread_options){0, "exactly15letter"});
	ck_assert_str_eq(name_seen, "exactly15letter");
	look_with((struct thread_options){0, "sixteen letters!"});
	ck_assert_str_eq(name_seen, "sixteen letters");
}
END_TEST

START_TEST(a_thread_without_a_name_inherits_one)
{
	ck_assert_int_eq(pthread_setname_np(pthread_self(), "starter"), 0);
	look_with(plain);
	ck_assert_str_eq(name_seen, "starter");
}
END_TEST

START_TEST(a_thread_has_the_stack_it_was_given)
{
	enum { BYTES = 512 * 1024 };

	look_with((struct thread_options){BYTES, NULL});
	ck_assert_uint_le(stack_seen, BYTES);
	ck_assert_uint_ge(stack_seen, BYTES - 64 * 1024); /* a guard page, at most */
	ck_assert_uint_lt(stack_left, stack_seen);
	ck_assert_uint_gt(stack_left, stack_seen / 2);
	ck_assert_uint_lt(stack_left_deeper, stack_left - 512);
	ck_assert_uint_gt(stack_left_deeper, stack_left / 2);
}
END_TEST

/* As musl's default is: 128 KiB. */
START_TEST(a_small_default_stack_is_made_larger)
{
	enum { SMALL = 128 * 1024 };
	pthread_attr_t usual, small;
	struct thread thread;

	ck_assert_int_eq(pthread_getattr_default_np(&usual), 0);
	ck_assert_int_eq(pthread_attr_init(&small), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(&small, SMALL), 0);
	ck_assert_int_eq(pthread_setattr_default_np(&small), 0);
	thread = started(look, NULL);
	thread_join(&thread);
	ck_assert_int_eq(pthread_setattr_default_np(&usual), 0);
	(void)pthread_attr_destroy(&small);
	(void)pthread_attr_destroy(&usual);
	ck_assert_uint_ge(stack_seen, THREAD_STACK_USUAL - 64 * 1024); /* a guard page, at most */
	ck_assert_uint_gt(stack_left, THREAD_STACK_USUAL / 2);
}
END_TEST

START_TEST(the_first_thread_knows_its_stack_too)
{
	size_t here = thread_stack_left();

	ck_assert_uint_lt(left_below(64), here - 512);
	ck_assert_uint_gt(left_below(64), here / 2);
}
END_TEST

START_TEST(the_handle_is_written_before_the_thread_begins)
{
	for (int i = 0; i < 200; i++) {
		memset(&own, 0, sizeof(own));
		ck_assert_int_eq(thread_start(look, NULL, &plain, &own), 0);
		thread_join(&own);
		ck_assert(pthread_equal(handle_seen, self_seen));
	}
}
END_TEST

START_TEST(a_failed_start_returns_the_error_and_leaks_nothing)
{
	long live = support_live_allocations();
	struct thread thread;

	ck_assert_int_eq(thread_start(look, NULL, &(struct thread_options){1, NULL}, &thread),
	                 -EINVAL);
	ck_assert_int_lt(
		thread_start(look, NULL, &(struct thread_options){ABSURD_STACK, NULL}, &thread), 0);
	support_fail_thread_start(1);
	ck_assert_int_eq(thread_start(look, NULL, &plain, &thread), -EAGAIN);
	support_fail_allocation(1);
	ck_assert_int_eq(thread_start(look, NULL, &plain, &thread), -ENOMEM);
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

static struct gate gate;

static void arrive(void *arg)
{
	(void)arg;
	gate_arrive(&gate);
}

START_TEST(a_detached_thread_runs)
{
	struct thread thread = started(arrive, NULL);

	thread_detach(&thread);
	gate_await(&gate, 1);
}
END_TEST

/* ---- fork -------------------------------------------------------------------------------------- */

static int generation_differs(void *parents)
{
	uint32_t mine = fork_generation();

	return mine != 0 && mine != *(uint32_t *)parents && mine == fork_generation() ? 0 : 1;
}

static int child_and_grandchild_differ(void *parents)
{
	uint32_t mine = fork_generation();

	if (generation_differs(parents) != 0)
		return 1;
	return support_in_child(generation_differs, &mine);
}

START_TEST(each_process_has_a_generation_of_its_own_that_stays)
{
	uint32_t mine = fork_generation();

	ck_assert_uint_ne(mine, 0);
	ck_assert_int_eq(support_in_child(child_and_grandchild_differ, &mine), 0);
	ck_assert_uint_eq(fork_generation(), mine);
}
END_TEST

static int tell_generation(void *pipe_end)
{
	uint32_t mine = fork_generation();

	return write(*(int *)pipe_end, &mine, sizeof(mine)) == sizeof(mine) ? 0 : 1;
}

START_TEST(a_child_forked_before_its_parent_asked_differs_too)
{
	uint32_t childs;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(support_in_child(tell_generation, &ends[1]), 0);
	ck_assert_int_eq(read(ends[0], &childs, sizeof(childs)), sizeof(childs));
	ck_assert_uint_ne(fork_generation(), childs);
}
END_TEST

START_TEST(a_child_made_without_the_fork_handlers_differs_too)
{
	uint32_t mine = fork_generation();
	long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(generation_differs(&mine));
	ck_assert_int_eq(waitpid((pid_t)child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

enum { LOCKS = 3 };

static struct lock low[LOCKS] = {LOCK_INITIALIZER, LOCK_INITIALIZER, LOCK_INITIALIZER};
static struct lock high = LOCK_INITIALIZER;
static int guarded_a, guarded_b; /* by all of low: equal */
static int guarded_c, guarded_d; /* by high: equal */
static atomic_bool stop;

/* Takes the locks as the library nests them: by rank, then by index. */
static void hold_locks(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		for (int i = 0; i < LOCKS; i++)
			lock_acquire(&low[i]);
		guarded_a++;
		lock_acquire(&high);
		guarded_c++;
		guarded_b++;
		guarded_d++;
		lock_release(&high);
		for (int i = LOCKS - 1; i >= 0; i--)
			lock_release(&low[i]);
	}
}

static int look_at_guarded(void *arg)
{
	bool whole;

	(void)arg;
	for (int i = 0; i < LOCKS; i++)
		lock_acquire(&low[i]);
	lock_acquire(&high);
	whole = guarded_a == guarded_b && guarded_c == guarded_d;
	lock_release(&high);
	for (int i = LOCKS - 1; i >= 0; i--)
		lock_release(&low[i]);
	return whole ? 0 : 1;
}

START_TEST(protected_locks_are_usable_in_a_child_whoever_held_them)
{
	struct thread thread;

	fork_protect(FORK_RANK_OBJECT, &high, 1);
	fork_protect(FORK_RANK_FAMILY, low, LOCKS);
	thread = started(hold_locks, NULL);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(support_in_child(look_at_guarded, NULL), 0);
	atomic_store(&stop, true);
	thread_join(&thread);
}
END_TEST

static void check_spread(uintptr_t stride)
{
	enum { ADDRESSES = 8000 };
	unsigned in[FORK_STRIPES] = {0};

	for (uintptr_t i = 0; i < ADDRESSES; i++) {
		unsigned stripe =
			fork_stripe((void *)((uintptr_t)UINT64_C(0x5581c0de1000) + i * stride));

		ck_assert_uint_lt(stripe, FORK_STRIPES);
		in[stripe]++;
	}
	for (int i = 0; i < FORK_STRIPES; i++)
		ck_assert_msg(in[i] > ADDRESSES / FORK_STRIPES / 2 &&
		                      in[i] < 2 * ADDRESSES / FORK_STRIPES,
		              "stride %zu: %u in stripe %d", (size_t)stride, in[i], i);
}

START_TEST(addresses_at_any_stride_spread_over_the_stripes)
{
	static const uintptr_t strides[] = {16, 32, 48, 64, 128, 176, 256, 4096};

	for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++)
		check_spread(strides[i]);
}
END_TEST

/* ---- locks, the clock, switches ---------------------------------------------------------------- */

static struct lock counter_lock;
static long counter;

static void count_locked(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100000; i++) {
		if (i % 2 == 0)
			lock_acquire(&counter_lock);
		else
			lock_acquire_soon(&counter_lock);
		counter++;
		lock_release(&counter_lock);
	}
}

START_TEST(a_lock_excludes)
{
	struct thread threads[3];

	lock_init(&counter_lock);
	for (int i = 0; i < 3; i++)
		threads[i] = started(count_locked, NULL);
	for (int i = 0; i < 3; i++)
		thread_join(&threads[i]);
	lock_fini(&counter_lock);
	ck_assert_int_eq(counter, 300000);
}
END_TEST

START_TEST(a_stamp_is_the_clocks_time_within_microseconds)
{
	enum { APART_NS = 5000 };
	bothy_time until = clock_now() + 100 * MS, before;

	/* Long enough for the pace of the processor's counter to be known, and used. */
	do {
		bothy_time stamp, after;

		before = clock_now();
		stamp = clock_stamp();
		after = clock_now();
		if (stamp < before - APART_NS || stamp > after + APART_NS)
			ck_abort_msg("%" PRId64 " between %" PRId64 " and %" PRId64, stamp, before, after);
	} while (before < until);
}
END_TEST

START_TEST(the_clock_is_the_monotonic_one)
{
	bothy_time last = clock_now();
	struct timespec now;

	for (int i = 0; i < 100000; i++) {
		bothy_time t = clock_now();

		if (t < last)
			ck_abort_msg("%" PRId64 " after %" PRId64, t, last);
		last = t;
	}
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	ck_assert_int_ge((bothy_time)now.tv_sec * 1000 * MS + now.tv_nsec, last);
	ck_assert_int_ge(clock_now(), (bothy_time)now.tv_sec * 1000 * MS + now.tv_nsec);
}
END_TEST

START_TEST(adding_to_a_time_saturates)
{
	ck_assert_int_eq(clock_add(5, 7), 12);
	ck_assert_int_eq(clock_add(BOTHY_FOREVER, 0), BOTHY_FOREVER);
	ck_assert_int_eq(clock_add(BOTHY_FOREVER, 1), BOTHY_FOREVER);
	ck_assert_int_eq(clock_add(BOTHY_FOREVER - 1, 1), BOTHY_FOREVER);
	ck_assert_int_eq(clock_add(1, INT64_MAX), BOTHY_FOREVER);
}
END_TEST

START_TEST(a_fault_is_planted_by_its_name)
{
	if (!TESTING_CAN_PLANT)
		return;
	ck_assert(!PLANTED(WAKE_DROPPED));
	ck_assert_int_eq(testing_plant("NO_SUCH_FAULT"), -ENOENT);
	ck_assert(PLANTED(NONE));
	ck_assert_int_eq(testing_plant("WAKE_DROPPED"), 0);
	ck_assert(PLANTED(WAKE_DROPPED));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ */

static void setup(void)
{
	parker_init(&parker);
	gate_init(&gate);
}

static void teardown(void)
{
	gate_fini(&gate);
}

int main(void)
{
	const TTest *const tests[] = {
		a_token_posted_before_the_park_is_taken_at_once,
		tokens_do_not_add_up,
		a_past_deadline_polls,
		a_park_times_out_at_its_deadline_and_not_before,
		a_far_deadline_is_slept_for,
		a_post_says_whether_the_thread_is_asleep,
		errno_is_left_alone,
		a_signal_handler_does_not_end_the_park,
		a_kick_of_a_parker_that_is_gone_is_harmless,
		a_kick_without_a_token_does_not_end_the_park,
		a_park_that_takes_a_token_has_seen_what_was_written_before_its_post,
		no_wake_is_lost_in_many_rounds,
		a_thread_has_every_signal_blocked,
		the_starter_keeps_its_signal_mask,
		a_name_is_cut_to_15_characters,
		a_thread_without_a_name_inherits_one,
		a_thread_has_the_stack_it_was_given,
		a_small_default_stack_is_made_larger,
		the_first_thread_knows_its_stack_too,
		the_handle_is_written_before_the_thread_begins,
		a_failed_start_returns_the_error_and_leaks_nothing,
		a_detached_thread_runs,
		each_process_has_a_generation_of_its_own_that_stays,
		a_child_forked_before_its_parent_asked_differs_too,
		a_child_made_without_the_fork_handlers_differs_too,
		protected_locks_are_usable_in_a_child_whoever_held_them,
		addresses_at_any_stride_spread_over_the_stripes,
		a_lock_excludes,
		a_stamp_is_the_clocks_time_within_microseconds,
		the_clock_is_the_monotonic_one,
		adding_to_a_time_saturates,
		a_fault_is_planted_by_its_name,
	};
	Suite *suite = suite_create("sync");
	TCase *tcase = tcase_create("sync");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
