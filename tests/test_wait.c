/*
 * Waiting: futures, groups and completion queues; on any thread, and inside jobs.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- from outside ---------------------------------------------------------------------- */

START_TEST(wait_times_out_without_canceling)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	ck_assert_int_eq(bothy_future_wait(future, bothy_after_ms(2)), -ETIMEDOUT);
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_NOW), -ETIMEDOUT);
	ck_assert_int_eq(bothy_future_result(future, NULL), -EINPROGRESS);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

static void *wait_for_it(void *future)
{
	return bothy_future_wait(future, BOTHY_FOREVER) == 0 ? future : NULL;
}

START_TEST(any_number_of_threads_may_wait_for_one_job)
{
	bothy_future *future;
	pthread_t threads[10];
	void *woken;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_for_it, future), 0);
	gate_await(&gate, 1);
	gate_open(&gate);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &woken);
		ck_assert_ptr_eq(woken, future);
	}
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

START_TEST(wait_all_waits_for_the_last)
{
	bothy_future *futures[50];

	pool_of(2);
	for (size_t i = 0; i < COUNT(futures); i++)
		futures[i] = start(BOTHY_JOB(.fn = i == 30 ? stop_at_gate : nothing));
	ck_assert_int_eq(bothy_future_wait_all(futures, COUNT(futures), bothy_after_ms(2)),
	                 -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(bothy_future_wait_all(futures, COUNT(futures), BOTHY_FOREVER), 0);
	for (size_t i = 0; i < COUNT(futures); i++)
		ck_assert_int_eq(outcome(futures[i]), 0);
	ck_assert_int_eq(bothy_future_wait_all(NULL, 0, BOTHY_NOW), 0);
}
END_TEST

START_TEST(futures_outlive_the_pool)
{
	bothy_future *future;
	int value = 3;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = return_code, .arg = &value));
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_int_eq(bothy_future_cancel(future), -EALREADY);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_FAILED);
	ck_assert(!bothy_future_running(future));
	ck_assert_int_eq(outcome(future), 3);
}
END_TEST

/* ---- notify -------------------------------------------------------------------------------- */

static void arrive(void *arg)
{
	/* No context is installed, on whichever thread this is. */
	if (bothy_context_id() == 0 && bothy_client_current() == NULL)
		gate_arrive(arg);
}

START_TEST(notify_is_called_once_and_without_a_context)
{
	struct gate told;
	bothy_future *future;

	gate_init(&told);
	pool_of(1);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_notify(future, arrive, &told), 0);
	ck_assert_int_eq(bothy_future_notify(future, arrive, &told), -EBUSY);
	gate_open(&gate);
	gate_await(&told, 1);
	ck_assert_int_eq(bothy_future_notify(future, arrive, &told), -EBUSY);
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_ne(sem_trywait(&told.arrived), 0);
	gate_fini(&told);
}
END_TEST

START_TEST(notify_of_a_settled_job_is_called_at_once)
{
	struct gate told;
	bothy_future *future;

	gate_init(&told);
	pool_of(1);
	future = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_notify(future, arrive, &told), 0);
	ck_assert_int_eq(sem_trywait(&told.arrived), 0);
	bothy_future_release(future);
	gate_fini(&told);
}
END_TEST

/* ---- cancel ------------------------------------------------------------------------------------ */

START_TEST(a_canceled_queued_job_never_runs)
{
	bothy_future *future;

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	future = start(BOTHY_JOB(.fn = end_thread, .arg = &freed, .arg_free = count_free));
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_CANCELED);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(bothy_future_cancel(future), -EALREADY);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().thread_exited, 0);
}
END_TEST

