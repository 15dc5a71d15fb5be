/*
 * idle: CPU time that a pool uses while it has nothing to do.  It has worked before, and was
 * left alone for half a second.
 */
#include <poll.h>

#include "bench/work/work.h"

#define JOBS 10000u

static void drain(void *arg)
{
	(void)arg;
	work_drain(JOBS);
}

int work_idle_run(const struct bench_options *options)
{
	struct measure measure;

	work_start();
	work_inside(drain, NULL);
	(void)poll(NULL, 0, 500);
	measure_begin(&measure);
	(void)poll(NULL, 0, (int)options->seconds * 1000);
	measure_end(&measure);
	peer.stop();
	measure_print(&measure, "idle", "", (double)measure.cpu / 1000 / options->seconds,
	              "us of CPU/s", 1);
	return 0;
}
