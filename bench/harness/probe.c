/*
 * Whether this process can have every core for itself just now: spin on each for MS milliseconds,
 *
 *     bench-probe MS
 *
 * and print, of the core that got least, what share of the wall time it was run for, and how many
 * steps a microsecond it made.  The first tells of other programs, the second also of other
 * machines on the same hardware, and of a lower clock.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CORES_MOST 256
#define STEPS 1000u

struct core {
	pthread_t thread;
	int number;
	int64_t ns;
	double share, rate;
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t make_steps(uint64_t x)
{
	for (unsigned i = 0; i < STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static void stay_on(int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)number, &set);
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *spin(void *arg)
{
	struct core *core = arg;
	int64_t start, cpu, wall = 0;
	uint64_t rounds = 0;
	volatile uint64_t sink = 88172645463325252u;

	stay_on(core->number);
	start = read_clock(CLOCK_MONOTONIC);
	cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
	while (wall < core->ns) {
		sink = make_steps(sink);
		rounds++;
		wall = read_clock(CLOCK_MONOTONIC) - start;
	}
	cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
	core->share = (double)cpu / (double)wall;
	core->rate = (double)(rounds * STEPS) * 1000 / (double)wall;
	return NULL;
}

/* One for each core that this process may use. */
static int find_cores(struct core *cores, int64_t ns)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	for (int number = 0; number < CPU_SETSIZE && n < CORES_MOST; number++) {
		if (CPU_ISSET((size_t)number, &set))
			cores[n++] = (struct core){.number = number, .ns = ns};
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct core cores[CORES_MOST];
	int n = find_cores(cores, (argc > 1 ? atol(argv[1]) : 20) * INT64_C(1000000));
	double share = 1, rate = 1e300;

	for (int i = 0; i < n; i++) {
		if (pthread_create(&cores[i].thread, NULL, spin, &cores[i]) != 0)
			return 1;
	}
	for (int i = 0; i < n; i++) {
		pthread_join(cores[i].thread, NULL);
		share = cores[i].share < share ? cores[i].share : share;
		rate = cores[i].rate < rate ? cores[i].rate : rate;
	}
	printf("%.4f %.1f\n", share, rate);
	return n == 0;
}
