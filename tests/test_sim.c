/*
 * The seeded scheduler itself: what it finds, and that it finds it again.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/atomic.h"
#include "sync/clock.h"
#include "sync/lock.h"
#include "sync/park.h"
#include "sync/sim/sched.h"
#include "sync/thread.h"

static struct sim_report *report; /* shared with the children */

/* Run SCENARIO in a child: whether it passed. */
static bool passes_with(const struct sim_options *options, void (*scenario)(void))
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		sim_run(options, scenario, report);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status) == 0;
}

static bool passes(void (*scenario)(void), uint64_t seed, enum sim_strategy strategy)
{
	struct sim_options options = {seed, strategy, 2, 50, 5000};

	return passes_with(&options, scenario);
}

/* The first of N seeds that fails, or 0. */
static uint64_t find(void (*scenario)(void), enum sim_strategy strategy, uint64_t n)
{
	for (uint64_t seed = 1; seed <= n; seed++)
		if (!passes(scenario, seed, strategy))
			return seed;
	return 0;
}

static struct thread go(void (*fn)(void *), void *arg)
{
	struct thread_options options = {0, "other"};
	struct thread thread;

	if (thread_start(fn, arg, &options, &thread) < 0)
		sim_fail("a thread does not start");
	return thread;
}

/* ---- races --------------------------------------------------------------------------------- */

static _Atomic int number;

static void add_badly(void *arg)
{
	int seen = atom_load(&number, relaxed);

	(void)arg;
	atom_store(&number, seen + 1, relaxed);
}

static void lose_an_update(void)
{
	struct thread other;

	atomic_store(&number, 0);
	other = go(add_badly, NULL);
	add_badly(NULL);
	thread_join(&other);
	if (atomic_load(&number) != 2)
		sim_fail("an update is lost");
}

static void add_well(void *arg)
{
	(void)arg;
	(void)atom_add(&number, 1, relaxed);
}

static void lose_nothing(void)
{
	struct thread other;

	atomic_store(&number, 0);
	other = go(add_well, NULL);
	add_well(NULL);
	thread_join(&other);
	if (atomic_load(&number) != 2)
		sim_fail("an update is lost");
}

START_TEST(a_lost_update_is_found_by_both_strategies)
{
	ck_assert_uint_ne(find(lose_an_update, SIM_RANDOM, 100), 0);
	ck_assert_str_eq(report->text[0] != '\0' ? "said why" : "", "said why");
	ck_assert_ptr_nonnull(strstr(report->text, "an update is lost"));
	ck_assert_uint_ne(find(lose_an_update, SIM_PCT, 100), 0);
	ck_assert_uint_eq(find(lose_nothing, SIM_RANDOM, 100), 0);
	ck_assert_uint_eq(find(lose_nothing, SIM_PCT, 100), 0);
}
END_TEST

START_TEST(one_seed_is_one_schedule)
{
	uint64_t hashes[20], again;
	int differ = 0;

	for (uint64_t seed = 0; seed < 20; seed++) {
		(void)passes(lose_an_update, seed, SIM_RANDOM);
		hashes[seed] = report->hash;
		(void)passes(lose_an_update, seed, SIM_RANDOM);
		again = report->hash;
		ck_assert_uint_eq(hashes[seed], again);
		differ += hashes[seed] != hashes[0];
	}
	ck_assert_int_gt(differ, 0);
}
END_TEST

/* ---- how often PCT finds a bug ------------------------------------------------------------- */

enum { RUNS = 2000 };

/* How many of RUNS find the bug of SCENARIO, if PCT's depth is DEPTH; *RET_POINTS: the most that a
 * run had. */
static unsigned found_by(void (*scenario)(void), unsigned depth, unsigned points,
                         unsigned *ret_points)
{
	unsigned found = 0;

	*ret_points = 0;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct sim_options options = {seed, SIM_PCT, depth, points, 5000};

		found += !passes_with(&options, scenario);
		if (report->points > *ret_points)
			*ret_points = report->points;
	}
	return found;
}

