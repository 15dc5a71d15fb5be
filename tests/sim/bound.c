/*
 * n and k are measured, by a few thousand runs.  The points of change are drawn from 1 to k, so
 * should a later run have more threads or steps than any before, those that were run till then do
 * not count: all begins again, with the new n and k and other seeds.
 */
#include "tests/sim/bound.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tests/sim/batch.h"
#include "tests/sim/failure.h"

enum {
	MEASURED = 2000,
	GUESSED_POINTS = 100,
	RUNS_MAX = 5 * 1000 * 1000 /* more than that is too long a scenario */
};

#define MISSED 0.01

uint64_t bound_runs(unsigned threads, unsigned points, unsigned depth)
{
	double found = 1.0 / (threads * pow(points, depth - 1));

	return (uint64_t)ceil(log(MISSED) / log1p(-found));
}

/* What PCT has to know of a scenario, and what is run because of it. */
struct bound {
	unsigned threads, points, depth;
	uint64_t asked;
};

static bool fits(const struct bound *bound, const struct seen *seen)
{
	return seen->threads_max <= bound->threads && seen->points_max <= bound->points;
}

/* Let BOUND be for no less than was SEEN. */
static void enlarge(struct bound *bound, const struct seen *seen)
{
	if (seen->threads_max > bound->threads)
		bound->threads = seen->threads_max;
	if (seen->points_max > bound->points)
		bound->points = seen->points_max;
	bound->asked = bound_runs(bound->threads, bound->points, bound->depth);
}

static bool run_some(struct batch *batch, uint64_t seeds, struct seen *seen)
{
	bool passed;

	seen_fini(seen);
	batch->seeds = seeds;
	passed = batch_run(batch, seen);
	batch->seed += seeds;
	return passed;
}

/* The first few runs tell how many points the others may have. */
static bool measure(struct batch *batch, struct bound *bound, unsigned deep, struct seen *seen)
{
	batch->depth = bound->depth = 2;
	for (unsigned part = MEASURED / 100; part <= MEASURED; part *= 10) {
		if (!run_some(batch, part, seen))
			return false;
		enlarge(bound, seen);
		batch->points = bound->points;
	}
	batch->depth = bound->depth = bound->points <= deep ? 3 : 2;
	enlarge(bound, seen);
	return true;
}

/* Run as many as are asked for: whether all passed, or there are too many. */
static bool meet(struct batch *batch, struct bound *bound, unsigned deep, struct seen *seen)
{
	bool passed = measure(batch, bound, deep, seen);

	while (passed && bound->asked <= RUNS_MAX) {
		batch->points = bound->points;
		passed = run_some(batch, bound->asked, seen);
		if (fits(bound, seen))
			break;
		enlarge(bound, seen);
	}
	return passed;
}

static void print_bug(const struct batch *batch)
{
	const struct sim_report *report = batch_failure();

	printf("FAILED: --seed %" PRIu64 " --depth %u --points %u\n", report->seed, batch->depth,
	       batch->points);
	print_failure(report, true);
}

/* Whether the fault is found by no more runs than were asked for. */
static bool find_fault(const struct batch *batch, struct seen *seen)
{
	struct batch faulty = *batch;

	faulty.fault = batch->scenario->fault;
	faulty.seed = 1;
	faulty.in_order = true;
	return !run_some(&faulty, faulty.seeds, seen);
}

void bound_print_head(void)
{
	printf("| scenario | n | k | d | asked for | run | distinct | fault | found by run |\n"
	       "|---|--:|--:|--:|--:|--:|--:|---|--:|\n");
}

static void print_row(const struct scenario *scenario, const struct bound *bound, uint64_t runs,
                      uint64_t distinct)
{
	printf("| %s | %u | %u | %u | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | ", scenario->name,
	       bound->threads, bound->points, bound->depth, bound->asked, runs, distinct);
}

/* All that is left of a row. */
static bool print_verdict(const struct batch *batch, const struct bound *bound, bool passed,
                          struct seen *seen)
{
	if (!passed) {
		print_bug(batch);
		return false;
	}
	if (bound->asked > RUNS_MAX) {
		printf("TOO MANY: the scenario is too long | |\n");
		return false;
	}
	if (!find_fault(batch, seen)) {
		printf("%s | NOT FOUND |\n", batch->scenario->fault);
		return false;
	}
	printf("%s | %" PRIu64 " |\n", batch->scenario->fault, seen->runs + 1);
	return true;
}

bool bound_meet(const struct scenario *scenario, unsigned deep, struct bound_sum *sum)
{
	struct batch batch = {.scenario = scenario, .seed = 1, .points = GUESSED_POINTS};
	struct seen seen = {0};
	struct bound bound = {0};
	bool passed = meet(&batch, &bound, deep, &seen);
	uint64_t runs = seen.runs, distinct = seen_distinct(&seen);

	sum->asked += bound.asked;
	sum->run += runs;
	sum->distinct += distinct;
	print_row(scenario, &bound, runs, distinct);
	passed = print_verdict(&batch, &bound, passed, &seen);
	(void)fflush(stdout);
	seen_fini(&seen);
	return passed;
}

void bound_print_sum(const struct bound_sum *sum)
{
	printf("| all | | | | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | | |\n\n", sum->asked,
	       sum->run, sum->distinct);
}
