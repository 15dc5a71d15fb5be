/*
 * Several jobs in the hand of one worker: how they are counted, what order they keep, and who
 * has them if their worker does not come to them.
 *
 * The worker is held at the gate, and jobs are put into its hand as it would itself.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "pool/order.h"
#include "pool/project.h"
#include "pool/watchdog.h"
#include "pool/worker.h"
#include "sync/clock.h"
#include "sync/testing.h"
#include "tests/hand_fixture.h"
#include "tests/project_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static struct gate second;

static void setup(void)
{
	fixture_setup();
	gate_init(&second);
}

static void teardown(void)
{
	gate_open(&second);
	project_teardown();
	gate_fini(&second);
}

static int stop_at_second(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_wait(&second);
	return 0;
}

/* The only worker is held by a job of another project's. */
static void hold_worker(void)
{
	start_and_forget(BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
}

static void hold_one_of_ann(void)
{
	pool_of(1);
	open_with((struct bothy_project_options){0});
	hold_worker();
}

static void recall(void)
{
	struct hand *hand = hand_locked();

	hand_recall_locked(hand);
	hand_unlock(hand);
}

/* ---- the books --------------------------------------------------------------------------- */

static void check_books(uint64_t queued, uint64_t running, uint64_t done, uint64_t canceled)
{
	struct bothy_pool_stats all = stats_now();
	struct bothy_project_stats own = project_now();

	ck_assert_uint_eq(all.submitted, queued + running + done + canceled);
	ck_assert_uint_eq(all.queued, queued);
	ck_assert_uint_eq(all.running, running);
	ck_assert_uint_eq(all.done, done);
	ck_assert_uint_eq(all.canceled, canceled);
	ck_assert_uint_eq(own.submitted, all.submitted - 1); /* less bob's */
	ck_assert_uint_eq(own.queued + own.running + own.done + own.canceled, own.submitted);
	ck_assert_uint_eq(own.queued, queued);
	ck_assert_uint_eq(own.canceled, canceled);
}

/* The project has begun nothing, but its jobs in the hand have N places for themselves. */
static void check_places(unsigned n)
{
	struct hand *hand;

	ck_assert_uint_eq(project_now().places, 0);
	hand = hand_locked();
	ck_assert_uint_eq(project->places, n);
	hand_unlock(hand);
}

START_TEST(what_is_in_a_hand_is_counted_as_what_it_is)
{
	bothy_future *canceled;

	hold_one_of_ann();
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	canceled = start(BOTHY_JOB(.handle = project, .fn = nothing));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_second));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	start_and_forget(BOTHY_JOB(.handle = project, .fn = nothing));
	check_books(5, 1, 0, 0);
	(void)hand_over(project, 4);
	check_books(5, 1, 0, 0);
	check_places(4);
	ck_assert_int_eq(bothy_future_cancel(canceled), 0);
	check_books(4, 1, 0, 1);
	check_places(3);
	recall();
	check_books(4, 1, 0, 1);
	check_places(0);
	(void)hand_over(project, 3);
	gate_open(&gate);
	gate_await(&second, 1);
	ck_assert_uint_eq(project_now().places, 1);
	check_books(2, 1, 2, 1);
	check_books(2, 1, 2, 1); /* what has ended is entered once */
	gate_open(&second);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	check_books(0, 0, 5, 1);
	ck_assert_uint_eq(project_now().places, 0);
	ck_assert_int_eq(outcome(canceled), -ECANCELED);
}
END_TEST

START_TEST(times_of_what_has_ended_in_a_hand_are_told_at_once)
{
	bothy_histogram *waited = NULL, *ran = NULL;

	hold_one_of_ann();
	for (int i = 0; i < 3; i++)
		start_and_forget(
			BOTHY_JOB(.handle = project, .fn = i == 2 ? stop_at_second : nothing));
	(void)hand_over(project, 3);
	gate_open(&gate);
	gate_await(&second, 1);
	for (int i = 0; i < 2; i++) { /* and once only */
		ck_assert_int_eq(bothy_project_times(project, &waited, &ran), 0);
		ck_assert_uint_eq(bothy_histogram_count(waited), 2);
		ck_assert_uint_eq(bothy_histogram_count(ran), 2);
		bothy_histogram_free(waited);
		bothy_histogram_free(ran);
	}
}
END_TEST

