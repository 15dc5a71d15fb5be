/*
 * Run the scenarios.
 *
 * For each: without a fault, every seed must pass.  Then its fault is planted, and a seed must
 * find it; that seed, run again in a process of its own, must take the same steps.
 *
 * A batch of seeds runs in a child, since a run that fails can't be unwound; what it says is
 * in memory that it shares with its parent.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/testing.h"
#include "tests/sim/scenario.h"

enum { SEEDS_MAX = 1000000, POINTS_MAX = 20000, DEPTH = 3, CHILD_SECONDS = 300 };

/* What parent and child share. */
struct shared {
	struct sim_report report; /* of the last run */
	unsigned runs, points_min, points_max, threads_max;
	uint64_t hashes[SEEDS_MAX];
};

static struct {
	const char *scenario, *fault;
	uint64_t seed;
	unsigned seeds;
	bool verbose, one_seed;
} options = {.seed = 1, .seeds = 2000};

static struct shared *shared;

/* ---- the scenarios ------------------------------------------------------------------------- */

static struct scenario_list *lists, **lists_end = &lists;

void scenarios_add(struct scenario_list *list)
{
	*lists_end = list;
	lists_end = &list->next;
}

/* ---- a batch of seeds in a child ------------------------------------------------------------ */

struct batch {
	const struct scenario *scenario;
	const char *fault; /* or NULL */
	uint64_t seed;     /* the first */
	unsigned seeds;
	unsigned points;   /* PCT's guess */
};

static void run_seed(const struct batch *batch, uint64_t seed)
{
	struct sim_options sim = {
		.seed = seed,
		.strategy = seed % 2 == 0 ? SIM_RANDOM : SIM_PCT,
		.depth = DEPTH,
		.points = batch->points,
		.points_max = POINTS_MAX,
	};

	sim_run(&sim, batch->scenario->run, &shared->report);
}

static void note_run(void)
{
	const struct sim_report *report = &shared->report;

	shared->hashes[shared->runs++] = report->hash;
	if (report->points < shared->points_min || shared->points_min == 0)
		shared->points_min = report->points;
	if (report->points > shared->points_max)
		shared->points_max = report->points;
	if (report->threads > shared->threads_max)
		shared->threads_max = report->threads;
}

static _Noreturn void child(const struct batch *batch)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	(void)sched_setaffinity(0, sizeof(one), &one); /* handing the baton over is cheaper so */
	(void)alarm(CHILD_SECONDS);
	run_seed(batch, 0); /* what is made once per process is made now */
	if (batch->fault != NULL && testing_plant(batch->fault) < 0) {
		(void)fprintf(stderr, "no such fault: %s\n", batch->fault);
		_exit(2);
	}
	for (unsigned i = 0; i < batch->seeds; i++) {
		run_seed(batch, batch->seed + i);
		note_run();
	}
	_exit(0);
}

