/*
 * A pool with ten projects of several weights, and jobs for them of 50 us to 5 ms.
 *
 * The lengths are spread evenly on a logarithmic scale, so the flood's jobs are 1.07 ms long on
 * average; some projects have the shorter half alone, some the longer.  Each has CROWD_MIX jobs,
 * in an order that is random and always the same.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <bothy/bothy.h>

#include "bench/work/work.h"

#define CROWD_MIX 1000u
#define CROWD_LONGEST_US 5000u

/* The project that floods, eight others, and one with a light job now and then. */
enum { CROWD_FLOOD, CROWD_LIGHT = 9, CROWD = 10 };

extern const unsigned crowd_weights[CROWD];

/* A job of the light project, the shortest of the mix: when it was submitted, and started. */
struct crowd_light {
	int64_t submitted, started;
};

/* There is one at a time.  Projects are charged CPU time if BY_CPU.  0, or a negative errno. */
int crowd_start(unsigned workers, bool by_cpu);
void crowd_stop(void);

/* Submit to that project the I-th of its own jobs, or of the flood's, round and round.  It is
 * written down (stretches.h) when it ends. */
int crowd_submit(unsigned project, size_t i);
int crowd_submit_flood(unsigned project, size_t i);
int crowd_submit_light(struct crowd_light *light);

int crowd_cancel(unsigned project); /* what it has queued */
int crowd_wait(void);               /* for all jobs */

/* What the projects were charged, ns. */
double crowd_charged(void);

/* A number below N, the same in every run; *STATE is any number at first. */
uint32_t crowd_random(uint32_t *state, uint32_t n);

/* How many steps the I-th of the flood's has. */
uint64_t crowd_steps(size_t i);

#endif
