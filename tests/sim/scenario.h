/*
 * A scenario: a few threads in one corner of the library, run under the seeded scheduler
 * with one seed after the other.
 */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "sync/sim/sched.h"

struct scenario {
	const char *name;
	void (*run)(void);
	const char *fault; /* planted, it must be found: see sync/testing.h */
};

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

/* What must be so in every schedule. */
#define SIM_CHECK(condition)                                                         \
	do {                                                                         \
		if (!(condition))                                                    \
			sim_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