START_TEST(a_canceled_running_job_decides_how_it_settles)
{
	bothy_future *stops, *ignores;

	pool_of(2);
	stops = start(BOTHY_JOB(.fn = until_stopped));
	ignores = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 2);
	ck_assert_int_eq(bothy_future_cancel(stops), 0);
	ck_assert_int_eq(bothy_future_cancel(ignores), 0);
	ck_assert_int_eq(outcome(stops), -ECANCELED);
	ck_assert_int_eq(bothy_future_state(ignores), BOTHY_RUNNING);
	gate_open(&gate);
	ck_assert_int_eq(outcome(ignores), 0);
}
END_TEST

static int poll_stop_fd(void *arg, void **ret_result)
{
	struct pollfd fd = {.fd = bothy_stop_fd(), .events = POLLIN};

	(void)arg;
	(void)ret_result;
	gate_arrive(&gate);
	return poll(&fd, 1, -1) == 1 ? bothy_stop_requested() : 1;
}

START_TEST(the_stop_descriptor_becomes_readable)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = poll_stop_fd));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
}
END_TEST

/* ---- inside a job ---------------------------------------------------------------------------------- */

/* Spawn two of itself, down to depth 0, and wait for both: the sum of leaves. */
static int tree(void *arg, void **ret_result)
{
	intptr_t depth = (intptr_t)arg;
	bothy_future *futures[2];
	intptr_t leaves = 0;
	void *result;

	if (depth == 0) {
		*ret_result = (void *)(intptr_t)1;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (bothy_spawn(&BOTHY_JOB(.fn = tree, .arg = (void *)(depth - 1)), &futures[i]) < 0)
			return 1;
	if (bothy_future_wait_all(futures, 2, BOTHY_FOREVER) < 0)
		return 2;
	for (int i = 0; i < 2; i++) {
		if (bothy_future_result(futures[i], &result) != 0)
			return 3;
		leaves += (intptr_t)result;
		bothy_future_release(futures[i]);
	}
	*ret_result = (void *)leaves;
	return 0;
}

START_TEST(a_tree_of_waiting_jobs_ends_on_one_worker)
{
	void *leaves = NULL;

	pool_of(1);
	ck_assert_int_eq(bothy_run(pool,
	                           &BOTHY_JOB(.entity = "ann", .project = "p", .fn = tree,
	                                      .arg = (void *)(intptr_t)10),
	                           BOTHY_FOREVER, &leaves),
	                 0);
	ck_assert_int_eq((intptr_t)leaves, 1024);
}
END_TEST

static int wait_for_arg(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_future_wait(arg, BOTHY_FOREVER);
}

static int wait_for_other_project(void *arg, void **ret_result)
{
	bothy_future *future;
	int error;

	(void)ret_result;
	error = bothy_submit(arg, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing), &future);
	if (error < 0)
		return -error;
	error = bothy_future_wait(future, BOTHY_FOREVER);
	bothy_future_release(future);
	return -error;
}

/* In place, the child would keep its parent past its own deadline: for ever, here. */
static int wait_for_one_that_stays(void *arg, void **ret_result)
{
	bothy_future *child;
	int wrong = 0;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = stop_at_gate, .deadline = bothy_after_ms(100)), &child) < 0)
		return 1;
	if (bothy_future_wait(child, BOTHY_FOREVER) != 0 ||
	    bothy_future_result(child, NULL) != -ETIMEDOUT)
		wrong = 2;
	gate_open(&gate);
	bothy_future_release(child);
	return wrong;
}

START_TEST(a_job_with_an_earlier_deadline_is_not_run_in_place)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_for_one_that_stays))), 0);
}
END_TEST

static int tell_thread(void *arg, void **ret_result)
{
	(void)ret_result;
	*(pthread_t *)arg = pthread_self();
	return 0;
}

/* In place, the child could keep its parent past the end of the wait. */
static int wait_a_while_for_a_child(void *arg, void **ret_result)
{
	pthread_t thread;
	bothy_future *child;
	int error = bothy_spawn(&BOTHY_JOB(.fn = tell_thread, .arg = &thread), &child);

	(void)arg;
	(void)ret_result;
	if (error == 0)
		error = bothy_future_wait(child, bothy_after_ms(60000));
	bothy_future_release(child);
	return error == 0 && pthread_equal(thread, pthread_self()) ? EBUSY : -error;
}

