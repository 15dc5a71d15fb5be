/*
 * As many schedules as PCT asks for.
 *
 * A run of PCT finds a bug of depth d, that is one for which d orderings of two steps have to be
 * as it needs them, with a probability of at least 1 / (n k^(d-1)), for n threads and k steps
 * (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).  So many runs with seeds of their own
 * miss it with (1 - 1 / (n k^(d-1)))^runs at most.
 */
#ifndef TESTS_SIM_BOUND_H
#define TESTS_SIM_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/scenario.h"

/* The least number of runs that miss a bug of DEPTH with 1% or less. */
uint64_t bound_runs(unsigned threads, unsigned points, unsigned depth);

/* What was done, in all. */
struct bound_sum {
	uint64_t asked, run, distinct;
};

void bound_print_head(void);

/* Run so many schedules of SCENARIO for depth 2, or 3 if none has more than DEEP points, and as many as
 * it takes to find its fault; print a row of the table, and add it to SUM.  Whether all passed, and
 * the fault was found by no more than that. */
bool bound_meet(const struct scenario *scenario, unsigned deep, struct bound_sum *sum);

void bound_print_sum(const struct bound_sum *sum);

#endif
