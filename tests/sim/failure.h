/*
 * What is printed of a schedule that failed.
 */
#ifndef TESTS_SIM_FAILURE_H
#define TESTS_SIM_FAILURE_H

#include <stdbool.h>

#include "sync/sim/sched.h"

const char *strategy_name(enum sim_strategy strategy);

/* Why it failed, in a line; if VERBOSE, every step before, and where each thread stood. */
void print_failure(const struct sim_report *report, bool verbose);

#endif
