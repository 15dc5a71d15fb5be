/*
 * fork in every state of a pool: in each, children of all kinds are forked
 * (tests/fork/child.h); none hangs or is left as a zombie, and the parent's jobs go on and
 * settle.
 *
 * A state is reached by gates and by what the library or the kernel says of it, never by time.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/fork/child.h"
#include "tests/fork/states.h"
#include "tests/support.h"

/* ---- what states share --------------------------------------------------------------------- */

void states_setup(void)
{
	fixture_setup();
	memset(&held, 0, sizeof(held));
	atomic_store(&fork_failures, 0);
}

/* The pool is freed: so all its jobs have settled. */
void states_teardown(void)
{
	struct bothy_pool_stats stats;

	gate_open(&gate);
	for (int i = 0; i < held.n; i++)
		ck_assert_int_eq(bothy_future_wait(held.futures[i], BOTHY_FOREVER), 0);
	stats = stats_now();
	ck_assert_uint_eq(stats.queued, 0);
	held_release();
	fixture_teardown();
	pool = NULL;
	bothy_server_release(held.server);
	ck_assert_int_eq(atomic_load(&fork_failures), 0);
	/* No child is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

bothy_future *hold(struct bothy_job job)
{
	bothy_future *future = start(job);

	ck_assert_int_lt(held.n, FUTURES_MAX);
	held.futures[held.n++] = future;
	return future;
}

/* ---- what workers do ----------------------------------------------------------------------- */

START_TEST(of_an_idle_pool)
{
	pool_of(2);
	hold(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	fork_children();
}
END_TEST

/* All of the API's objects are held, with jobs in each. */
static void fill(void)
{
	ck_assert_int_eq(bothy_group_new(&held.group), 0);
	ck_assert_int_eq(bothy_completions_new(&held.completions), 0);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &held.project), 0);
	for (int i = 0; i < 2; i++)
		hold(BOTHY_JOB(.fn = stop_at_gate, .group = held.group, .arg = &freed,
		               .arg_free = count_free));
	gate_await(&gate, 2);
	for (int i = 0; i < 3; i++)
		hold(BOTHY_JOB(.fn = nothing, .completions = held.completions, .arg = &freed,
		               .arg_free = count_free));
}

START_TEST(of_workers_that_run_with_jobs_queued_behind_them)
{
	pool_of(2);
	fill();
	fork_children();
	gate_open(&gate);
	ck_assert_int_eq(bothy_group_wait(held.group, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 5);
}
END_TEST

static int wait_for_gated(void *arg, void **ret_result)
{
	(void)arg;
	return bothy_run(pool, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate),
	                 BOTHY_FOREVER, ret_result);
}

START_TEST(of_workers_that_are_parked_with_their_places_lent)
{
	pool_with((struct bothy_pool_options){.workers = 2, .spare_max = 4});
	hold(BOTHY_JOB(.fn = wait_for_gated));
	hold(BOTHY_JOB(.fn = wait_for_gated));
	gate_await(&gate, 2);
	while (stats_now().waiting < 2)
		(void)sched_yield();
	fork_children();
}
END_TEST

/* Whether a job had begun before its deadline, MS from now, so that its worker is lost. */
static bool lose_worker(int64_t ms)
{
	bothy_future *job = hold(BOTHY_JOB(.fn = stop_at_gate, .deadline = bothy_after_ms(ms)));

	while (stats_now().lost == 0 && bothy_future_state(job) != BOTHY_EXPIRED)
		(void)sched_yield();
	return stats_now().lost > 0;
}

START_TEST(with_a_worker_that_is_lost)
{
	pool_with((struct bothy_pool_options){.workers = 1, .stop_grace_ns = 1});
	for (int64_t ms = 1; !lose_worker(ms); ms *= 4)
		continue;
	fork_children();
}
END_TEST

START_TEST(with_the_watchdog_armed)
{
	pool_of(1);
	hold(BOTHY_JOB(.fn = stop_at_gate, .deadline = bothy_after_ms(1000000)));
	gate_await(&gate, 1);
	hold(BOTHY_JOB(.fn = nothing, .deadline = bothy_after_ms(2000000)));
	fork_children();
}
END_TEST