START_TEST(a_wait_that_has_an_end_runs_nothing_in_place)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_a_while_for_a_child))), 0);
}
END_TEST

/* Whether a job of ENTITY's that this one runs is on this thread. */
static bool runs_in_place(const char *entity)
{
	pthread_t thread;

	ck_assert_int_eq(bothy_run(pool,
	                           &BOTHY_JOB(.entity = entity, .project = "p", .fn = tell_thread,
	                                      .arg = &thread),
	                           BOTHY_FOREVER, NULL),
	                 0);
	return pthread_equal(thread, pthread_self());
}

static int run_own_and_others(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return runs_in_place("ann") && !runs_in_place("bob") ? 0 : 1;
}

START_TEST(only_its_own_projects_job_is_run_in_place)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = run_own_and_others))), 0);
}
END_TEST

/* The project's, but not the waiting job's own. */
static int wait_for_gated_sibling(void *arg, void **ret_result)
{
	bothy_future *future = start(BOTHY_JOB(.fn = stop_at_gate));
	int error = bothy_future_wait(future, BOTHY_FOREVER);

	(void)arg, (void)ret_result;
	bothy_future_release(future);
	return error;
}

START_TEST(a_wait_for_a_job_that_is_no_child_is_over_when_it_is_stopped)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = wait_for_gated_sibling));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	gate_open(&gate);
}
END_TEST

START_TEST(jobs_that_all_wait_lend_their_places)
{
	bothy_future *futures[8];

	pool_of(2);
	for (size_t i = 0; i < COUNT(futures); i++)
		futures[i] = start(BOTHY_JOB(.fn = wait_for_other_project, .arg = pool));
	for (size_t i = 0; i < COUNT(futures); i++)
		ck_assert_int_eq(outcome(futures[i]), 0);
	ck_assert_uint_eq(stats_now().waiting, 0);
}
END_TEST

/* Wait without end for a job of another project that stops at the gate. */
static int await_gated(void *arg, void **ret_result)
{
	bothy_future *future;
	int error;

	(void)ret_result;
	error = bothy_submit(arg, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate),
	                     &future);
	if (error < 0)
		return -error;
	error = bothy_future_wait(future, BOTHY_FOREVER);
	bothy_future_release(future);
	return -error;
}

START_TEST(a_wait_without_end_and_without_a_spare_is_refused)
{
	bothy_future *lender, *refused;

	pool_with((struct bothy_pool_options){.workers = 2, .spare_max = 1});
	lender = start(BOTHY_JOB(.fn = await_gated, .arg = pool));
	gate_await(&gate, 1);
	while (stats_now().waiting == 0)
		sched_yield();
	refused = start(BOTHY_JOB(.fn = await_gated, .arg = pool));
	ck_assert_int_eq(outcome(refused), EAGAIN);
	gate_open(&gate);
	ck_assert_int_eq(outcome(lender), 0);
}
END_TEST

static int run_with_arg(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_run(arg,
	                  &BOTHY_JOB(.entity = "bob", .project = "p", .fn = nothing,
	                             .arg = &freed, .arg_free = count_free),
	                  BOTHY_FOREVER, NULL);
}

START_TEST(a_run_without_a_spare_leaves_the_argument_to_the_caller)
{
	bothy_future *lender;

	pool_with((struct bothy_pool_options){.workers = 2, .spare_max = 1});
	lender = start(BOTHY_JOB(.fn = await_gated, .arg = pool));
	gate_await(&gate, 1);
	while (stats_now().waiting == 0)
		sched_yield();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = run_with_arg, .arg = pool))), EAGAIN);
	ck_assert_int_eq(freed, 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(lender), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().submitted, 3);
	ck_assert_uint_eq(stats_now().canceled, 0);
}
END_TEST

