/*
 * Groups.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
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

/* ---- refusal against the group's cancel -------------------------------------------------- */

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

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"group_of_two", group_of_two, "GROUP_NEWEST_ALONE"},
	{"delivered_before_counted", delivered_before_counted, "GROUP_EARLY"},
	{"delivered_before_waited_for", delivered_before_counted, "DELIVERED_LATE"},
	{"refusal_against_group_cancel", refusal_against_group_cancel, "RELEASE_NOT_ATOMIC"},
};

SCENARIOS(scenarios)
