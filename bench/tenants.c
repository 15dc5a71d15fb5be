/*
 * tenants: drain, its jobs spread over many projects by turns.
 */
#include "bench/bench.h"

#define JOBS 1000000u

int tenants_run(const struct bench_options *options)
{
	size_t n = work_jobs(JOBS);
	struct measure measure;

	work_start();
	if (!options->cold)
		work_drain(n);
	measure_begin(&measure);
	work_drain(n);
	measure_end(&measure);
	peer.stop();
	measure_print(&measure, "tenants", "", (double)measure.wall / (double)n, "ns/job", n);
	return 0;
}
