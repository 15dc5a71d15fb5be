/*
 * round_trip:      submit a job and wait for it, again and again: the median and the 99th
 *                  percentile.
 * round_trip_cold: with pauses of 200 us before each, in which the workers go to sleep.  The CPU
 *                  time a job is that of the pause too; the pause's own sleep is one of the sleeps.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/work/work.h"

#define TRIPS 100000u
#define COLD_TRIPS 5000u
#define PAUSE_NS 200000

static sem_t arrived;

static void *arrive(void *arg)
{
	if (peer.wait_all == NULL)
		sem_post(&arrived);
	return arg;
}

static void submit_and_wait(const struct job *job)
{
	peer.submit(job);
	if (peer.wait_all != NULL) {
		peer.wait_all();
		return;
	}
	while (sem_wait(&arrived) != 0)
		;
}

static void *nothing(void *arg)
{
	return arg;
}

static void trip(void)
{
	static const struct job arriving = {arrive, NULL}, empty = {nothing, NULL};

	if (peer.trip != NULL)
		peer.trip(&empty);
	else if (peer.future != NULL)
		(void)peer.take(peer.future(&empty));
	else
		submit_and_wait(&arriving);
}

static void pause_for(long ns)
{
	struct timespec pause = {0, ns};

	if (ns > 0)
		(void)nanosleep(&pause, NULL);
}

static void timed_trips(double *us, size_t n, long pause_ns)
{
	for (size_t i = 0; i < n; i++) {
		int64_t start;

		pause_for(pause_ns);
		start = bench_now();
		trip();
		us[i] = (double)(bench_now() - start) / 1000;
	}
}

static int run_trips(const char *workload, size_t n, long pause_ns)
{
	double *us = calloc(n, sizeof(us[0]));
	struct measure measure;

	if (us == NULL)
		return -ENOMEM;
	sem_init(&arrived, 0, 0);
	work_start();
	timed_trips(us, n < 10 ? n : n / 10, 0);
	measure_begin(&measure);
	timed_trips(us, n, pause_ns);
	measure_end(&measure);
	peer.stop();
	qsort(us, n, sizeof(us[0]), bench_compare);
	measure_print(&measure, workload, "p50", us[n / 2], "us", n);
	measure_print(&measure, workload, "p99", us[n * 99 / 100], "us", n);
	free(us);
	return 0;
}

int round_trip_run(const struct bench_options *options)
{
	(void)options;
	return run_trips("round_trip", work_jobs(TRIPS), 0);
}

int round_trip_cold_run(const struct bench_options *options)
{
	(void)options;
	(void)prctl(PR_SET_TIMERSLACK, 1ul);
	return run_trips("round_trip_cold", work_jobs(COLD_TRIPS), PAUSE_NS);
}
