#include "bench/crowd.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/stretches.h"

#define SHORTEST_US 50.0
#define QUEUE_MOST (1u << 22)
#define HOUR_MS 3600000

const unsigned crowd_weights[CROWD] = {1, 1, 1, 1, 2, 2, 2, 2, 3, 1};

/* Which of the mix they have, in order of length: all, the shorter half or the longer one.  Were
 * they all alike, turns would do as well as time. */
static const struct {
	double from, to;
} lengths[CROWD] = {{0, 1},  {0, .5}, {.5, 1}, {0, 1},  {0, .5},
                    {.5, 1}, {0, 1},  {0, 1},  {.5, 1}, {0, 1}};

struct sized {
	unsigned project;
	uint64_t steps;
};

static bothy_pool *pool;
static bothy_project *projects[CROWD];
static bothy_group *group;
static bothy_time deadline;
static bool cpu;
static struct sized sized[CROWD][CROWD_MIX];
static uint64_t light_steps;

uint32_t crowd_random(uint32_t *state, uint32_t n)
{
	*state = *state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)*state * n >> 32);
}

/* ---- the mix ---------------------------------------------------------------------------- */

static void shuffle(struct sized *jobs, size_t n)
{
	uint32_t random = 1;

	for (size_t i = n - 1; i > 0; i--) {
		struct sized kept = jobs[i];
		size_t j = crowd_random(&random, (uint32_t)i + 1);

		jobs[i] = jobs[j];
		jobs[j] = kept;
	}
}

static void make_jobs(unsigned project, double steps_per_us)
{
	double from = lengths[project].from, span = lengths[project].to - from;

	for (size_t i = 0; i < CROWD_MIX; i++) {
		double at = from + span * ((double)i + .5) / CROWD_MIX;
		double us = SHORTEST_US * pow(CROWD_LONGEST_US / SHORTEST_US, at);

		sized[project][i] = (struct sized){project, (uint64_t)(steps_per_us * us)};
	}
	shuffle(sized[project], CROWD_MIX);
}

static void make_mix(void)
{
	double steps_per_us = work_steps_per_us();

	for (unsigned p = 0; p < CROWD; p++)
		make_jobs(p, steps_per_us);
	light_steps = (uint64_t)(steps_per_us * SHORTEST_US);
}

uint64_t crowd_steps(size_t i)
{
	return sized[CROWD_FLOOD][i % CROWD_MIX].steps;
}

/* ---- jobs ------------------------------------------------------------------------------- */

static void burn(unsigned project, uint64_t steps, int64_t begun)
{
	int64_t cpu_begun = cpu ? bench_thread_now() : 0, took, ended;

	work_burn(steps);
	took = cpu ? bench_thread_now() - cpu_begun : 0;
	ended = bench_now();
	stretches_add(project, begun, ended, cpu ? took : ended - begun);
}

static int run_sized(void *arg, void **ret_result)
{
	const struct sized *job = arg;

	(void)ret_result;
	burn(job->project, job->steps, bench_now());
	return 0;
}

static int run_light(void *arg, void **ret_result)
{
	struct crowd_light *light = arg;
	int64_t begun = bench_now();

	(void)ret_result;
	light->started = begun;
	burn(CROWD_LIGHT, light_steps, begun);
	return 0;
}

static int submit(unsigned project, bothy_fn *fn, void *arg)
{
	const struct bothy_job job = BOTHY_JOB(.handle = projects[project], .fn = fn, .arg = arg,
	                                       .group = group, .deadline = deadline);

	return bothy_submit(pool, &job, NULL);
}

int crowd_submit(unsigned project, size_t i)
{
	return submit(project, run_sized, &sized[project][i % CROWD_MIX]);
}

int crowd_submit_flood(unsigned project, size_t i)
{
	return submit(project, run_sized, &sized[CROWD_FLOOD][i % CROWD_MIX]);
}

int crowd_submit_light(struct crowd_light *light)
{
	light->submitted = bench_now();
	return submit(CROWD_LIGHT, run_light, light);
}

int crowd_cancel(unsigned project)
{
	return bothy_project_cancel(projects[project]);
}

int crowd_wait(void)
{
	return bothy_group_wait(group, BOTHY_FOREVER);
}

double crowd_charged(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	return bothy_pool_stats(pool, &stats) == 0 ? (double)stats.charged_ns : 0;
}

/* ---- start and stop --------------------------------------------------------------------- */

static int open_project(unsigned i)
{
	const struct bothy_project_options options = {
		.size = sizeof(options),
		.weight = crowd_weights[i],
		.charge = cpu ? BOTHY_CHARGE_CPU : BOTHY_CHARGE_WALL,
	};
	char name[16];

	snprintf(name, sizeof(name), "%u", i);
	return bothy_project_open(pool, "crowd", name, &options, &projects[i]);
}

int crowd_start(unsigned workers, bool by_cpu)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options), .workers = workers, .queue_max = QUEUE_MOST};
	int error = bothy_pool_new(NULL, &options, &pool);

	cpu = by_cpu;
	deadline = bothy_after_ms(HOUR_MS);
	make_mix();
	if (error == 0)
		error = bothy_group_new(&group);
	for (unsigned i = 0; i < CROWD && error == 0; i++)
		error = open_project(i);
	return error;
}

void crowd_stop(void)
{
	bothy_group_release(group);
	for (unsigned i = 0; i < CROWD; i++)
		bothy_project_release(projects[i]);
	bothy_pool_free(pool);
}