/* That SCENARIO, of two threads, has a bug of that DEPTH: it is found no less often than PCT promises,
 * and not at all by less depth. */
static void check_depth(void (*scenario)(void), unsigned depth)
{
	enum { MANY = 20 };
	unsigned points, found, most;
	double promised;

	(void)found_by(scenario, depth, MANY, &points);
	found = found_by(scenario, depth, points, &most);
	ck_assert_uint_le(most, points);
	promised = RUNS / (2 * pow(points, depth - 1));
	ck_assert_double_ge(found, promised - 3 * sqrt(promised));
	ck_assert_uint_gt(found, 0);
	if (depth > 1)
		ck_assert_uint_eq(found_by(scenario, depth - 1, points, &most), 0);
}

static void see_it_first(void *arg)
{
	(void)arg;
	if (atom_load(&number, relaxed) == 0)
		sim_fail("the other was first");
}

static void be_overtaken(void)
{
	struct thread other;

	atomic_store(&number, 0);
	other = go(see_it_first, NULL);
	atom_store(&number, 1, relaxed);
	thread_join(&other);
}

START_TEST(one_order_is_found_as_often_as_promised)
{
	check_depth(be_overtaken, 1);
}
END_TEST

START_TEST(two_orders_are_found_as_often_as_promised)
{
	check_depth(lose_an_update, 2);
}
END_TEST

static _Atomic int a, b, c;

/* It has to come between the stores to a and b, and to be overtaken before it looks at c. */
static void see_it_half_done(void *arg)
{
	(void)arg;
	if (atom_load(&a, relaxed) == 1 && atom_load(&b, relaxed) == 0 &&
	    atom_load(&c, relaxed) == 1)
		sim_fail("it was seen half done");
}

static void do_by_thirds(void)
{
	struct thread other;

	atomic_store(&a, 0);
	atomic_store(&b, 0);
	atomic_store(&c, 0);
	other = go(see_it_half_done, NULL);
	atom_store(&a, 1, relaxed);
	atom_store(&b, 1, relaxed);
	atom_store(&c, 1, relaxed);
	thread_join(&other);
}

START_TEST(three_orders_are_found_as_often_as_promised)
{
	check_depth(do_by_thirds, 3);
}
END_TEST

/* The clock, with a deadline that nobody has to wait for, is as a thread: early, or late. */
static void sleep_beside_another(void)
{
	struct thread other;
	struct parker nobody = PARKER_INITIALIZER;

	atomic_store(&number, 0);
	other = go(add_badly, NULL);
	(void)parker_park(&nobody, clock_add(clock_now(), 1000000));
	if (atom_load(&number, relaxed) == 0)
		sim_fail("the deadline came first");
	thread_join(&other);
}

START_TEST(the_clock_is_overtaken_and_overtakes)
{
	unsigned points, found = found_by(sleep_beside_another, 1, 1, &points);

	ck_assert(report->timed);
	ck_assert_uint_ge(found, RUNS / 4);
	ck_assert_uint_lt(found, RUNS);
}
END_TEST

/* ---- deadlocks ------------------------------------------------------------------------------- */

static struct lock first, second;

static void lock_backwards(void *arg)
{
	(void)arg;
	lock_acquire(&second);
	lock_acquire(&first);
	lock_release(&first);
	lock_release(&second);
}

static void invert_locks(void)
{
	struct thread other;

	lock_init(&first);
	lock_init(&second);
	other = go(lock_backwards, NULL);
	lock_acquire(&first);
	lock_acquire(&second);
	lock_release(&second);
	lock_release(&first);
	thread_join(&other);
}

START_TEST(a_lock_inversion_is_found_with_each_threads_place)
{
	ck_assert_uint_ne(find(invert_locks, SIM_RANDOM, 200), 0);
	ck_assert_ptr_nonnull(strstr(report->text, "deadlock"));
	ck_assert_ptr_nonnull(strstr(report->text, "thread 1 (scenario) sleeps"));
	ck_assert_ptr_nonnull(strstr(report->text, "thread 2 (other) sleeps at lock"));
	ck_assert_ptr_nonnull(strstr(report->text, "test_sim.c:"));
}
END_TEST