START_TEST(all_ways_to_cancel_find_what_is_in_a_hand)
{
	bothy_group *group;
	bothy_future *futures[3];

	ck_assert_int_eq(bothy_group_new(&group), 0);
	hold_one_of_ann();
	futures[0] = start(BOTHY_JOB(.handle = project, .fn = nothing, .arg_free = count_free));
	futures[1] = start(BOTHY_JOB(.handle = project, .fn = nothing, .arg_free = count_free,
	                             .group = group));
	futures[2] = start(BOTHY_JOB(.handle = project, .fn = nothing, .arg_free = count_free));
	(void)hand_over(project, 3);
	ck_assert_int_eq(bothy_future_cancel(futures[0]), 0);
	check_books(2, 1, 0, 1);
	ck_assert_int_eq(bothy_group_cancel(group), 0);
	check_books(1, 1, 0, 2);
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	check_books(0, 1, 0, 3);
	ck_assert_int_eq(freed, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(futures[i]), -ECANCELED);
	bothy_group_release(group);
}
END_TEST

static int submit_one(void)
{
	return bothy_submit(pool, &BOTHY_JOB(.handle = project, .fn = nothing), NULL);
}

START_TEST(what_comes_back_from_a_hand_has_room_in_a_full_queue)
{
	enum { ROOM = 2 };

	pool_with((struct bothy_pool_options){.workers = 1, .queue_max = ROOM});
	open_with((struct bothy_project_options){0});
	hold_worker();
	for (int i = 0; i < ROOM; i++)
		ck_assert_int_eq(submit_one(), 0);
	ck_assert_int_eq(submit_one(), -EAGAIN);
	(void)hand_over(project, ROOM);
	for (int i = 0; i < ROOM; i++)
		ck_assert_int_eq(submit_one(), 0);
	ck_assert_int_eq(submit_one(), -EAGAIN);
	recall();
	ck_assert_int_eq(submit_one(), -EAGAIN);
	check_books(2 * ROOM, 1, 0, 0);
	(void)hand_over(project, ROOM);
	ck_assert_int_eq(submit_one(), -EAGAIN);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	check_books(0, 0, 2 * ROOM + 1, 0);
}
END_TEST

/* ---- order ------------------------------------------------------------------------------- */

static char log_text[64];

/* One worker runs all of these. */
static int log_name(void *name, void **ret_result)
{
	(void)ret_result;
	strcat(log_text, name);
	return 0;
}

static void start_named(const char *name, int priority, int64_t hours)
{
	start_and_forget(BOTHY_JOB(.handle = project, .fn = log_name,
	                           .arg = (void *)(uintptr_t)name, .priority = (int8_t)priority,
	                           .deadline = hours == 0 ? BOTHY_FOREVER
	                                                  : bothy_after_ms(hours * 3600 * 1000)));
}

/* The names in the order in which the jobs ran; FIRST so many were in a hand when the others
 * came. */
static void run_in_order(unsigned first)
{
	log_text[0] = '\0';
	hold_one_of_ann();
	start_named("h", 0, 5);
	start_named("i", 0, 9);
	start_named("j", 0, 0);
	start_named("k", 0, 0);
	start_named("z", -1, 0);
	start_named("b", 2, 0);
	if (first > 0)
		(void)hand_over(project, first);
	start_named("g", 0, 3);
	start_named("a", 2, 7);
	start_named("c", 1, 0);
	start_named("l", 0, 0);
	if (first > 0)
		recall();
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_str_eq(log_text, "abcghijklz");
}

