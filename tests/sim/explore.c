#include "tests/sim/explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"
#include "tests/sim/batch.h"
#include "tests/sim/failure.h"

/* How many runs tell how long one is; in how many times as many the fault is looked for, which are
 * run only until it is found. */
enum { MEASURED = 100, PATIENCE = 10 };

static void print_seen(const struct scenario *scenario, struct seen *seen)
{
	printf("%-28s %u threads, %u to %u points, %" PRIu64 " schedules, %" PRIu64 " distinct\n",
	       scenario->name, seen->threads_max, seen->points_min, seen->points_max, seen->runs,
	       seen_distinct(seen));
}

static bool all_pass(struct batch *batch, uint64_t seeds, struct seen *seen)
{
	batch->seeds = seeds < MEASURED ? seeds : MEASURED;
	if (!batch_run(batch, seen))
		return false;
	batch->points = seen->points_max;
	batch->seed += batch->seeds;
	batch->seeds = seeds - batch->seeds;
	return batch_run(batch, seen);
}

/* How long a run is, for PCT, is known after some. */
static bool pass_all(const struct scenario *scenario, uint64_t seeds, unsigned *ret_points)
{
	struct batch batch = {.scenario = scenario, .seed = 1, .points = MEASURED};
	struct seen seen = {0};
	bool passed = all_pass(&batch, seeds, &seen);

	*ret_points = batch.points;
	if (passed) {
		print_seen(scenario, &seen);
	} else {
		const struct sim_report *report = batch_failure();

		printf("%-28s FAILED with seed %" PRIu64 " (%s); --points %u\n", scenario->name,
		       report->seed, strategy_name(report->strategy), batch.points);
		print_failure(report, true);
	}
	seen_fini(&seen);
	return passed;
}

static bool is_same(const struct sim_report *a, const struct sim_report *b)
{
	if (a->points != b->points || a->hash != b->hash)
		return false;
	for (unsigned i = 0; i < a->points && i < SIM_STEPS_KEPT; i++)
		if (memcmp(&a->steps[i], &b->steps[i], sizeof(a->steps[i])) != 0)
			return false;
	return true;
}

/* Whether the schedule of FOUND that has failed takes the same steps once more. */
static bool replays(const struct batch *found)
{
	struct sim_report *before = malloc(sizeof(*before));
	struct batch again = *found;
	struct seen seen = {0};
	bool same;

	if (before == NULL)
		return false;
	memcpy(before, batch_failure(), sizeof(*before));
	again.seed = before->seed;
	again.seeds = 1;
	same = !batch_run(&again, &seen) && is_same(before, batch_failure());
	seen_fini(&seen);
	free(before);
	return same;
}

static bool find_fault(const struct batch *batch, bool verbose)
{
	const char *fault = batch->fault;
	struct seen seen = {0};
	bool found = !batch_run(batch, &seen), same;

	seen_fini(&seen);
	if (!found) {
		printf("    %s NOT FOUND in %" PRIu64 " schedules\n", fault, batch->seeds);
		return false;
	}
	printf("    %s found by seed %" PRIu64 " (%s)", fault, batch_failure()->seed,
	       strategy_name(batch_failure()->strategy));
	same = replays(batch);
	printf(same ? "; replayed, %u steps identical\n" : "; the replay DIFFERS after %u steps\n",
	       batch_failure()->points);
	print_failure(batch_failure(), verbose);
	return same;
}

bool explore(const struct scenario *scenario, uint64_t seeds, bool verbose)
{
	struct batch batch = {.scenario = scenario,
	                      .fault = scenario->fault,
	                      .seed = 1,
	                      .seeds = PATIENCE * seeds,
	                      .in_order = true};

	return pass_all(scenario, seeds, &batch.points) &&
	       (!TESTING_CAN_PLANT || find_fault(&batch, verbose));
}