static int run_child(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_run(arg, &BOTHY_JOB(.entity = "cy", .project = "p", .fn = nothing),
	                  BOTHY_FOREVER, NULL);
}

START_TEST(run_inside_a_job_works_on_one_worker)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = run_child, .arg = pool))), 0);
}
END_TEST

/* A job that waits for the future in *arg, once the gate is open. */
static int wait_through_gate(void *arg, void **ret_result)
{
	(void)ret_result;
	gate_wait(&gate);
	return -bothy_future_wait(*(bothy_future **)arg, BOTHY_FOREVER);
}

static void check_cycle_of(int n)
{
	bothy_future *futures[10], *targets[10];
	int deadlocks = 0;

	for (int i = 0; i < n; i++)
		futures[i] = start(BOTHY_JOB(.fn = wait_through_gate, .arg = &targets[i]));
	gate_await(&gate, n);
	for (int i = 0; i < n; i++)
		targets[i] = futures[(i + 1) % n];
	gate_open(&gate);
	ck_assert_int_eq(bothy_future_wait_all(futures, (size_t)n, BOTHY_FOREVER), 0);
	/* The jobs may look at each other's futures until they have ended. */
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	for (int i = 0; i < n; i++) {
		int code = outcome(futures[i]);

		deadlocks += code == EDEADLK;
		ck_assert(code == 0 || code == EDEADLK);
	}
	ck_assert_int_eq(deadlocks, 1);
}

START_TEST(a_job_that_waits_for_itself_is_told)
{
	pool_of(1);
	check_cycle_of(1);
}
END_TEST

START_TEST(a_cycle_of_two_waits_is_broken_once)
{
	pool_of(2);
	check_cycle_of(2);
}
END_TEST

START_TEST(a_cycle_of_ten_waits_is_broken_once)
{
	pool_of(10);
	check_cycle_of(10);
}
END_TEST

START_TEST(a_waiting_job_hears_a_stop_request)
{
	bothy_future *awaited, *waiter;

	pool_of(2);
	awaited = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
	waiter = start(BOTHY_JOB(.fn = wait_for_arg, .arg = awaited));
	while (stats_now().waiting == 0)
		sched_yield();
	ck_assert_int_eq(bothy_future_cancel(waiter), 0);
	ck_assert_int_eq(outcome(waiter), ECANCELED);
	gate_open(&gate);
	ck_assert_int_eq(outcome(awaited), 0);
}
END_TEST

static int wait_here(void *arg, void **ret_result)
{
	(void)ret_result;
	return bothy_future_wait(arg, BOTHY_FOREVER);
}

START_TEST(a_wait_in_run_here_ends_at_the_jobs_deadline)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	ck_assert_int_eq(bothy_run_here(NULL,
	                                &BOTHY_JOB(.entity = "bob", .project = "q",
	                                           .fn = wait_here, .arg = future,
	                                           .deadline = bothy_after_ms(5)),
	                                NULL),
	                 -ETIMEDOUT);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

/* ---- families ------------------------------------------------------------------------------------------ */

static int spawn_two_generations(void *arg, void **ret_result)
{
	bothy_future **ret_future = arg;

	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = until_stopped), ret_future) < 0)
		return 1;
	return until_stopped(NULL, NULL);
}

START_TEST(stopping_a_parent_stops_its_children)
{
	bothy_future *parent, *child = NULL;

	pool_of(2);
	parent = start(BOTHY_JOB(.fn = spawn_two_generations, .arg = &child));
	gate_await(&gate, 2);
	ck_assert_int_eq(bothy_future_cancel(parent), 0);
	ck_assert_int_eq(outcome(parent), -ECANCELED);
	ck_assert_int_eq(outcome(child), -ECANCELED);
}
END_TEST

static int spawn_and_end(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_spawn(&BOTHY_JOB(.fn = until_stopped), arg);
}

