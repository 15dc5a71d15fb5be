/*
 * A batch runs in children, one for each core, since a run that fails can't be unwound; what they
 * say is in memory that each shares with its parent.  A child runs no more than LANE_SEEDS, so a
 * long batch goes in rounds.
 *
 * The seeds of a round are in the order of its lanes.  A lane ends with its first failure, so the
 * first lane that has one has the first seed that fails, on however many cores.
 */
#define _GNU_SOURCE
#include "tests/sim/batch.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/testing.h"

enum { LANES_MAX = 16, LANE_SEEDS = 16384, POINTS_MAX = 20000, CHILD_SECONDS = 300 };

/* What parent and child share. */
struct lane {
	struct sim_report report; /* of the last run */
	unsigned runs, points_min, points_max, threads_max;
	uint64_t hashes[LANE_SEEDS];
};

static struct lane *lanes;
static cpu_set_t cores;
static unsigned lane_count;
static struct sim_report *failure;

int batch_init(void)
{
	if (sched_getaffinity(0, sizeof(cores), &cores) < 0)
		return -errno;
	lane_count = (unsigned)CPU_COUNT(&cores);
	if (lane_count > LANES_MAX)
		lane_count = LANES_MAX;
	lanes = mmap(NULL, lane_count * sizeof(*lanes), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lanes == MAP_FAILED)
		return -errno;
	failure = &lanes[0].report;
	return 0;
}

const struct sim_report *batch_failure(void)
{
	return failure;
}

/* ---- in a child ------------------------------------------------------------------------------ */

/* Most bugs need depth 2, some 3. */
static unsigned depth_of(const struct batch *batch, uint64_t seed)
{
	if (batch->depth > 0)
		return batch->depth;
	return seed % 4 == 1 ? 2 : 3;
}

static void run_seed(const struct batch *batch, uint64_t seed, struct lane *lane)
{
	bool pct = batch->depth > 0 || seed % 2 != 0;
	struct sim_options sim = {
		.seed = seed,
		.strategy = pct ? SIM_PCT : SIM_RANDOM,
		.depth = depth_of(batch, seed),
		.points = batch->points,
		.points_max = POINTS_MAX,
	};

	sim_run(&sim, batch->scenario->run, &lane->report);
}

static void note_run(struct lane *lane)
{
	const struct sim_report *report = &lane->report;
	unsigned threads = report->threads + report->timed;

	lane->hashes[lane->runs++] = report->hash;
	if (report->points < lane->points_min || lane->points_min == 0)
		lane->points_min = report->points;
	if (report->points > lane->points_max)
		lane->points_max = report->points;
	if (threads > lane->threads_max)
		lane->threads_max = threads;
}

/* Have the core of that number to itself: handing the baton over is cheaper so. */
static void settle_on_core(unsigned number)
{
	cpu_set_t one;
	size_t core = 0;

	for (; !CPU_ISSET(core, &cores) || number-- > 0; core++)
		continue;
	CPU_ZERO(&one);
	CPU_SET(core, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

static _Noreturn void child(const struct batch *batch, struct lane *lane)
{
	settle_on_core((unsigned)(lane - lanes));
	(void)alarm(CHILD_SECONDS);
	run_seed(batch, 0, lane); /* what is made once per process is made now */
	if (batch->fault != NULL && testing_plant(batch->fault) < 0) {
		(void)fprintf(stderr, "no such fault: %s\n", batch->fault);
		_exit(2);
	}
	if (batch->fault != NULL)
		(void)!freopen("/dev/null", "w", stderr); /* malloc may have to say something */
	for (uint64_t i = 0; i < batch->seeds; i++) {
		run_seed(batch, batch->seed + i, lane);
		note_run(lane);
	}
	_exit(0);
}

/* ---- one lane -------------------------------------------------------------------------------- */

static pid_t lane_begin(const struct batch *batch, struct lane *lane)
{
	pid_t pid;

	lane->runs = lane->points_min = lane->points_max = lane->threads_max = 0;
	lane->report.running = lane->report.failed = false;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(batch, lane);
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	return pid;
}

/* Whether all seeds of the lane passed. */
static bool lane_end(struct lane *lane, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid) {
		perror("waitpid");
		exit(2);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		exit(2);
	if (!lane->report.failed)
		(void)snprintf(lane->report.text, SIM_TEXT_BYTES,
		               WIFSIGNALED(status) ? "the process ended by signal %d"
		                                   : "the process ended with %d",
		               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return false;
}

/* ---- what was seen --------------------------------------------------------------------------- */

static void keep_hashes(struct seen *seen, const struct lane *lane)
{
	size_t needed = (size_t)seen->runs + lane->runs;

	if (seen->room < needed) {
		size_t room = needed * 2;
		uint64_t *hashes = realloc(seen->hashes, room * sizeof(*hashes));

		if (hashes == NULL) {
			perror("realloc");
			exit(2);
		}
		seen->hashes = hashes;
		seen->room = room;
	}
	for (unsigned i = 0; i < lane->runs; i++)
		seen->hashes[seen->runs + i] = lane->hashes[i];
}

static void see(struct seen *seen, const struct lane *lane)
{
	if (lane->runs == 0)
		return;
	keep_hashes(seen, lane);
	seen->runs += lane->runs;
	if (seen->points_min == 0 || lane->points_min < seen->points_min)
		seen->points_min = lane->points_min;
	if (lane->points_max > seen->points_max)
		seen->points_max = lane->points_max;
	if (lane->threads_max > seen->threads_max)
		seen->threads_max = lane->threads_max;
}

void seen_fini(struct seen *seen)
{
	free(seen->hashes);
	*seen = (struct seen){0};
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t seen_distinct(struct seen *seen)
{
	uint64_t n = 0;

	if (seen->runs > 0)
		qsort(seen->hashes, (size_t)seen->runs, sizeof(seen->hashes[0]), compare_hashes);
	for (uint64_t i = 0; i < seen->runs; i++)
		n += i == 0 || seen->hashes[i] != seen->hashes[i - 1];
	return n;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Run the first seeds that *LEFT has, and take them off it: whether all passed. */
static bool run_round(struct batch *left, struct seen *seen)
{
	unsigned n = left->in_order ? 1 : lane_count, begun = 0;
	uint64_t each = lesser((left->seeds + n - 1) / n, LANE_SEEDS);
	pid_t pids[LANES_MAX];
	bool passed = true;

	for (; begun < n && left->seeds > 0; begun++) {
		struct batch share = *left;

		share.seeds = lesser(each, left->seeds);
		pids[begun] = lane_begin(&share, &lanes[begun]);
		left->seed += share.seeds;
		left->seeds -= share.seeds;
	}
	for (unsigned i = 0; i < begun; i++) {
		bool good = lane_end(&lanes[i], pids[i]);

		if (!passed)
			continue;
		see(seen, &lanes[i]);
		failure = &lanes[i].report;
		passed = good;
	}
	return passed;
}

bool batch_run(const struct batch *batch, struct seen *seen)
{
	struct batch left = *batch;
	bool passed = true;

	while (passed && left.seeds > 0)
		passed = run_round(&left, seen);
	return passed;
}
