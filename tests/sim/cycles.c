/*
 * Jobs that wait for each other in a circle: whichever parks last is told, and it alone.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

enum { MOST = 3 };

/* One job of a circle, and what it waits for: the next one's future, or a group that has it. */
struct link {
	struct parker ready;
	bothy_future *next;
	bothy_group *group;
};

static struct link links[MOST];

static int wait_for_next(void *arg, void **ret_result)
{
	struct link *link = arg;
	int error;

	(void)ret_result;
	(void)parker_park(&link->ready, BOTHY_FOREVER); /* until all are known to each other */
	error = link->group != NULL ? bothy_group_wait(link->group, BOTHY_FOREVER)
	                            : bothy_future_wait(link->next, BOTHY_FOREVER);
	SIM_CHECK(error == 0 || error == -EDEADLK);
	if (error == -EDEADLK)
		count(&told);
	return 0;
}

/* A circle of N jobs, of projects of their own, one of which is waited for as member of GROUP. */
static void close_circle(int n, bothy_group *group)
{
	static const char *const names[MOST] = {"ann", "bob", "cyd"};
	bothy_future *futures[MOST];

	for (int i = 0; i < n; i++) {
		links[i] = (struct link){.group = i == 0 ? group : NULL};
		parker_init(&links[i].ready);
		futures[i] = start(BOTHY_JOB(.entity = names[i], .project = "p",
		                             .fn = wait_for_next, .arg = &links[i],
		                             .group = i == 1 ? group : NULL));
	}
	for (int i = 0; i < n; i++)
		links[i].next = futures[(i + 1) % n];
	for (int i = 0; i < n; i++)
		parker_wake(&links[i].ready);
	/* Each is waited for by another, which has no hold of its own. */
	SIM_CHECK(bothy_future_wait_all(futures, (size_t)n, BOTHY_FOREVER) == 0);
	for (int i = 0; i < n; i++)
		SIM_CHECK(outcome(futures[i]) == 0);
	SIM_CHECK(atomic_load(&told) == 1);
}

static void circle_of_two(void)
{
	pool_of(2);
	close_circle(2, NULL);
	finish();
}

static void circle_of_three(void)
{
	pool_of(3);
	close_circle(3, NULL);
	finish();
}

static void circle_through_a_group(void)
{
	bothy_group *group;

	pool_of(2);
	SIM_CHECK(bothy_group_new(&group) == 0);
	close_circle(2, group);
	bothy_group_release(group);
	finish();
}

/* On one place: one is started on what the other has lent. */
static void circle_on_a_lent_place(void)
{
	pool_with((struct bothy_pool_options){.workers = 1, .spare_max = 2});
	close_circle(2, NULL);
	finish();
}

static const struct scenario scenarios[] = {
	{"circle_of_two", circle_of_two, "CYCLE_UNLOCKED"},
	{"circle_of_three", circle_of_three, "CYCLE_OF_TWO_ALONE"},
	{"circle_through_a_group", circle_through_a_group, "CYCLE_UNLOCKED"},
	{"circle_on_a_lent_place", circle_on_a_lent_place, "PLACE_NOT_LENT"},
};

SCENARIOS(scenarios)