static int spawn_a_middle(void *arg, void **ret_result)
{
	bothy_future *middle;
	int error;

	(void)ret_result;
	error = bothy_spawn(&BOTHY_JOB(.fn = spawn_and_end, .arg = arg), &middle);
	if (error == 0)
		error = bothy_future_wait(middle, BOTHY_FOREVER);
	bothy_future_release(middle);
	return error < 0 ? -error : until_stopped(NULL, NULL);
}

START_TEST(stopping_reaches_grandchildren_whose_parent_has_ended)
{
	bothy_future *oldest, *youngest = NULL;

	pool_of(2);
	oldest = start(BOTHY_JOB(.fn = spawn_a_middle, .arg = &youngest));
	gate_await(&gate, 2);
	ck_assert_int_eq(bothy_future_cancel(oldest), 0);
	ck_assert_int_eq(outcome(oldest), -ECANCELED);
	ck_assert_int_eq(outcome(youngest), -ECANCELED);
}
END_TEST

static int run_until_stopped(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return bothy_run(
		pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = until_stopped),
		BOTHY_FOREVER, NULL);
}

START_TEST(stopping_a_job_stops_what_it_runs)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_until_stopped));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	future = start_to_be_late(BOTHY_JOB(.fn = run_until_stopped));
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
}
END_TEST

static int run_one_that_spawns(void *arg, void **ret_result)
{
	(void)ret_result;
	ck_assert_int_eq(bothy_run(pool,
	                           &BOTHY_JOB(.entity = "ann", .project = "p",
	                                      .fn = spawn_and_end, .arg = arg),
	                           BOTHY_FOREVER, NULL),
	                 0);
	return until_stopped(NULL, NULL);
}

START_TEST(stopping_a_job_does_not_reach_what_is_left_of_what_it_ran)
{
	bothy_future *future, *left = NULL;

	pool_of(2);
	future = start(BOTHY_JOB(.fn = run_one_that_spawns, .arg = &left));
	gate_await(&gate, 2);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	ck_assert_int_eq(bothy_future_state(left), BOTHY_RUNNING);
	ck_assert_int_eq(bothy_future_cancel(left), 0);
	ck_assert_int_eq(outcome(left), -ECANCELED);
}
END_TEST

static _Atomic(bothy_future *) grandchild;

static int spawn_grandchild(void *arg, void **ret_result)
{
	bothy_future *future;

	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = until_stopped), &future), 0);
	atomic_store(&grandchild, future);
	return stop_at_gate(arg, ret_result);
}

static int run_one_with_a_grandchild(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return bothy_run(pool,
	                 &BOTHY_JOB(.entity = "ann", .project = "p", .fn = spawn_grandchild),
	                 BOTHY_FOREVER, NULL);
}

/* Its descendant will be nobody's when the one in between has ended, which only ran it. */
static int wait_for_grandchild(void *arg, void **ret_result)
{
	(void)ret_result;
	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = run_one_with_a_grandchild), arg), 0);
	while (atomic_load(&grandchild) == NULL)
		(void)sched_yield();
	return bothy_future_wait(grandchild, BOTHY_FOREVER);
}

START_TEST(what_will_be_nobodys_does_not_run_in_place)
{
	bothy_future *future, *child = NULL;

	pool_of(2);
	future = start(BOTHY_JOB(.fn = wait_for_grandchild, .arg = &child));
	gate_await(&gate, 2);
	gate_open(&gate);
	ck_assert_int_eq(outcome(child), 0);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	ck_assert_int_eq(bothy_future_cancel(grandchild), 0);
	ck_assert_int_eq(outcome(grandchild), -ECANCELED);
}
END_TEST

static int spawn_when_late(void *arg, void **ret_result)
{
	(void)ret_result;
	(void)until_stopped(NULL, NULL);
	return bothy_spawn(&BOTHY_JOB(.fn = nothing), arg);
}

