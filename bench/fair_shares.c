#include "bench/fair.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/crowd.h"
#include "bench/stretches.h"

#define SECOND INT64_C(1000000000)
#define FLOOD_JOBS 100000u
#define OTHERS_JOBS_A_SECOND 1000u /* each; and worker */
#define FEW_LIGHTS 400u
#define PAUSE_US_LEAST 2500u
#define PAUSE_US_MOST 7500u
#define LIGHTS_MOST 100000u
#define POINT (SECOND / 10) /* of the series */
#define SPARED .1           /* that what jobs saw may differ from what was charged */

static void sleep_until(int64_t when)
{
	const struct timespec time = {(time_t)(when / SECOND), (long)(when % SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* ---- light jobs ------------------------------------------------------------------------- */

/* Those of one phase. */
struct lights {
	struct crowd_light jobs[LIGHTS_MOST];
	size_t count;
};

/* Submit N light jobs, or until projects have been charged so much. */
static void send_lights(struct lights *lights, size_t n, double charged)
{
	uint32_t random = 1;
	int64_t when = bench_now();

	while (lights->count < n && crowd_charged() < charged) {
		bench_must("can't submit", crowd_submit_light(&lights->jobs[lights->count++]));
		when += 1000 * (int64_t)(PAUSE_US_LEAST +
		                         crowd_random(&random, PAUSE_US_MOST - PAUSE_US_LEAST));
		sleep_until(when);
	}
}

static double wait_by_clock(const struct crowd_light *light)
{
	return (double)(light->started - light->submitted);
}

/* The work that went by meanwhile, on each worker: where they are never idle it is the same, but
 * for time that the machine took from them. */
static double wait_by_work(const struct crowd_light *light)
{
	double took[CROWD];

	return stretches_took(light->submitted, light->started, took, CROWD) /
	       bench_options.workers;
}

static double (*const wait_of[])(const struct crowd_light *) = {wait_by_clock, wait_by_work};

/* In us; all have run. */
static double wait_p99(const struct lights *lights, bool by_work)
{
	static double us[LIGHTS_MOST];

	for (size_t i = 0; i < lights->count; i++)
		us[i] = wait_of[by_work](&lights->jobs[i]) / 1000;
	qsort(us, lights->count, sizeof(us[0]), bench_compare);
	return us[lights->count * 99 / 100];
}

/* ---- shares ----------------------------------------------------------------------------- */

enum { BACKLOGGED = CROWD_LIGHT };

/* When each began. */
struct phases {
	int64_t flooded, shared, left, over;
};

/* Sent to the idle pool, beside the flood alone, and beside all. */
static struct lights alone, flooded, shared;

static double weights(void)
{
	double sum = 0;

	for (unsigned p = 0; p < BACKLOGGED; p++)
		sum += crowd_weights[p];
	return sum;
}

/* What jobs take in a second on workers that have cores of their own. */
static double work_second(void)
{
	return (double)bench_options.workers * (double)SECOND;
}

/* How far off its weight a share was between FROM and TO at worst, in percent. */
static double worst_between(int64_t from, int64_t to)
{
	double took[BACKLOGGED], worst = 0;
	double sum = stretches_took(from, to, took, BACKLOGGED);

	for (unsigned p = 0; p < BACKLOGGED; p++) {
		double due = sum * crowd_weights[p] / weights();

		worst = fmax(worst, 100 * fabs(took[p] / due - 1));
	}
	return worst;
}

static double worst_share(const struct phases *phases)
{
	double worst = -1;
	int64_t from = phases->shared, to;

	while ((to = stretches_when(from, phases->left, work_second(), CROWD)) <= phases->left) {
		worst = fmax(worst, worst_between(from, to));
		from = to;
	}
	if (worst < 0)
		bench_die("not a second of work was done", ETIMEDOUT);
	return worst;
}

static void submit_to(unsigned project, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bench_must("can't submit", crowd_submit(project, i + 97 * project));
}

static size_t others_jobs(void)
{
	return (size_t)OTHERS_JOBS_A_SECOND * bench_options.workers * (bench_options.seconds + 1);
}

static void run_phases(struct phases *phases)
{
	submit_to(CROWD_FLOOD, work_jobs(FLOOD_JOBS));
	phases->flooded = bench_now();
	send_lights(&flooded, FEW_LIGHTS, INFINITY);
	for (unsigned p = CROWD_FLOOD + 1; p < BACKLOGGED; p++)
		submit_to(p, others_jobs());
	phases->shared = bench_now();
	/* A little more than it must be, for what jobs were charged before and on their way. */
	send_lights(&shared, LIGHTS_MOST,
	            crowd_charged() + (bench_options.seconds + .1) * work_second());
	phases->left = bench_now();
	for (unsigned p = CROWD_FLOOD + 1; p < BACKLOGGED; p++)
		bench_must("can't cancel", crowd_cancel(p));
	sleep_until(phases->left + SECOND);
	phases->over = bench_now();
	bench_must("can't cancel", crowd_cancel(CROWD_FLOOD));
	bench_must("can't wait", crowd_wait());
}

/* What jobs saw themselves take since the pool began is what their projects were charged. */
static void check_charged(void)
{
	double took[CROWD], saw = stretches_took(0, INT64_MAX, took, CROWD);
	double charged = crowd_charged();

	if (fabs(charged / saw - 1) > SPARED)
		bench_die("the pool did not charge what jobs took", EPROTO);
}

static double since_flooded(const struct phases *phases, int64_t when)
{
	return (double)(when - phases->flooded) / (double)SECOND;
}

/* A point of the series: what each project had of all that was done from AT on. */
static void print_point(int64_t at)
{
	double took[CROWD], sum = stretches_took(at, at + POINT, took, CROWD);

	for (unsigned p = 0; p < CROWD; p++)
		printf("%s%.4f", p > 0 ? "," : "[", sum > 0 ? took[p] / sum : 0);
	printf("]");
}

static void print_series(const struct phases *phases)
{
	const char *comma = "";

	printf(",\"series\":{\"seconds_a_point\":%g,\"shared\":[%.3f,%.3f],\"weights\":",
	       since_flooded(phases, phases->flooded + POINT),
	       since_flooded(phases, phases->shared), since_flooded(phases, phases->left));
	for (unsigned p = 0; p < CROWD; p++)
		printf("%s%u", p > 0 ? "," : "[", crowd_weights[p]);
	printf("],\"shares\":[");
	for (int64_t at = phases->flooded; at + POINT <= phases->over; at += POINT) {
		fputs(comma, stdout);
		print_point(at);
		comma = ",";
	}
	puts("]}}");
}

static void print_waits(const struct measure *measure)
{
	double us = wait_p99(&alone, false), bound = 2 * us + CROWD_LONGEST_US;
	double beside_flood = wait_p99(&flooded, bench_options.cpu);
	double beside_all = wait_p99(&shared, bench_options.cpu);

	measure_print(measure, "fair", "wait", 100 * beside_all / bound, "% of the bound",
	              shared.count);
	measure_print(measure, "fair", "wait beside the flood alone", 100 * beside_flood / bound,
	              "% of the bound", flooded.count);
	measure_print(measure, "fair", "wait, p99", beside_all, "us", shared.count);
	measure_print(measure, "fair", "wait on an idle pool, p99", us, "us", alone.count);
}

/* Shares, and the waits beside and without. */
void fair_shares(void)
{
	struct measure measure;
	struct phases phases;

	bench_must(
		"can't keep what runs",
		stretches_init(work_jobs(FLOOD_JOBS) + BACKLOGGED * others_jobs() + LIGHTS_MOST));
	send_lights(&alone, FEW_LIGHTS, INFINITY);
	bench_must("can't wait", crowd_wait());
	measure_begin(&measure);
	run_phases(&phases);
	measure_end(&measure);
	check_charged();
	measure_print_begin(&measure, "fair", "share", worst_share(&phases), "% off its weight",
	                    shared.count);
	print_series(&phases);
	print_waits(&measure);
	stretches_fini();
}
