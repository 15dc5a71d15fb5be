#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/work/work.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t bench_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t bench_thread_now(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t ns_of(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static void read_measure(struct measure *measure)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	measure->cpu = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
	measure->sleeps = usage.ru_nvcsw;
	measure->wall = bench_now();
}

void measure_begin(struct measure *measure)
{
	read_measure(measure);
}

void measure_end(struct measure *measure)
{
	struct measure now;
	int64_t wall = bench_now();

	read_measure(&now);
	measure->wall = wall - measure->wall;
	measure->cpu = now.cpu - measure->cpu;
	measure->sleeps = now.sleeps - measure->sleeps;
}

void measure_print_begin(const struct measure *measure, const char *workload, const char *part,
                         double value, const char *unit, size_t jobs)
{
	double n = jobs > 0 ? (double)jobs : 1;

	printf("{\"workload\":\"%s\",\"case\":\"%s\",\"peer\":\"%s\",\"value\":%.6g,\"unit\":\"%s\","
	       "\"cpu\":%.1f,\"sleeps_per_1000\":%.3f",
	       workload, part, peer.name, value, unit, (double)measure->cpu / n,
	       (double)measure->sleeps * 1000 / n);
}

void measure_print(const struct measure *measure, const char *workload, const char *part,
                   double value, const char *unit, size_t jobs)
{
	measure_print_begin(measure, workload, part, value, unit, jobs);
	puts("}");
}

int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

size_t bench_resident(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	unsigned long kib = 0;
	char line[128];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Anonymous: %lu kB", &kib) == 1)
			break;
	}
	fclose(file);
	return (size_t)kib * 1024;
}