START_TEST(a_child_that_is_spawned_after_the_deadline_has_expired)
{
	bothy_future *parent, *child = NULL;

	pool_of(1);
	parent = start_to_be_late(BOTHY_JOB(.fn = spawn_when_late, .arg = &child));
	ck_assert_int_eq(outcome(parent), -ETIMEDOUT);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_state(child), BOTHY_EXPIRED);
	ck_assert_int_eq(outcome(child), -ETIMEDOUT);
}
END_TEST

static int spawn_nothing(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL);
}

START_TEST(spawn_outside_a_job_of_a_pool_is_refused)
{
	bothy_context *context;

	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL), -ENOENT);
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, &context), 0);
	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL), -ENOENT);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	ck_assert_int_eq(bothy_run_here(NULL,
	                                &BOTHY_JOB(.entity = "ann", .project = "p",
	                                           .fn = spawn_nothing),
	                                NULL),
	                 ENOENT);
}
END_TEST

static int spawn_in_nested(void *arg, void **ret_result)
{
	bothy_context *context;
	int error;

	(void)arg;
	(void)ret_result;
	if (bothy_context_enter(NULL, "bob", "q", NULL, &context) < 0)
		return 1;
	error = bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL);
	(void)bothy_context_exit(context);
	if (error != -EPERM)
		return 2;
	return bothy_spawn(&BOTHY_JOB(.entity = "x", .project = "y", .fn = nothing), NULL) ==
	                       -EINVAL
	               ? 0
	               : 3;
}

START_TEST(spawn_is_for_the_jobs_own_context)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = spawn_in_nested))), 0);
}
END_TEST

/* ---- groups ------------------------------------------------------------------------------------------------ */

START_TEST(a_group_counts_down_to_nothing_and_may_be_used_again)
{
	bothy_group *group;

	pool_of(2);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_NOW), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			start_and_forget(BOTHY_JOB(.fn = nothing, .group = group));
		ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	}
	ck_assert_uint_eq(stats_now().done, 300);
	bothy_group_release(group);
}
END_TEST

START_TEST(canceling_a_group_cancels_its_jobs_and_no_later_ones)
{
	bothy_group *group;
	bothy_future *running, *queued, *later;

	pool_of(1);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	running = start(BOTHY_JOB(.fn = until_stopped, .group = group));
	gate_await(&gate, 1);
	queued = start(BOTHY_JOB(.fn = nothing, .group = group));
	ck_assert_int_eq(bothy_group_cancel(group), 0);
	later = start(BOTHY_JOB(.fn = nothing, .group = group));
	ck_assert_int_eq(outcome(running), -ECANCELED);
	ck_assert_int_eq(outcome(queued), -ECANCELED);
	ck_assert_int_eq(outcome(later), 0);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	bothy_group_release(group);
}
END_TEST

static atomic_int submitter; /* its thread's number */

static void *submit_member(void *group)
{
	support_say_thread(&submitter);
	start_and_forget(BOTHY_JOB(.fn = until_stopped, .group = group));
	return NULL;
}

START_TEST(a_member_that_a_cancel_found_not_yet_accepted_is_canceled_by_the_next)
{
	bothy_group *group;
	pthread_t thread;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	ck_assert_int_eq(bothy_group_new(&group), 0);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	thread = support_thread(submit_member, group);
	support_await_asleep(&submitter);
	ck_assert_int_eq(bothy_group_cancel(group), 0);
	gate_open(&gate);
	(void)support_join(thread);
	ck_assert_int_eq(bothy_group_cancel(group), 0);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().canceled, 1);
	bothy_group_release(group);
}
END_TEST

static void *cancel_group(void *of_jobs)
{
	return bothy_group_cancel(of_jobs) == 0 ? of_jobs : NULL;
}

static void stop_at(void *gate_of_arg)
{
	gate_wait(gate_of_arg);
}

