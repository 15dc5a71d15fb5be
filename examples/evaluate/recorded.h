/*
 * The isolation check as a query: what was recorded, and whose data it names.
 */
#ifndef EXAMPLES_EVALUATE_RECORDED_H
#define EXAMPLES_EVALUATE_RECORDED_H

#include "examples/evaluate/run.h"

struct recorded {
	size_t calls;   /* predictions of this run; in their inputs ... */
	size_t refs;    /* ... that many refs; of these ... */
	size_t foreign; /* ... so many of another project than the call's */
};

/* Wait until all that OUTCOME's jobs recorded is stored, and look at it.  Says on stderr what
 * is wrong. */
int recorded_check(const struct plan *plan, const struct outcome *outcome,
                   struct recorded *ret_recorded);

#endif
