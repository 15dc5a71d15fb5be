/*
 * Work for a job: a fixed number of steps, which looks at no clock, so that time which is taken
 * away from it does not count as work.
 */
#include "bench/work/work.h"

#define STEPS 1000000u /* that a try has */

static uint64_t spin(uint64_t steps)
{
	uint64_t x = 88172645463325252u;

	while (steps-- > 0) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

void work_burn(uint64_t steps)
{
	volatile uint64_t sink = spin(steps);

	(void)sink;
}

/* By the fastest of some tries. */
double work_steps_per_us(void)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 10; i++) {
		int64_t start = bench_now(), took;

		work_burn(STEPS);
		took = bench_now() - start;
		best = took < best ? took : best;
	}
	return STEPS * 1e3 / (double)best;
}