static struct parker parker;

static void post_without_a_kick(void *arg)
{
	(void)arg;
	(void)parker_post(&parker);
}

static void drop_a_kick(void)
{
	struct thread other;

	parker_init(&parker);
	other = go(post_without_a_kick, NULL);
	(void)parker_park(&parker, BOTHY_FOREVER);
	thread_join(&other);
}

START_TEST(a_dropped_kick_is_a_deadlock)
{
	ck_assert_uint_ne(find(drop_a_kick, SIM_RANDOM, 100), 0);
	ck_assert_ptr_nonnull(strstr(report->text, "sleeps at park"));
}
END_TEST

static void spin(void)
{
	while (atom_load(&number, relaxed) >= 0)
		continue;
}

START_TEST(a_run_without_end_is_a_livelock)
{
	ck_assert(!passes(spin, 1, SIM_RANDOM));
	ck_assert_ptr_nonnull(strstr(report->text, "livelock"));
}
END_TEST

static void lock_twice(void)
{
	lock_init(&first);
	lock_acquire(&first);
	lock_acquire(&first);
}

START_TEST(a_lock_taken_twice_is_an_error)
{
	ck_assert(!passes(lock_twice, 1, SIM_RANDOM));
	ck_assert_ptr_nonnull(strstr(report->text, "acquired again by its holder"));
}
END_TEST

/* ---- time ---------------------------------------------------------------------------------------- */

static void sleep_a_year(void)
{
	bothy_time year = clock_add(clock_now(), INT64_C(365) * 86400 * 1000000000);

	parker_init(&parker);
	if (parker_park(&parker, year) != -ETIMEDOUT || clock_now() < year)
		sim_fail("it was no year");
}

START_TEST(time_jumps_when_nobody_can_run)
{
	ck_assert(passes(sleep_a_year, 1, SIM_RANDOM));
	ck_assert(passes(sleep_a_year, 1, SIM_PCT));
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------------------- */

static void note_end(void *arg)
{
	add_well(arg);
}

static void leave(void *arg)
{
	pthread_cleanup_push(note_end, arg);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
}

static void exit_in_thread(void)
{
	struct thread other;

	atomic_store(&number, 0);
	other = go(leave, NULL);
	thread_join(&other);
	if (atomic_load(&number) != 1)
		sim_fail("its cleanup did not run");
}

START_TEST(a_thread_may_leave_by_pthread_exit)
{
	ck_assert_uint_eq(find(exit_in_thread, SIM_RANDOM, 50), 0);
	ck_assert_uint_eq(find(exit_in_thread, SIM_PCT, 50), 0);
	ck_assert_uint_eq(report->threads, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim");
	TCase *tcase = tcase_create("sim");
	SRunner *runner = srunner_create(suite);
	int failed;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (report == MAP_FAILED)
		return EXIT_FAILURE;
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_lost_update_is_found_by_both_strategies);
	tcase_add_test(tcase, one_seed_is_one_schedule);
	tcase_add_test(tcase, one_order_is_found_as_often_as_promised);
	tcase_add_test(tcase, two_orders_are_found_as_often_as_promised);
	tcase_add_test(tcase, three_orders_are_found_as_often_as_promised);
	tcase_add_test(tcase, the_clock_is_overtaken_and_overtakes);
	tcase_add_test(tcase, a_lock_inversion_is_found_with_each_threads_place);
	tcase_add_test(tcase, a_dropped_kick_is_a_deadlock);
	tcase_add_test(tcase, a_run_without_end_is_a_livelock);
	tcase_add_test(tcase, a_lock_taken_twice_is_an_error);
	tcase_add_test(tcase, time_jumps_when_nobody_can_run);
	tcase_add_test(tcase, a_thread_may_leave_by_pthread_exit);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