START_TEST(jobs_that_come_back_from_a_hand_have_the_order_that_they_would_have_had)
{
	for (unsigned n = 0; n <= 6; n++) {
		run_in_order(n);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(those_that_stay_in_a_hand_are_first)
{
	log_text[0] = '\0';
	hold_one_of_ann();
	start_named("a", 0, 0);
	start_named("b", 0, 0);
	start_named("d", 0, 0);
	(void)hand_over(project, 2);
	start_named("c", 1, 0);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_str_eq(log_text, "abcd");
}
END_TEST

/* ---- the watchdog ------------------------------------------------------------------------ */

/* How many of the project's JOBS its worker takes, which knows that they are short. */
static unsigned taken_at_once(unsigned jobs, bool ticking)
{
	struct hand *hand;
	unsigned n;

	pool_of(1);
	open_with((struct bothy_project_options){0});
	support_fail_thread_starts(true);
	hold_worker();
	hand = hand_locked();
	ck_assert(!pool->watchdog_started);
	project->flow.average = 1;
	pool->ticking = ticking; /* it is never seen to come */
	hand_unlock(hand);
	for (unsigned i = 0; i < jobs; i++)
		start_and_forget(
			BOTHY_JOB(.handle = project, .fn = i == 0 ? stop_at_second : nothing));
	gate_open(&gate);
	gate_await(&second, 1);
	hand = hand_locked();
	n = hand->count;
	hand_unlock(hand);
	check_books(jobs - 1, 1, 1, 0);
	support_fail_thread_starts(false);
	gate_open(&second);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	check_books(0, 0, jobs + 1, 0);
	return n;
}

START_TEST(short_jobs_are_taken_together)
{
	ck_assert_uint_eq(taken_at_once(3, true), 3);
}
END_TEST

START_TEST(no_more_are_taken_than_the_hand_holds)
{
	ck_assert_uint_eq(taken_at_once(HAND_MAX + 2, true), HAND_MAX);
}
END_TEST

START_TEST(without_a_watchdog_a_worker_takes_one_job_at_a_time)
{
	ck_assert_uint_eq(taken_at_once(3, false), 1);
}
END_TEST

/* Make the worker that is at the gate look as one does that comes back again and again, each time
 * for a new hand of short jobs. */
static void seem_brisk(void)
{
	lock_acquire(&pool->lock);
	for (struct worker *worker = pool->workers; worker != NULL; worker = worker->next) {
		lock_acquire(&worker->hand.lock);
		if (worker->hand.top != NULL) {
			worker->hand.filled_at = BOTHY_FOREVER / 2;
			worker->brisk = true;
			pool->brisk++;
		}
		lock_release(&worker->hand.lock);
	}
	lock_release(&pool->lock);
}

static bool is_one_idle(void)
{
	bool idle;

	lock_acquire(&pool->lock);
	idle = pool->idle != NULL;
	lock_release(&pool->lock);
	return idle;
}

START_TEST(a_worker_that_comes_again_and_again_is_relied_on_for_a_tick_only)
{
	pool_of(2);
	open_with((struct bothy_project_options){0});
	hold_worker();
	while (!is_one_idle())
		sched_yield();
	seem_brisk();
	start_and_forget(BOTHY_JOB(.handle = project, .fn = stop_at_second));
	gate_await(&second, 1);
}
END_TEST

/* ---- callbacks between jobs --------------------------------------------------------------- */

enum { LONG_NS = 20 * 1000 * 1000 };

static bothy_time callback_over;

static void take_long(void *arg)
{
	bothy_time until = clock_now() + LONG_NS;

	(void)arg;
	while ((callback_over = clock_now()) < until)
		continue;
}

/* Whether what the calling job is charged for begins when the callback was over; a stamp may be
 * early by a bit. */
static int check_charge(void *arg, void **ret_result)
{
	bothy_time since = hand_running(&worker_current()->hand)->charge.since;

	(void)arg;
	(void)ret_result;
	return callback_over != 0 && since > callback_over - LONG_NS / 2 ? 0 : EINVAL;
}

START_TEST(a_job_is_not_charged_for_what_is_called_for_the_one_before_it)
{
	bothy_future *before, *future;

	callback_over = 0;
	pool_of(1);
	open_with((struct bothy_project_options){0});
	before = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_notify(before, take_long, NULL), 0);
	future = start(BOTHY_JOB(.handle = project, .fn = check_charge));
	(void)hand_over(project, 1);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_eq(outcome(before), 0);
}
END_TEST

/* When the queues may be swept again. */
static void sweep_at(bothy_time t)
{
	struct kicks kicks = KICKS_INITIALIZER;

	lock_acquire(&pool->lock);
	pool->swept_at = t;
	watchdog_want_locked(pool, t, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
}

/* The worker is held, and is to come first to a job whose deadline is past: nobody sweeps. */
static void start_expired(void (*arg_free)(void *))
{
	hold_one_of_ann();
	sweep_at(BOTHY_FOREVER);
	start_and_forget(
		BOTHY_JOB(.handle = project, .fn = nothing, .arg_free = arg_free, .deadline = 1));
}

START_TEST(a_job_is_not_charged_for_what_is_called_for_one_that_has_expired)
{
	bothy_future *future;

	callback_over = 0;
	start_expired(take_long);
	future = start(BOTHY_JOB(.handle = project, .fn = check_charge));
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

static void stop_at_second_and_sweep(void *arg)
{
	(void)arg;
	sweep_at(0);
	gate_wait(&second);
}

static struct gate told;

static void arrive(void *arg)
{
	gate_arrive(arg);
}

START_TEST(a_deadline_passes_in_a_hand_too_while_its_worker_is_in_a_callback)
{
	bothy_future *future;

	gate_init(&told);
	start_expired(stop_at_second_and_sweep);
	future =
		start(BOTHY_JOB(.handle = project, .fn = nothing, .deadline = bothy_after_ms(100)));
	ck_assert_int_eq(bothy_future_notify(future, arrive, &told), 0);
	gate_open(&gate);
	gate_await(&second, 1);
	gate_await(&told, 1);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_EXPIRED);
	gate_open(&second);
	ck_assert_int_eq(outcome(future), -ETIMEDOUT);
	gate_fini(&told);
}
END_TEST

/* ---- ends of threads --------------------------------------------------------------------- */

static void exit_thread(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

static int give_result(void *arg, void **ret_result)
{
	(void)arg;
	*ret_result = &freed;
	return 0;
}

static int give_result_and_exit(void *arg, void **ret_result)
{
	(void)give_result(arg, ret_result);
	pthread_exit(NULL);
}

static int defer_exit(void *arg, void **ret_result)
{
	ck_assert_int_eq(bothy_context_defer(exit_thread, NULL), 0);
	return give_result(arg, ret_result);
}

enum {
	NOTIFIED = 1,  /* the thread ends in the function that is told */
	FORGOTTEN = 2, /* nobody has the future when the job ends */
	UNTAKEN = 4    /* its completion queue is closed by then */
};

/* What ends the thread, stage by stage; some of it the result's, which is counted otherwise. */
static const struct exits {
	struct bothy_job job;
	int code;
	int freed; /* calls of count_free(), of the argument and the result */
	unsigned how;
} exits[] = {
	{{.fn = end_thread, .arg_free = count_free}, -EOWNERDEAD, 1, 0},
	{{.fn = give_result_and_exit, .arg_free = count_free, .result_free = count_free},
         -EOWNERDEAD,
         2,
         0},
	{{.fn = defer_exit, .arg_free = count_free, .result_free = count_free}, -EOWNERDEAD, 2, 0},
	{{.fn = give_result, .arg_free = exit_thread, .result_free = count_free},
         -EOWNERDEAD,
         1,
         0},
	/* The result is dropped: first while the thread is alive, then while it ends. */
	{{.fn = give_result_and_exit, .arg_free = count_free, .result_free = exit_thread},
         -EOWNERDEAD,
         1,
         0},
	{{.fn = give_result, .arg_free = exit_thread, .result_free = exit_thread},
         -EOWNERDEAD,
         0,
         0},
	{{.fn = give_result, .arg_free = count_free, .result_free = count_free}, 0, 2, NOTIFIED},
	/* ... by the last hold. */
	{{.fn = give_result, .arg_free = count_free, .result_free = exit_thread}, 0, 1, FORGOTTEN},
	{{.fn = give_result, .arg_free = count_free, .result_free = exit_thread},
         0,
         1,
         NOTIFIED | FORGOTTEN},
	/* ... since it can't be delivered. */
	{{.fn = give_result, .arg_free = count_free, .result_free = exit_thread}, 0, 1, UNTAKEN},
	{{.fn = give_result, .arg_free = count_free, .result_free = exit_thread},
         0,
         1,
         NOTIFIED | UNTAKEN},
};

/* Run jobs of which the second is ENDS's, all in one hand. */
static void run_beside(const struct exits *ends, bothy_group *group)
{
	struct bothy_job job = ends->job;
	bothy_future *beside[3], *future = NULL;

	job.size = sizeof(job);
	job.handle = project;
	job.group = group;
	if ((ends->how & UNTAKEN) != 0)
		ck_assert_int_eq(bothy_completions_new(&job.completions), 0);
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			future = start(job);
		beside[i] = start(BOTHY_JOB(.handle = project, .fn = nothing, .group = group));
	}
	bothy_completions_release(job.completions);
	if ((ends->how & NOTIFIED) != 0)
		ck_assert_int_eq(bothy_future_notify(future, exit_thread, NULL), 0);
	if ((ends->how & FORGOTTEN) != 0)
		bothy_future_release(future);
	(void)hand_over(project, 4);
	gate_open(&gate);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(beside[i]), 0);
	if ((ends->how & FORGOTTEN) == 0)
		ck_assert_int_eq(outcome(future), ends->code);
}

static void check_exits(const struct exits *ends)
{
	bothy_group *group;

	ck_assert_int_eq(bothy_group_new(&group), 0);
	hold_one_of_ann();
	run_beside(ends, group);
	bothy_group_release(group);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().done, 4u + (ends->code == 0));
	ck_assert_uint_eq(stats_now().thread_exited, ends->code != 0);
	ck_assert_int_eq(freed, ends->freed);
	bothy_project_release(project);
	project = NULL;
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_uint_eq(testing_counts.blocks_freed, testing_counts.blocks_made);
	ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
}