static int drop_privileges(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

START_TEST(of_a_strict_pool_that_has_retired_a_thread)
{
	pool_with((struct bothy_pool_options){.workers = 2, .hygiene = BOTHY_HYGIENE_STRICT});
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) { /* else a job changes nothing by it */
		hold(BOTHY_JOB(.fn = drop_privileges));
		ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
		ck_assert_uint_eq(stats_now().retired, 1);
	}
	hold(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	fork_children();
}
END_TEST

START_TEST(with_another_pool_abandoned)
{
	pool_of(1);
	hold(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	bothy_pool_abandon(pool);
	pool_of(1);
	fork_children();
}
END_TEST

/* ---- other threads in the library ---------------------------------------------------------- */

static atomic_int waiter; /* its thread's number */

static void *close_pool(void *unused)
{
	(void)unused;
	support_say_thread(&waiter);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	return NULL;
}

static void *wait_for_future(void *unused)
{
	(void)unused;
	support_say_thread(&waiter);
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	return NULL;
}

static void *wait_for_group(void *unused)
{
	(void)unused;
	support_say_thread(&waiter);
	ck_assert_int_eq(bothy_group_wait(held.group, BOTHY_FOREVER), 0);
	return NULL;
}

static void *submit_one(void *unused)
{
	(void)unused;
	support_say_thread(&waiter);
	start_and_forget(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = count_free));
	return NULL;
}

static void *take_delivery(void *unused)
{
	struct bothy_completion got;

	(void)unused;
	support_say_thread(&waiter);
	ck_assert_int_eq(bothy_completions_next(held.completions, BOTHY_FOREVER, &got), 0);
	return NULL;
}

/* Fork while a thread sleeps in FN, which ends once the gate is open. */
static void fork_during(void *(*fn)(void *))
{
	pthread_t thread = support_thread(fn, NULL);

	support_await_asleep(&waiter);
	fork_children();
	gate_open(&gate);
	(void)support_join(thread);
}

static void start_gated(struct bothy_pool_options options)
{
	options.workers = 1;
	pool_with(options);
	ck_assert_int_eq(bothy_completions_new(&held.completions), 0);
	hold(BOTHY_JOB(.fn = stop_at_gate, .completions = held.completions));
	gate_await(&gate, 1);
}

START_TEST(while_the_pool_is_being_closed)
{
	start_gated((struct bothy_pool_options){0});
	fork_during(close_pool);
}
END_TEST

START_TEST(while_a_thread_waits_for_a_future)
{
	start_gated((struct bothy_pool_options){0});
	fork_during(wait_for_future);
}
END_TEST

START_TEST(while_a_thread_waits_for_a_group)
{
	pool_of(1);
	ck_assert_int_eq(bothy_group_new(&held.group), 0);
	hold(BOTHY_JOB(.fn = stop_at_gate, .group = held.group));
	gate_await(&gate, 1);
	fork_during(wait_for_group);
}
END_TEST

START_TEST(while_a_submitter_is_blocked_for_room)
{
	start_gated((struct bothy_pool_options){.queue_max = 1, .when_full = BOTHY_BLOCK});
	hold(BOTHY_JOB(.fn = nothing));
	fork_during(submit_one);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(while_a_thread_waits_for_a_delivery)
{
	start_gated((struct bothy_pool_options){0});
	fork_during(take_delivery);
}
END_TEST

/* ---- from inside --------------------------------------------------------------------------- */

static atomic_int forked;

/* Children are to find what is held: so not before the gate is open. */
static void fork_here(void *arg)
{
	(void)arg;
	gate_wait(&gate);
	fork_children();
	atomic_fetch_add(&forked, 1);
}

static int fork_in_job(void *arg, void **ret_result)
{
	(void)ret_result;
	fork_here(arg);
	return 0;
}

static int fork_in_deferred(void *arg, void **ret_result)
{
	static const char key;

	(void)ret_result;
	ck_assert_int_eq(bothy_context_defer(fork_here, arg), 0);
	ck_assert_int_eq(bothy_local_set(&key, &forked, fork_here), 0);
	return 0;
}

/* JOB forks N times before it has settled. */
static void expect_forks(struct bothy_job job, int n)
{
	(void)hold(job);
	gate_open(&gate);
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	ck_assert_int_eq(forked, n);
}

START_TEST(in_a_job)
{
	pool_of(2);
	expect_forks(BOTHY_JOB(.fn = fork_in_job), 1);
}
END_TEST

START_TEST(in_a_job_on_a_thread_of_its_own)
{
	pool_of(1);
	expect_forks(BOTHY_JOB(.fn = fork_in_job, .flags = BOTHY_OWN_THREAD), 1);
}
END_TEST

static int spawn_and_wait(void *arg, void **ret_result)
{
	bothy_future *child;

	(void)arg, (void)ret_result;
	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = fork_in_job), &child), 0);
	ck_assert_int_eq(bothy_future_wait(child, BOTHY_FOREVER), 0);
	bothy_future_release(child);
	return 0;
}