/* Whether all seeds passed; if not, shared->report says which did not, and why. */
static bool run_batch(const struct batch *batch)
{
	int status;
	pid_t pid;

	shared->runs = shared->points_min = shared->points_max = shared->threads_max = 0;
	shared->report.running = false;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(batch);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		exit(2);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		exit(2);
	if (!shared->report.failed)
		(void)snprintf(shared->report.text, SIM_TEXT_BYTES, "the process ended by signal %d",
		               WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return false;
}

/* ---- what it saw ------------------------------------------------------------------------------- */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned distinct_schedules(void)
{
	unsigned n = 0;

	qsort(shared->hashes, shared->runs, sizeof(shared->hashes[0]), compare_hashes);
	for (unsigned i = 0; i < shared->runs; i++)
		n += i == 0 || shared->hashes[i] != shared->hashes[i - 1];
	return n;
}

static const char *strategy_name(void)
{
	return shared->report.strategy == SIM_PCT ? "PCT" : "random";
}

static void print_steps(void)
{
	const struct sim_report *report = &shared->report;

	for (unsigned i = 0; i < report->points && i < SIM_STEPS_KEPT; i++)
		printf("    %5u  thread %d  %-7s %s:%d\n", i, report->steps[i].thread,
		       report->steps[i].what, report->steps[i].file, report->steps[i].line);
}

/* The first line of why a run failed, or all of it. */
static void print_why(void)
{
	const char *text = shared->report.text;

	if (options.verbose) {
		print_steps();
		printf("    %s\n", text);
	} else {
		printf("    %.*s\n", (int)strcspn(text, "\n"), text);
	}
}

/* ---- one scenario ---------------------------------------------------------------------------------- */

static bool explore(const struct scenario *scenario, unsigned *ret_points)
{
	struct batch batch = {scenario, NULL, options.seed, 1, 100};

	/* The first run measures what PCT has to know. */
	if (run_batch(&batch)) {
		batch.points = *ret_points = shared->report.points;
		batch.seeds = options.seeds;
		if (run_batch(&batch)) {
			printf("%-28s %u threads, %u to %u points, %u schedules, %u distinct\n",
			       scenario->name, shared->threads_max, shared->points_min,
			       shared->points_max, shared->runs, distinct_schedules());
			return true;
		}
	}
	options.verbose = true;
	printf("%-28s FAILED with seed %" PRIu64 " (%s)\n", scenario->name, shared->report.seed,
	       strategy_name());
	print_why();
	return false;
}

/* Whether the run that is in shared->report takes the same steps once more. */
static bool replays(const struct batch *found)
{
	struct sim_report *before = malloc(sizeof(*before));
	struct batch again = *found;
	bool same;

	if (before == NULL)
		return false;
	memcpy(before, &shared->report, sizeof(*before));
	again.seed = before->seed;
	again.seeds = 1;
	same = !run_batch(&again) && shared->report.points == before->points &&
	       shared->report.hash == before->hash;
	for (unsigned i = 0; same && i < before->points && i < SIM_STEPS_KEPT; i++)
		same = memcmp(&before->steps[i], &shared->report.steps[i],
		              sizeof(before->steps[i])) == 0;
	free(before);
	return same;
}

static bool find_fault(const struct scenario *scenario, unsigned points)
{
	struct batch batch = {scenario, scenario->fault, options.seed, options.seeds, points};
	bool same;

	if (run_batch(&batch)) {
		printf("    %s NOT FOUND in %u schedules\n", scenario->fault, options.seeds);
		return false;
	}
	printf("    %s found by seed %" PRIu64 " (%s)", scenario->fault, shared->report.seed,
	       strategy_name());
	same = replays(&batch);
	printf(same ? "; replayed, %u steps identical\n" : "; the replay DIFFERS after %u steps\n",
	       shared->report.points);
	print_why();
	return same;
}

static bool check_scenario(const struct scenario *scenario)
{
	unsigned points = 0;

	return explore(scenario, &points) && find_fault(scenario, points);
}

/* One seed, by hand: with --fault or without. */
static bool run_one(const struct scenario *scenario)
{
	struct batch measure = {scenario, NULL, 1, 1, 100};
	struct batch batch = {scenario, options.fault, options.seed, 1, 0};
	bool passed;

	(void)run_batch(&measure);
	batch.points = shared->report.points;
	passed = run_batch(&batch);
	printf("%s, seed %" PRIu64 " (%s): %s, %u points\n", scenario->name, options.seed,
	       strategy_name(), passed ? "passed" : "failed", shared->report.points);
	if (options.verbose || !passed)
		print_why();
	return passed;
}

/* ---- the program ---------------------------------------------------------------------------------------- */

static _Noreturn void usage(int code)
{
	(void)fprintf(code == 0 ? stdout : stderr,
	              "usage: sim-scenarios [options]\n"
	              "  --scenario NAME   that one alone\n"
	              "  --seeds N         so many schedules of each (2000)\n"
	              "  --seed N          just this one; with --fault NAME planted, if given\n"
	              "  --verbose         every step, and every thread's place\n");
	exit(code);
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = {{"scenario", required_argument, NULL, 's'},
	                                      {"seeds", required_argument, NULL, 'n'},
	                                      {"seed", required_argument, NULL, 'i'},
	                                      {"fault", required_argument, NULL, 'f'},
	                                      {"verbose", no_argument, NULL, 'v'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 's')
			options.scenario = optarg;
		else if (c == 'n')
			options.seeds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'f')
			options.fault = optarg;
		else if (c == 'v')
			options.verbose = true;
		else if (c == 'h')
			usage(0);
		else if (c != 'i')
			usage(2);
		if (c == 'i') {
			options.seed = strtoull(optarg, NULL, 10);
			options.one_seed = true;
		}
	}
	if (optind < argc || options.seeds == 0 || options.seeds > SEEDS_MAX)
		usage(2);
}

static bool is_wanted(const struct scenario *scenario)
{
	return options.scenario == NULL || strcmp(options.scenario, scenario->name) == 0;
}

static void run_scenarios(unsigned *passed, unsigned *failed)
{
	for (const struct scenario_list *list = lists; list != NULL; list = list->next) {
		for (unsigned i = 0; i < list->n; i++) {
			const struct scenario *scenario = &list->of[i];

			if (!is_wanted(scenario))
				continue;
			if (options.one_seed ? run_one(scenario) : check_scenario(scenario))
				(*passed)++;
			else
				(*failed)++;
		}
	}
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	read_options(argc, argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	run_scenarios(&passed, &failed);
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