START_TEST(whatever_ends_the_thread_of_a_hand_the_rest_is_done_and_nothing_is_left)
{
	leave(enter("ann", "p")); /* the library's own first allocations, if any */
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		long live = support_live_allocations();

		check_exits(&exits[i]);
		ck_assert_int_eq(support_live_allocations(), live);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(a_job_that_ends_before_its_start_by_another_clock_took_no_time)
{
	struct charge charge = {0};

	charge_start(&charge, 2000);
	charge_stop(&charge, 1000);
	ck_assert_int_eq(charge.took, 0);
	ck_assert_int_eq(charge.ran, 0);
}
END_TEST

/* ---- threads that start for a job ----------------------------------------------------------- */

static atomic_bool stalls; /* threads stop at `second` when they start */

static int stall(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	if (atomic_load(&stalls))
		gate_wait(&second);
	return 0;
}

/* A job of ENTITY's project p, whose thread does not come to it until `second` is open. */
static bothy_future *start_stalled(const char *entity)
{
	bothy_future *job;

	atomic_store(&stalls, true);
	job = start(BOTHY_JOB(.entity = entity, .project = "p", .fn = nothing,
	                      .flags = BOTHY_OWN_THREAD));
	gate_await(&second, 1);
	atomic_store(&stalls, false);
	return job;
}

static void pool_that_stalls(struct bothy_project_options options)
{
	atomic_store(&stalls, false);
	pool_with((struct bothy_pool_options){.workers = 2, .worker_init = stall});
	open_with(options);
}

/* The hand of the thread that was started for JOB. */
static struct hand *hand_of(const bothy_future *job)
{
	struct hand *hand;

	lock_acquire(&pool->lock);
	ck_assert_int_eq(job->place, JOB_HANDED);
	hand = job->queue.hand;
	lock_release(&pool->lock);
	return hand;
}

START_TEST(a_job_whose_thread_starts_is_left_to_it_whatever_becomes_of_others)
{
	const struct bothy_project_options limited = {.size = sizeof(limited), .max_running = 5};
	bothy_future *job, *late;
	struct hand *hand;

	pool_that_stalls((struct bothy_project_options){0});
	job = start_stalled("bob");
	hand = hand_of(job); /* no other is there: its thread is held */
	ck_assert_int_eq(bothy_project_configure(project, &limited), 0);
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	late = start_to_be_late(BOTHY_JOB(.fn = stop_at_gate));
	ck_assert_int_eq(bothy_future_wait(late, BOTHY_FOREVER), 0);
	ck_assert_ptr_eq(hand_of(job), hand);
	gate_open(&gate);
	gate_open(&second);
	ck_assert_int_eq(outcome(job), 0);
	ck_assert_int_eq(outcome(late), -ETIMEDOUT);
}
END_TEST

START_TEST(all_that_is_for_a_job_whose_thread_starts_finds_it)
{
	const struct bothy_project_options limited = {.size = sizeof(limited), .max_running = 5};
	bothy_future *job;

	pool_that_stalls((struct bothy_project_options){0});
	job = start_stalled("ann");
	atomic_store(&stalls, true); /* what is taken back is started again, and comes no further */
	ck_assert_int_eq(bothy_project_configure(project, &limited), 0);
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	ck_assert_int_eq(outcome(job), -ECANCELED);
	gate_open(&second);
}
END_TEST

START_TEST(what_a_job_kept_from_starting_starts_when_that_is_canceled_before_its_thread_comes)
{
	bothy_future *job, *next;

	pool_that_stalls((struct bothy_project_options){.max_running = 1});
	job = start_stalled("ann");
	next = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_cancel(job), 0);
	ck_assert_int_eq(outcome(next), 0);
	ck_assert_int_eq(outcome(job), -ECANCELED);
	gate_open(&second);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_in_a_hand_is_counted_as_what_it_is,
		times_of_what_has_ended_in_a_hand_are_told_at_once,
		all_ways_to_cancel_find_what_is_in_a_hand,
		what_comes_back_from_a_hand_has_room_in_a_full_queue,
		jobs_that_come_back_from_a_hand_have_the_order_that_they_would_have_had,
		those_that_stay_in_a_hand_are_first,
		short_jobs_are_taken_together,
		no_more_are_taken_than_the_hand_holds,
		without_a_watchdog_a_worker_takes_one_job_at_a_time,
		a_worker_that_comes_again_and_again_is_relied_on_for_a_tick_only,
		a_job_is_not_charged_for_what_is_called_for_the_one_before_it,
		a_job_is_not_charged_for_what_is_called_for_one_that_has_expired,
		a_job_that_ends_before_its_start_by_another_clock_took_no_time,
		a_deadline_passes_in_a_hand_too_while_its_worker_is_in_a_callback,
		whatever_ends_the_thread_of_a_hand_the_rest_is_done_and_nothing_is_left,
		a_job_whose_thread_starts_is_left_to_it_whatever_becomes_of_others,
		all_that_is_for_a_job_whose_thread_starts_finds_it,
		what_a_job_kept_from_starting_starts_when_that_is_canceled_before_its_thread_comes,
	};

	return run_suite_with("hand", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
