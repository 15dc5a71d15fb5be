/*
 * Many schedules of one scenario, on all cores.
 */
#ifndef TESTS_SIM_BATCH_H
#define TESTS_SIM_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/scenario.h"

struct batch {
	const struct scenario *scenario;
	const char *fault;   /* planted, or NULL */
	uint64_t seed;       /* the first */
	uint64_t seeds;
	unsigned depth;      /* PCT's; 0: odd seeds are PCT of depth 2 and 3, even ones random */
	unsigned points;     /* PCT's: see struct sim_options */
	bool in_order;       /* on one core: no seed is run after the first that fails */
};

/* What was seen of schedules that passed, of one batch or several. */
struct seen {
	uint64_t runs;
	unsigned points_min, points_max;
	unsigned threads_max; /* the clock is one of them if a thread slept with a deadline */
	uint64_t *hashes;     /* one for each, as long as there was memory */
	size_t room;
};

/* Before the first batch: 0 or a negative errno. */
int batch_init(void);

/* Whether all schedules of BATCH passed; they are added to SEEN.  If not, batch_failure() says
 * which is the first that did not, and why. */
bool batch_run(const struct batch *batch, struct seen *seen);

const struct sim_report *batch_failure(void);

void seen_fini(struct seen *seen);

/* How many schedules differ. */
uint64_t seen_distinct(struct seen *seen);

#endif