START_TEST(in_a_job_that_runs_in_place_of_a_wait)
{
	pool_of(1);
	expect_forks(BOTHY_JOB(.fn = spawn_and_wait), 1);
}
END_TEST

START_TEST(in_deferred_functions_and_locals_destructors)
{
	pool_of(2);
	expect_forks(BOTHY_JOB(.fn = fork_in_deferred), 2);
}
END_TEST

START_TEST(in_arg_free)
{
	pool_of(2);
	expect_forks(BOTHY_JOB(.fn = nothing, .arg = &forked, .arg_free = fork_here), 1);
}
END_TEST

START_TEST(in_a_notify_function)
{
	pool_of(2);
	hold(BOTHY_JOB(.fn = stop_at_gate));
	ck_assert_int_eq(bothy_future_notify(held.futures[0], fork_here, NULL), 0);
	gate_open(&gate);
	while (atomic_load(&forked) == 0)
		(void)sched_yield();
}
END_TEST

static void fork_when_dirty(void *user, const struct bothy_dirt *dirt)
{
	(void)dirt;
	fork_here(user);
}

static int leave_errno(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	errno = EDOM;
	return 0;
}

START_TEST(in_on_dirty)
{
	pool_with((struct bothy_pool_options){
		.workers = 2, .on_dirty = fork_when_dirty, .dirt_mask = BOTHY_DIRT_ERRNO});
	expect_forks(BOTHY_JOB(.fn = leave_errno), 1);
}
END_TEST

static int init_and_fork(void *user, void **ret_local)
{
	(void)ret_local;
	if (pool != NULL) /* not while it is being made */
		fork_here(user);
	return 0;
}

static void fini_and_fork(void *user, void *local)
{
	(void)local;
	fork_here(user);
}

START_TEST(in_a_workers_init_and_fini)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .worker_init = init_and_fork, .worker_fini = fini_and_fork});
	hold(BOTHY_JOB(.fn = end_thread)); /* so the worker ends, and another begins */
	hold(BOTHY_JOB(.fn = nothing));
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(forked, 3);
}
END_TEST

static int begin_and_fork(void *self, const struct bothy_begin *begin, void **ret_slot)
{
	(void)begin;
	*ret_slot = self;
	fork_here(NULL);
	return 0;
}

static int finish_and_fork(void *self, void *slot, int code, const char *text, bothy_time deadline)
{
	(void)self, (void)slot, (void)code, (void)text, (void)deadline;
	fork_here(NULL);
	return 0;
}

START_TEST(in_a_servers_hooks)
{
	const struct bothy_server_ops ops = {
		.size = sizeof(ops), .begin = begin_and_fork, .finish = finish_and_fork};
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	ck_assert_int_eq(bothy_server_new(&ops, NULL, &held.server), 0);
	ck_assert_int_eq(bothy_pool_new(held.server, &options, &pool), 0);
	expect_forks(BOTHY_JOB(.fn = nothing), 2);
}
END_TEST

/* ---- contexts and refs --------------------------------------------------------------------- */

