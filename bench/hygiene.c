/*
 * hygiene: an empty job on a pool that looks at its threads strictly, and on one that does not
 * (FAST), in turns in one process: ns of CPU time a job, the submitter's included, and the ratio.
 * Then what of that is FAST's look at a thread that was left as found, by itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "pool/hygiene.h"

#define JOBS 20000u
#define LOOKS 10000000u

static int start(enum bothy_hygiene level, struct bench_pool *ret_pool)
{
	return bench_pool_start_with((struct bothy_pool_options){.workers = 1, .hygiene = level},
	                             ret_pool);
}

/* ns of CPU time a job, of one drain. */
static int time_drain(struct bench_pool *pool, size_t jobs, double *ret_ns)
{
	struct measure measure;
	int error;

	measure_begin(&measure);
	error = bench_drain(pool, jobs);
	measure_end(&measure);
	*ret_ns = (double)measure.cpu / (double)jobs;
	return error;
}

static double median(double *figures, unsigned n)
{
	qsort(figures, n, sizeof(figures[0]), bench_compare);
	return figures[n / 2];
}

static int take_turns(struct bench_pool pools[2], double *figures[2], unsigned rounds, size_t jobs)
{
	int error = 0;

	for (unsigned i = 0; i < rounds && error == 0; i++)
		for (int level = 0; level < 2 && error == 0; level++)
			error = time_drain(&pools[level], jobs, &figures[level][i]);
	return error;
}

static int measure_levels(struct bench_pool pools[2], unsigned rounds, size_t jobs)
{
	double *figures[2] = {calloc(rounds, sizeof(double)), calloc(rounds, sizeof(double))};
	int error = figures[0] != NULL && figures[1] != NULL ? 0 : -ENOMEM;
	struct measure measure;
	double fast, strict;

	measure_begin(&measure);
	if (error == 0)
		error = take_turns(pools, figures, rounds, jobs);
	measure_end(&measure);
	if (error == 0) {
		fast = median(figures[0], rounds);
		strict = median(figures[1], rounds);
		measure_print(&measure, "hygiene", "fast", fast, "ns/job", jobs * rounds);
		measure_print(&measure, "hygiene", "strict", strict, "ns/job", jobs * rounds);
		measure_print(&measure, "hygiene", "ratio", strict / fast, "", jobs * rounds);
	}
	free(figures[0]);
	free(figures[1]);
	return error;
}

static void measure_look(void)
{
	struct measure measure;

	measure_begin(&measure);
	for (unsigned i = 0; i < LOOKS; i++)
		(void)hygiene_reset();
	measure_end(&measure);
	measure_print(&measure, "hygiene", "look", (double)measure.cpu / LOOKS, "ns/look", LOOKS);
}

int hygiene_run(const struct bench_options *options)
{
	unsigned rounds = options->rounds > 0 ? options->rounds : 1;
	size_t jobs = options->jobs > 0 ? options->jobs : JOBS;
	struct bench_pool pools[2];
	int error = start(BOTHY_HYGIENE_FAST, &pools[0]);

	if (error < 0)
		return error;
	error = start(BOTHY_HYGIENE_STRICT, &pools[1]);
	if (error == 0) {
		error = measure_levels(pools, rounds, jobs);
		bench_pool_stop(&pools[1]);
	}
	bench_pool_stop(&pools[0]);
	measure_look();
	return error;
}
