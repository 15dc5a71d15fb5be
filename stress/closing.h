/*
 * The pool's end: it is closed while jobs are queued, running and being submitted.
 */
#ifndef STRESS_CLOSING_H
#define STRESS_CLOSING_H

#include <bothy/bothy.h>

/* Close and free the pool; *ret_stats is what it said of itself once closed. */
void closing_run(struct bothy_pool_stats *ret_stats);

#endif