START_TEST(jobs_behind_many_canceled_ones_are_not_forgotten)
{
	struct gate canceling;
	bothy_group *group;
	bothy_future *behind;
	pthread_t thread;

	gate_init(&canceling);
	pool_of(1);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < 500; i++)
		start_and_forget(BOTHY_JOB(.fn = nothing, .group = group, .arg = &canceling,
		                           .arg_free = stop_at));
	behind = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_group, group), 0);
	gate_await(&canceling, 1); /* all are claimed, and most are in the queue still */
	gate_open(&gate);
	ck_assert_int_eq(outcome(behind), 0);
	gate_open(&canceling);
	pthread_join(thread, NULL);
	bothy_group_release(group);
	gate_fini(&canceling);
}
END_TEST

static int wait_for_own_group(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_group_wait(arg, BOTHY_FOREVER);
}

START_TEST(a_job_cannot_wait_for_its_own_group)
{
	bothy_group *group;

	pool_of(1);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = wait_for_own_group, .arg = group, .group = group))),
		EDEADLK);
	bothy_group_release(group);
}
END_TEST

START_TEST(a_refused_job_is_not_counted_in_its_group)
{
	bothy_group *group;

	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = 1});
	ck_assert_int_eq(bothy_group_new(&group), 0);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing,
	                                         .group = group),
	                              NULL),
	                 -EAGAIN);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_NOW), 0);
	bothy_group_release(group);
	gate_open(&gate);
}
END_TEST

/* ---- completion queues ---------------------------------------------------------------------------------------- */

static int give_arg(void *arg, void **ret_result)
{
	*ret_result = arg;
	return 0;
}

START_TEST(completions_deliver_tag_code_and_result_once_each)
{
	bothy_completions *completions;
	struct bothy_completion got;
	int tags[20], seen[20] = {0};

	pool_of(2);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	for (size_t i = 0; i < COUNT(tags); i++)
		start_and_forget(BOTHY_JOB(.fn = give_arg, .arg = &tags[i],
		                           .completions = completions, .tag = &seen[i]));
	for (size_t i = 0; i < COUNT(tags); i++) {
		ck_assert_int_eq(bothy_completions_next(completions, BOTHY_FOREVER, &got), 0);
		ck_assert_int_eq(got.code, 0);
		ck_assert_int_eq(got.state, BOTHY_DONE);
		ck_assert_ptr_eq(got.result, &tags[(int *)got.tag - seen]);
		++*(int *)got.tag;
	}
	for (size_t i = 0; i < COUNT(tags); i++)
		ck_assert_int_eq(seen[i], 1);
	ck_assert_int_eq(bothy_completions_next(completions, BOTHY_NOW, &got), -ETIMEDOUT);
	bothy_completions_release(completions);
}
END_TEST

static bool is_readable(bothy_completions *completions, int timeout_ms)
{
	struct pollfd fd = {.fd = bothy_completions_fd(completions), .events = POLLIN};

	return poll(&fd, 1, timeout_ms) == 1;
}

START_TEST(the_completion_descriptor_is_readable_while_there_are_any)
{
	bothy_completions *completions;
	struct bothy_completion got;

	pool_of(1);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	ck_assert(!is_readable(completions, 0));
	start_and_forget(BOTHY_JOB(.fn = nothing, .completions = completions));
	start_and_forget(BOTHY_JOB(.fn = nothing, .completions = completions));
	ck_assert(is_readable(completions, -1));
	ck_assert_int_eq(bothy_completions_next(completions, BOTHY_FOREVER, &got), 0);
	ck_assert_int_eq(bothy_completions_next(completions, BOTHY_FOREVER, &got), 0);
	ck_assert(!is_readable(completions, 0));
	bothy_completions_release(completions);
}
END_TEST

START_TEST(results_that_nobody_fetches_from_the_queue_are_freed)
{
	bothy_completions *completions;

	pool_of(1);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	start_and_forget(BOTHY_JOB(.fn = give_arg, .arg = &freed, .result_free = count_free,
	                           .completions = completions));
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = give_arg, .arg = &freed, .result_free = count_free,
	                           .completions = completions));
	bothy_completions_release(completions); /* one is there, one will come */
	ck_assert_int_eq(freed, 1);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(freed, 2);
}
END_TEST

