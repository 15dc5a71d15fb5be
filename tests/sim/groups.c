/*
 * Groups.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- groups ------------------------------------------------------------------------------ */

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

/* ---- a group and a completion queue ------------------------------------------------------ */

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

/* ---- a submit against the group's cancel ------------------------------------------------- */

static void submit_to_group(void *group)
{
	SIM_CHECK(bothy_submit(pool,
	                       &BOTHY_JOB(.entity = "ann", .project = "p", .fn = until_stopped,
	                                  .group = group),
	                       NULL) == 0);
}

/* The first cancel may come too soon for the job; the second one does not. */
static void submit_against_group_cancel(void)
{
	struct thread submitter;
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	submitter = client(submit_to_group, group);
	SIM_CHECK(bothy_group_cancel(group) == 0);
	thread_join(&submitter);
	SIM_CHECK(bothy_group_cancel(group) == 0);
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	bothy_group_release(group);
	finish();
}

/* ---- the end of a group ----------------------------------------------------------------- */

static unsigned long groups_left(void)
{
	return testing_counts.groups_made - testing_counts.groups_freed;
}

static void a_group_is_released_first(void)
{
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once, .group = group)));
	bothy_group_release(group);
	finish();
	SIM_CHECK(groups_left() == 0);
}

static void members_leave_at_once(void)
{
	bothy_group *group;

	pool_of(2);
	SIM_CHECK(bothy_group_new(&group) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = i == 0 ? "ann" : "bob",
		                                     .project = "p", .fn = run_once,
		                                     .group = group)));
	finish();
	SIM_CHECK(groups_left() == 1);
	bothy_group_release(group);
	SIM_CHECK(groups_left() == 0);
}

/* ---- members that spawn members --------------------------------------------------------- */

static int spawn_member(void *group, void **ret_result)
{
	(void)ret_result;
	count(&ran);
	return -bothy_spawn(&BOTHY_JOB(.fn = run_once, .group = group), NULL);
}

static void a_member_comes_while_it_is_waited_for(void)
{
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	bothy_future_release(start(BOTHY_JOB(.fn = spawn_member, .arg = group, .group = group)));
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 2);
	bothy_group_release(group);
	finish();
}

static int spawn_endless(void *group, void **ret_result)
{
	int error = bothy_spawn(&BOTHY_JOB(.fn = until_stopped, .group = group), NULL);

	SIM_CHECK(error == 0);
	return until_stopped(group, ret_result);
}

static void group_cancel_against_spawn(void)
{
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	bothy_future_release(start(BOTHY_JOB(.fn = spawn_endless, .arg = group, .group = group)));
	SIM_CHECK(bothy_group_cancel(group) == 0);
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	bothy_group_release(group);
	finish();
}

/* ---- waiting for a group in a job ------------------------------------------------------- */

static int wait_for_group(void *group, void **ret_result)
{
	(void)ret_result;
	return bothy_group_wait(group, BOTHY_FOREVER);
}

static void a_wait_for_a_group_is_stopped(void)
{
	bothy_future *waiting;
	bothy_group *group;

	pool_of(2);
	SIM_CHECK(bothy_group_new(&group) == 0);
	bothy_future_release(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = until_gate,
	                                     .group = group)));
	waiting = start(BOTHY_JOB(.fn = wait_for_group, .arg = group));
	(void)bothy_future_cancel(waiting);
	SIM_CHECK(outcome(waiting) == -ECANCELED);
	parker_wake(&gate);
	bothy_group_release(group);
	finish();
}

/* ---- waiting for a while ---------------------------------------------------------------- */

static void let_go(void *ignored)
{
	(void)ignored;
	parker_wake(&gate);
}

static void a_group_wait_against_its_deadline(void)
{
	struct thread opener;
	bothy_future *member;
	bothy_group *group;
	int error;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	member = start(BOTHY_JOB(.fn = until_gate, .group = group));
	opener = client(let_go, NULL);
	error = bothy_group_wait(group, bothy_after_ms(1));
	SIM_CHECK(error == -ETIMEDOUT ||
	          (error == 0 && bothy_future_result(member, NULL) == 0));
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(bothy_future_result(member, NULL) == 0);
	thread_join(&opener);
	bothy_future_release(member);
	bothy_group_release(group);
	finish();
}

/* ---- a member's deadline ----------------------------------------------------------------- */

/* Its function has ended when the wait begins: who settles it may be late. */
static void a_group_wait_against_its_members_deadline(void)
{
	bothy_future *future;
	bothy_group *group;

	pool_of(1);
	SIM_CHECK(bothy_group_new(&group) == 0);
	future = start(BOTHY_JOB(.fn = until_stopped, .arg_free = let_go, .group = group,
	                         .deadline = bothy_after_ms(5)));
	(void)parker_park(&gate, BOTHY_FOREVER);
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(bothy_future_result(future, NULL) != -EINPROGRESS);
	bothy_future_release(future);
	bothy_group_release(group);
	finish();
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"group_of_two", group_of_two, "GROUP_NEWEST_ALONE"},
	{"a_group_wait_against_its_members_deadline", a_group_wait_against_its_members_deadline,
	 "LATE_LEAVES_GROUP"},
	{"delivered_before_counted", delivered_before_counted, "GROUP_EARLY"},
	{"delivered_before_waited_for", delivered_before_counted, "DELIVERED_LATE"},
	{"submit_against_group_cancel", submit_against_group_cancel, "NEW_IS_ASKED"},
	{"a_group_is_released_first", a_group_is_released_first, "GROUP_RELEASE_NOT_ATOMIC"},
	{"members_leave_at_once", members_leave_at_once, "GROUP_EMPTY_UNLOCKED"},
	{"a_member_comes_while_it_is_waited_for", a_member_comes_while_it_is_waited_for,
	 "GROUP_NEWEST_ALONE"},
	{"group_cancel_against_spawn", group_cancel_against_spawn, "STOP_NOT_INHERITED"},
	{"a_wait_for_a_group_is_stopped", a_wait_for_a_group_is_stopped, "STOP_UNHEARD"},
	{"a_group_wait_against_its_deadline", a_group_wait_against_its_deadline, "GROUP_EARLY"},
};

SCENARIOS(scenarios)
