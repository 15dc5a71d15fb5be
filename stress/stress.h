/*
 * What the whole stress program shares.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <bothy/bothy.h>

#include "stress/options.h"

/* Whose the global client is: nobody's job. */
#define STRESS_GLOBAL "team-global"

/* Past its deadline, before a job counts as stuck. */
#define STRESS_GRACE_NS INT64_C(2000000)

struct stress {
	struct options options;
	bothy_pool *pool;
	bothy_server *server;
	_Atomic bool enough; /* producers shall submit no more */
};

extern struct stress stress;

/* Nanoseconds of CLOCK_MONOTONIC. */
bothy_time stress_now(void);

/* End the program with 1 if ERROR is negative: it could not get WHAT. */
void stress_need(const char *what, int error);

/* The code of a job that has settled so, whose function says FAILED if it fails. */
int stress_code(enum bothy_state state, int failed);

/* Make all that jobs need, from tenants to the pool, which has these options; and who looks on. */
void stress_begin(const struct bothy_pool_options *pool);

/* The pool is freed, with these figures: end the rest, and balance the books. */
void stress_end(const struct bothy_pool_stats *stats);

#endif