static void *enter_and_fork(void *unused)
{
	bothy_context *context, *inner;

	(void)unused;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, &context), 0);
	ck_assert_int_eq(bothy_context_capture(&held.capture), 0);
	ck_assert_int_eq(bothy_context_adopt(held.capture, &inner), 0);
	fork_children();
	ck_assert_int_eq(bothy_context_exit(inner), 0);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	return NULL;
}

START_TEST(with_a_context_entered_on_a_thread_of_the_hosts)
{
	pool_of(1);
	hold(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	(void)support_join(support_thread(enter_and_fork, NULL));
}
END_TEST

enum { OBJECTS = 64, FORKS = 2 };

static struct bothy_object objects[OBJECTS];
static atomic_bool enough;
static atomic_int wrong; /* Check would keep a note of each assertion in these loops */

/* Keep the stripes' locks busy: a ref that is there already would not be set again. */
static int put_refs(void *arg, void **ret_result)
{
	bothy_ref *refs[2];

	(void)arg, (void)ret_result;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			bothy_ref_new_object("ann", "p", i == 0 ? "o" : "q", "d", &refs[i]), 0);
	gate_arrive(&gate);
	for (unsigned i = 0; !atomic_load(&enough); i++) {
		bothy_ref *ref = refs[i / OBJECTS % 2];

		if (bothy_object_set_ref(&objects[i % OBJECTS], ref) != 0 ||
		    bothy_address_set_ref(&objects[i % OBJECTS], ref) != 0)
			atomic_fetch_add(&wrong, 1);
	}
	for (int i = 0; i < 2; i++)
		bothy_ref_release(refs[i]);
	return 0;
}

START_TEST(while_refs_are_put_on_shared_objects)
{
	pool_of(2);
	hold(BOTHY_JOB(.fn = put_refs));
	hold(BOTHY_JOB(.fn = put_refs, .entity = "bob", .project = "p"));
	gate_await(&gate, 2);
	held.busy = true;
	for (int i = 0; i < FORKS; i++)
		fork_children();
	atomic_store(&enough, true);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(bothy_future_wait(held.futures[i], BOTHY_FOREVER), 0);
	ck_assert_int_eq(wrong, 0);
	for (int i = 0; i < OBJECTS; i++) {
		bothy_address_forget(&objects[i]);
		bothy_object_fini(&objects[i]);
	}
}
END_TEST

/* Jobs come and go, so that each lock of the pool is held now and then. */
static void *submit_much(void *unused)
{
	(void)unused;
	while (!atomic_load(&enough))
		if (bothy_run(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing),
		              BOTHY_FOREVER, NULL) != 0)
			atomic_fetch_add(&wrong, 1);
	return NULL;
}

START_TEST(while_jobs_come_and_go)
{
	pthread_t thread;

	pool_of(2);
	hold(BOTHY_JOB(.fn = nothing));
	held.busy = true;
	thread = support_thread(submit_much, NULL);
	for (int i = 0; i < FORKS; i++)
		fork_children();
	atomic_store(&enough, true);
	(void)support_join(thread);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		of_an_idle_pool,
		of_workers_that_run_with_jobs_queued_behind_them,
		of_workers_that_are_parked_with_their_places_lent,
		with_a_worker_that_is_lost,
		with_the_watchdog_armed,
		of_a_strict_pool_that_has_retired_a_thread,
		with_another_pool_abandoned,
		while_the_pool_is_being_closed,
		while_a_thread_waits_for_a_future,
		while_a_thread_waits_for_a_group,
		while_a_submitter_is_blocked_for_room,
		while_a_thread_waits_for_a_delivery,
		in_a_job,
		in_a_job_on_a_thread_of_its_own,
		in_a_job_that_runs_in_place_of_a_wait,
		in_deferred_functions_and_locals_destructors,
		in_arg_free,
		in_a_notify_function,
		in_on_dirty,
		in_a_workers_init_and_fini,
		in_a_servers_hooks,
		with_a_context_entered_on_a_thread_of_the_hosts,
		while_refs_are_put_on_shared_objects,
		while_jobs_come_and_go,
	};

	return run_suite_with("fork in every state", states_setup, states_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0])) |
	       fork_while_recording();
}
