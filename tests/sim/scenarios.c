/*
 * The scenarios: each a few threads in one corner of the library's protocol, and the fault
 * that is planted there to see that the scheduler would find it.
 *
 * All of a scenario's own waiting goes through sync/ too, so that the scheduler sees it.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/hands.h"
#include "tests/sim/recording.h"
#include "tests/sim/scenario.h"

/* ---- submit against close ------------------------------------------------------------------ */

static void submit_one(void *arg)
{
	int error = bothy_submit(
		pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_once), NULL);

	*(int *)arg = error;
}

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

/* ---- cancel against start -------------------------------------------------------------------- */

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

/* ---- deadline against completion ---------------------------------------------------------------- */

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

/* ---- what is seen of a job at its deadline ------------------------------------------------------- */

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

/* ---- two waiters ------------------------------------------------------------------------------------ */

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

/* ---- notify against settle ----------------------------------------------------------------------------- */

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

/* ---- release against settle ------------------------------------------------------------------------------ */

static void release_against_settle(void)
{
	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	finish();
	SIM_CHECK(atomic_load(&ran) == 1);
}

/* ---- spawn against stop ------------------------------------------------------------------------------------- */

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

/* ---- spawn and wait --------------------------------------------------------------------------------------------- */

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

/* ---- stopping all against a start in place --------------------------------------------------------------------- */

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

/* ---- lent places ------------------------------------------------------------------------------------------------ */

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

/* ---- worker replacement --------------------------------------------------------------------------------------------- */

static void lost_worker_is_replaced(void)
{
	bothy_future *stuck;

	pool_of(1);
	stuck = start(BOTHY_JOB(.fn = until_gate, .deadline = bothy_after_ms(1)));
	SIM_CHECK(outcome(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = run_once))) == 0);
	parker_wake(&gate);
	SIM_CHECK(outcome(stuck) == -ETIMEDOUT);
	finish();
}

/* ---- pthread_exit ------------------------------------------------------------------------------------------------------ */

static int end_thread(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	pthread_exit(NULL);
}

static void thread_exit_is_survived(void)
{
	bothy_future *exits;

	pool_of(1);
	exits = start(BOTHY_JOB(.fn = end_thread, .arg = &freed, .arg_free = count));
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	SIM_CHECK(outcome(exits) == -EOWNERDEAD);
	SIM_CHECK(atomic_load(&freed) == 1);
	finish();
}

/* ---- blocked submitters ------------------------------------------------------------------------------------------------- */

static void blocked_submitters(void)
{
	struct thread submitter;
	int error = 1;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	submitter = client(submit_one, &error);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	thread_join(&submitter);
	SIM_CHECK(error == 0);
	finish();
	SIM_CHECK(atomic_load(&ran) == 3);
}

/* ---- completions ------------------------------------------------------------------------------------------------------------ */

static void take_one(void *completions)
{
	struct bothy_completion got;

	SIM_CHECK(bothy_completions_next(completions, BOTHY_FOREVER, &got) == 0);
	SIM_CHECK(got.tag == &ran && got.code == 0);
}

static void two_takers(void)
{
	bothy_completions *completions;
	struct thread taker;

	pool_of(1);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	taker = client(take_one, completions);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(
			BOTHY_JOB(.fn = run_once, .completions = completions, .tag = &ran)));
	take_one(completions);
	thread_join(&taker);
	bothy_completions_release(completions);
	finish();
}

/* ---- groups ---------------------------------------------------------------------------------------------------------------------- */

static void group_of_two(void)
{
	bothy_group *group;

	pool_of(2);
	SIM_CHECK(bothy_group_new(&group) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = run_once, .group = group)));
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 2);
	bothy_group_release(group);
	finish();
}

/* ---- a group and a completion queue ------------------------------------------------------------------------------------------- */

static void delivered_before_counted(void)
{
	bothy_completions *completions;
	struct bothy_completion got;
	bothy_group *group;

	pool_of(2);
	SIM_CHECK(bothy_group_new(&group) == 0);
	SIM_CHECK(bothy_completions_new(&completions) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = run_once, .group = group,
		                                     .completions = completions)));
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 2; i++)
		SIM_CHECK(bothy_completions_next(completions, BOTHY_NOW, &got) == 0);
	bothy_completions_release(completions);
	bothy_group_release(group);
	finish();
}

/* ---- refusal against the group's cancel ---------------------------------------------------------------------------------------- */

static void submit_to_group(void *group)
{
	SIM_CHECK(bothy_submit(pool,
	                       &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_once,
	                                  .group = group),
	                       NULL) == -ESHUTDOWN);
}

