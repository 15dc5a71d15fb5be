/*
 * Run the scenarios.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/batch.h"
#include "tests/sim/bound.h"
#include "tests/sim/explore.h"
#include "tests/sim/failure.h"
#include "tests/sim/scenario.h"

enum { SEEDS = 2000, DEEP = 100, SEEDS_MAX = 100 * 1000 * 1000 };

static struct {
	const char *scenario, *fault;
	uint64_t seed, seeds;
	unsigned depth, points, deep;
	bool verbose, one_seed, bound;
} options = {.seeds = SEEDS, .deep = DEEP};

/* ---- the scenarios --------------------------------------------------------------------------- */

static struct scenario_list *lists, **lists_end = &lists;

void scenarios_add(struct scenario_list *list)
{
	*lists_end = list;
	lists_end = &list->next;
}

static bool is_wanted(const struct scenario *scenario)
{
	return options.scenario == NULL || strcmp(options.scenario, scenario->name) == 0;
}

/* How long a run of SCENARIO is, by the first, unless it was given. */
static unsigned points_of(const struct scenario *scenario)
{
	struct batch batch = {.scenario = scenario, .seed = 1, .seeds = 1, .points = 100};
	struct seen seen = {0};

	if (options.points > 0)
		return options.points;
	(void)batch_run(&batch, &seen);
	seen_fini(&seen);
	return batch_failure()->points;
}

/* One seed, by hand: with --fault or without. */
static bool run_one(const struct scenario *scenario)
{
	struct batch batch = {.scenario = scenario,
	                      .fault = options.fault,
	                      .seed = options.seed,
	                      .seeds = 1,
	                      .depth = options.depth,
	                      .points = points_of(scenario)};
	struct seen seen = {0};
	bool passed = batch_run(&batch, &seen);
	const struct sim_report *report = batch_failure();

	printf("%s, seed %" PRIu64 " (%s): %s, %u points\n", scenario->name, options.seed,
	       strategy_name(report->strategy), passed ? "passed" : "failed", report->points);
	if (options.verbose || !passed)
		print_failure(report, options.verbose);
	seen_fini(&seen);
	return passed;
}

static bool run_scenario(const struct scenario *scenario, struct bound_sum *sum)
{
	if (options.one_seed)
		return run_one(scenario);
	if (options.bound)
		return bound_meet(scenario, options.deep, sum);
	return explore(scenario, options.seeds, options.verbose);
}

static int run_scenarios(void)
{
	struct bound_sum sum = {0};
	unsigned passed = 0, failed = 0;

	if (options.bound)
		bound_print_head();
	for (const struct scenario_list *list = lists; list != NULL; list = list->next) {
		for (unsigned i = 0; i < list->n; i++) {
			bool good;

			if (!is_wanted(&list->of[i]))
				continue;
			good = run_scenario(&list->of[i], &sum);
			passed += good;
			failed += !good;
		}
	}
	if (options.bound)
		bound_print_sum(&sum);
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}

/* ---- the program ----------------------------------------------------------------------------- */

static _Noreturn void usage(int code)
{
	(void)fprintf(code == 0 ? stdout : stderr,
	              "usage: sim-scenarios [options]\n"
	              "  --scenario NAME   that one alone\n"
	              "  --seeds N         so many schedules of each (%d)\n"
	              "  --bound           as many of each as PCT asks for, to find a bug of depth 2\n"
	              "                    with 99%%\n"
	              "  --deep K          ... 3, where a run has at most K points (%d)\n"
	              "  --seed N          just this one; with --fault NAME planted, if given\n"
	              "  --depth D         ... by PCT of this depth\n"
	              "  --points K        ... with the points of change among so many\n"
	              "  --verbose         every step, and every thread's place\n",
	              SEEDS, DEEP);
	exit(code);
}

static void read_option(int c, const char *value)
{
	if (c == 's')
		options.scenario = value;
	else if (c == 'n')
		options.seeds = strtoull(value, NULL, 10);
	else if (c == 'f')
		options.fault = value;
	else if (c == 'i')
		options.seed = strtoull(value, NULL, 10);
	else if (c == 'd')
		options.depth = (unsigned)strtoul(value, NULL, 10);
	else if (c == 'p')
		options.points = (unsigned)strtoul(value, NULL, 10);
	else if (c == 'k')
		options.deep = (unsigned)strtoul(value, NULL, 10);
	else if (c == 'v')
		options.verbose = true;
	else if (c == 'b')
		options.bound = true;
	else
		usage(c == 'h' ? 0 : 2);
	if (c == 'i')
		options.one_seed = true;
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = {{"scenario", required_argument, NULL, 's'},
	                                      {"seeds", required_argument, NULL, 'n'},
	                                      {"seed", required_argument, NULL, 'i'},
	                                      {"fault", required_argument, NULL, 'f'},
	                                      {"depth", required_argument, NULL, 'd'},
	                                      {"points", required_argument, NULL, 'p'},
	                                      {"deep", required_argument, NULL, 'k'},
	                                      {"bound", no_argument, NULL, 'b'},
	                                      {"verbose", no_argument, NULL, 'v'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		read_option(c, optarg);
	if (optind < argc || options.seeds == 0 || options.seeds > SEEDS_MAX ||
	    options.depth > SIM_DEPTH_MAX)
		usage(2);
}

int main(int argc, char **argv)
{
	int error;

	read_options(argc, argv);
	error = batch_init();
	if (error < 0) {
		(void)fprintf(stderr, "sim-scenarios: %s\n", strerror(-error));
		return 2;
	}
	return run_scenarios();
}
