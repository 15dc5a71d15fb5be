/*
 * How long jobs waited and ran: a pool's and each project's histograms, and reading them.
 *
 * Locking: the pool's `times_lock` guards the histograms, its projects' too.  A reader allocates
 * before it has the lock and frees after it: under it at most 60 KB are copied, mostly one or two.
 */
#ifndef POOL_TIMES_H
#define POOL_TIMES_H

#include "pool/histogram.h"
#include "sync/lock.h"

/* All zero: none. */
struct times {
	struct bothy_histogram wait; /* from accepted to started */
	struct bothy_histogram run;
};

/* Give up their memory: there are none. */
void times_fini(struct times *times);

/* Copies of both, of the same moment, made under LOCK, which guards TIMES.  0 or -ENOMEM. */
int times_read(const struct times *times, struct lock *lock, bothy_histogram **ret_wait,
               bothy_histogram **ret_run);

#endif