static void refusal_against_group_cancel(void)
{
	struct thread submitter;
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(bothy_group_new(&group) == 0);
	submitter = client(submit_to_group, group);
	SIM_CHECK(bothy_group_cancel(group) == 0);
	thread_join(&submitter);
	bothy_group_release(group);
	finish();
}

/* ---- waking a worker --------------------------------------------------------------------------------------------------------------- */

static void idle_worker_is_woken(void)
{
	pool_of(2);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	finish();
}

/* ---- projects --------------------------------------------------------------------------------------------------------------------------- */

enum { SHORT_MS = 1, LONG_MS = 4 };

static int64_t long_took, short_took, apart_max;

/* Keep the place for *ARG ms; one worker runs all of these. */
static int keep_place(void *arg, void **ret_result)
{
	int ms = *(int *)arg;
	int64_t *took = ms == LONG_MS ? &long_took : &short_took;
	struct parker nobody = PARKER_INITIALIZER;

	(void)ret_result;
	(void)parker_park(&nobody, bothy_after_ms(ms));
	*took += ms;
	if (short_took < 2 * LONG_MS && long_took - short_took > apart_max)
		apart_max = long_took - short_took;
	return 0;
}

static void time_is_shared(void)
{
	int long_ms = LONG_MS, short_ms = SHORT_MS;

	long_took = short_took = apart_max = 0;
	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = until_gate)));
	for (int i = 0; i < 4; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = "long", .project = "p",
		                                     .fn = keep_place, .arg = &long_ms)));
	for (int i = 0; i < 2 * LONG_MS; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = "short", .project = "p",
		                                     .fn = keep_place, .arg = &short_ms)));
	parker_wake(&gate);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	/* One job of each, and one that was started before anything was known of them. */
	SIM_CHECK(apart_max <= 2 * LONG_MS);
	finish();
}

static bothy_project *project_with(struct bothy_project_options options)
{
	bothy_project *project;

	options.size = sizeof(options);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", &options, &project) == 0);
	return project;
}

static int alone(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	SIM_CHECK(atom_add(&told, 1, relaxed) == 0);
	SIM_CHECK(atom_sub(&told, 1, relaxed) == 1);
	return 0;
}

static void one_at_a_time(void)
{
	bothy_project *project;

	pool_of(2);
	project = project_with((struct bothy_project_options){.max_running = 1});
	for (int i = 0; i < 3; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = alone)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	bothy_project_release(project);
	finish();
}

/* The worker is parked when there is a token again. */
static void a_token_comes_back(void)
{
	bothy_project *project;

	pool_of(1);
	project = project_with((struct bothy_project_options){.rate_per_s = 1000});
	for (int i = 0; i < 3; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 3);
	bothy_project_release(project);
	finish();
}

static void blocked_by_their_project(void)
{
	bothy_project *project;
	struct thread submitters[2];
	int errors[2];

	pool_with((struct bothy_pool_options){.workers = 1, .when_full = BOTHY_BLOCK});
	project = project_with((struct bothy_project_options){.queue_max = 1});
	for (int i = 0; i < 2; i++)
		submitters[i] = client(submit_one, &errors[i]);
	for (int i = 0; i < 2; i++) {
		thread_join(&submitters[i]);
		SIM_CHECK(errors[i] == 0);
	}
	bothy_project_release(project);
	finish();
}

static void cancel_project(void *project)
{
	SIM_CHECK(bothy_project_cancel(project) == 0);
}

static void project_cancel_against_start(void)
{
	bothy_project *project;
	bothy_future *future;
	struct thread canceler;

	pool_of(1);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", NULL, &project) == 0);
	future = start(BOTHY_JOB(.fn = until_stopped, .arg = &freed, .arg_free = count));
	canceler = client(cancel_project, project);
	SIM_CHECK(outcome(future) == -ECANCELED);
	thread_join(&canceler);
	SIM_CHECK(atomic_load(&freed) == 1);
	bothy_project_release(project);
	finish();
}

/* -------------------------------------------------------------------------------------------------------------------------------------- */

