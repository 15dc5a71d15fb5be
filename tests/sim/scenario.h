/*
 * A scenario: a few threads in one corner of the library, run under the seeded scheduler
 * with one seed after the other.  Each file of scenarios ends with a list of its own, which
 * nobody else has to know of.
 *
 * All of a scenario's own waiting goes through sync/ too, so that the scheduler sees it.
 */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include <stddef.h>

#include "sync/sim/sched.h"

struct scenario {
	const char *name;
	void (*run)(void);
	const char *fault; /* planted, it must be found: see sync/testing.h */
};

/* One file's. */
struct scenario_list {
	const struct scenario *of;
	unsigned n;
	struct scenario_list *next;
};

/* Before main(), in the order of the files' names. */
void scenarios_add(struct scenario_list *list);

/* At a file's end: the runner is to know of ARRAY, whose scenarios are the file's. */
#define SCENARIOS(array)                                                             \
	__attribute__((constructor)) static void add_scenarios(void)                 \
	{                                                                            \
		static struct scenario_list list = {                                 \
			array, sizeof(array) / sizeof((array)[0]), NULL};            \
                                                                                     \
		scenarios_add(&list);                                                \
	}

/* What must be so in every schedule. */
#define SIM_CHECK(condition)                                                         \
	do {                                                                         \
		if (!(condition))                                                    \
			sim_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
