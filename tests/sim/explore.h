/*
 * The short round: each scenario a few thousand times, and its fault found.
 */
#ifndef TESTS_SIM_EXPLORE_H
#define TESTS_SIM_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/scenario.h"

/* Whether SEEDS schedules of SCENARIO pass, and one of not many more finds its fault, and that one, run
 * again in a process of its own, takes the same steps. */
bool explore(const struct scenario *scenario, uint64_t seeds, bool verbose);

#endif