static void *take_one(void *completions)
{
	struct bothy_completion got;

	return bothy_completions_next(completions, BOTHY_FOREVER, &got) == 0 ? completions : NULL;
}

START_TEST(each_delivery_goes_to_one_of_several_takers)
{
	bothy_completions *completions;
	pthread_t threads[6];
	void *took;

	pool_of(2);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_one, completions), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		start_and_forget(BOTHY_JOB(.fn = nothing, .completions = completions));
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &took);
		ck_assert_ptr_eq(took, completions);
	}
	bothy_completions_release(completions);
}
END_TEST

static int wait_behind_one_that_exits(void *arg, void **ret_result)
{
	bothy_fn *const fns[] = {end_thread, nothing};
	bothy_future *futures[2];
	int error;

	(void)arg, (void)ret_result;
	for (int i = 0; i < 2; i++)
		futures[i] = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = fns[i]));
	/* The second alone: once the first has ended its thread nothing else starts one. */
	error = bothy_future_wait(futures[1], BOTHY_FOREVER);
	for (int i = 0; i < 2; i++)
		bothy_future_release(futures[i]);
	return error;
}

START_TEST(the_only_spare_thread_is_replaced_when_a_job_ends_it)
{
	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 1});
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_behind_one_that_exits))), 0);
	ck_assert_uint_eq(stats_now().narrowed, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		wait_times_out_without_canceling,
		any_number_of_threads_may_wait_for_one_job,
		wait_all_waits_for_the_last,
		futures_outlive_the_pool,
		notify_is_called_once_and_without_a_context,
		notify_of_a_settled_job_is_called_at_once,
		a_canceled_queued_job_never_runs,
		a_canceled_running_job_decides_how_it_settles,
		the_stop_descriptor_becomes_readable,
		a_tree_of_waiting_jobs_ends_on_one_worker,
		a_job_with_an_earlier_deadline_is_not_run_in_place,
		a_wait_that_has_an_end_runs_nothing_in_place,
		only_its_own_projects_job_is_run_in_place,
		a_wait_for_a_job_that_is_no_child_is_over_when_it_is_stopped,
		jobs_that_all_wait_lend_their_places,
		a_wait_without_end_and_without_a_spare_is_refused,
		a_run_without_a_spare_leaves_the_argument_to_the_caller,
		run_inside_a_job_works_on_one_worker,
		a_job_that_waits_for_itself_is_told,
		a_cycle_of_two_waits_is_broken_once,
		a_cycle_of_ten_waits_is_broken_once,
		a_waiting_job_hears_a_stop_request,
		a_wait_in_run_here_ends_at_the_jobs_deadline,
		stopping_a_parent_stops_its_children,
		stopping_reaches_grandchildren_whose_parent_has_ended,
		stopping_a_job_stops_what_it_runs,
		stopping_a_job_does_not_reach_what_is_left_of_what_it_ran,
		what_will_be_nobodys_does_not_run_in_place,
		a_child_that_is_spawned_after_the_deadline_has_expired,
		spawn_outside_a_job_of_a_pool_is_refused,
		spawn_is_for_the_jobs_own_context,
		a_group_counts_down_to_nothing_and_may_be_used_again,
		canceling_a_group_cancels_its_jobs_and_no_later_ones,
		a_member_that_a_cancel_found_not_yet_accepted_is_canceled_by_the_next,
		jobs_behind_many_canceled_ones_are_not_forgotten,
		a_job_cannot_wait_for_its_own_group,
		a_refused_job_is_not_counted_in_its_group,
		completions_deliver_tag_code_and_result_once_each,
		the_completion_descriptor_is_readable_while_there_are_any,
		results_that_nobody_fetches_from_the_queue_are_freed,
		each_delivery_goes_to_one_of_several_takers,
		the_only_spare_thread_is_replaced_when_a_job_ends_it,
	};

	return run_suite("wait", tests, COUNT(tests));
}