const struct scenario scenarios[] = {
	{"submit_against_close", submit_against_close, "CLOSE_UNLOCKED"},
	{"cancel_against_start", cancel_against_start, "CANCEL_NOT_ATOMIC"},
	{"start_against_cancel", cancel_against_start, "START_NOT_ATOMIC"},
	{"deadline_against_completion", deadline_against_completion, "EXPIRY_NOT_ATOMIC"},
	{"states_never_go_back", states_never_go_back, "EXPIRY_NOT_ATOMIC"},
	{"two_waiters", two_waiters, "WAKE_DROPPED"},
	{"notify_against_settle", notify_against_settle, "NOTIFY_LOST"},
	{"release_against_settle", release_against_settle, "RELEASE_NOT_ATOMIC"},
	{"spawn_against_stop", spawn_against_stop, "STOP_NOT_INHERITED"},
	{"spawn_and_wait", spawn_and_wait_on_two, "START_NOT_ATOMIC"},
	{"stop_against_start_in_place", stop_against_start_in_place, "IN_PLACE_UNLOCKED"},
	{"lent_places", lent_places, "PLACE_NOT_LENT"},
	{"withdrawn_from_its_group", withdrawn_from_its_group, "WITHDRAWN_UNTOLD"},
	{"lost_worker_is_replaced", lost_worker_is_replaced, "LOST_NOT_REPLACED"},
	{"thread_exit_is_survived", thread_exit_is_survived, "EXIT_NOT_REPLACED"},
	{"blocked_submitters", blocked_submitters, "BLOCKED_WAKE_DROPPED"},
	{"two_takers", two_takers, "COMPLETION_WAKE_DROPPED"},
	{"group_of_two", group_of_two, "GROUP_NEWEST_ALONE"},
	{"delivered_before_counted", delivered_before_counted, "GROUP_EARLY"},
	{"delivered_before_waited_for", delivered_before_counted, "DELIVERED_LATE"},
	{"refusal_against_group_cancel", refusal_against_group_cancel, "RELEASE_NOT_ATOMIC"},
	{"idle_worker_is_woken", idle_worker_is_woken, "WORKER_WAKE_DROPPED"},
	{"time_is_shared", time_is_shared, "TURNS_NOT_TIME"},
	{"project_cancel_against_start", project_cancel_against_start, "CANCEL_NOT_ATOMIC"},
	{"one_at_a_time", one_at_a_time, "MAX_RUNNING_IGNORED"},
	{"one_after_another", one_at_a_time, "REST_UNSEEN"},
	{"a_token_comes_back", a_token_comes_back, "TOKEN_WAKE_DROPPED"},
	{"blocked_by_their_project", blocked_by_their_project, "BLOCKED_WAKE_DROPPED"},
	{"cancel_in_a_hand", cancel_in_a_hand, "HAND_NOT_EMPTIED"},
	{"group_cancel_in_a_hand", group_cancel_in_a_hand, "CANCEL_NOT_ATOMIC"},
	{"project_cancel_in_a_hand", project_cancel_in_a_hand, "RECALL_FORGETS"},
	{"close_against_a_hand", close_against_a_hand, "RECALL_FORGETS"},
	{"in_place_of_a_job_in_a_hand", in_place_of_a_job_in_a_hand, "START_NOT_ATOMIC"},
	{"books_are_read_beside_a_hand", books_are_read_beside_a_hand, "FOLDED_TWICE"},
	{"books_that_are_read_let_a_job_start", books_that_are_read_let_a_job_start,
	 "WORKER_WAKE_DROPPED"},
	{"a_hand_behind_one_that_waits", a_hand_behind_one_that_waits, "HAND_KEPT"},
	{"a_hand_behind_one_that_is_long", a_hand_behind_one_that_is_long, "TICK_BLIND"},
	{"a_hand_behind_one_that_waits_for_a_third", a_hand_behind_one_that_waits_for_a_third,
	 "HAND_KEPT"},
	{"a_hand_that_nobody_looks_after", a_hand_that_nobody_looks_after, "TICK_BLIND"},
	{"ended_before_one_that_is_long", ended_before_one_that_is_long, "ENDED_KEPT"},
	{"a_deadline_in_a_hand", a_deadline_in_a_hand, "STOP_NOT_SENT"},
	{"room_that_is_not_passed_on_at_once", room_that_is_not_passed_on_at_once, "TICK_BLIND"},
	{"two_wait_while_members_settle", two_wait_while_members_settle, "ONE_WAKE_ALONE"},
	{"a_hand_behind_one_that_ends_its_thread", a_hand_behind_one_that_ends_its_thread,
	 "SETTLED_NOT_LEFT"},
	{"a_hand_behind_one_whose_worker_is_lost", a_hand_behind_one_whose_worker_is_lost,
	 "HAND_KEPT"},
#ifdef BOTHY_RECORDING
	{"hand_over_wakes_the_writer", hand_over_wakes_the_writer, "WRITER_WAKE_DROPPED"},
	{"flush_against_hand_over", flush_against_hand_over, "FLUSH_WAKE_DROPPED"},
	{"full_queue_against_the_writer", full_queue_against_the_writer, "ROOM_WAKE_DROPPED"},
	{"who_leaves_the_line_for_room_holds_up_nobody",
	 who_leaves_the_line_for_room_holds_up_nobody, "ROOM_WAKE_DROPPED"},
#endif
};

const unsigned scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
