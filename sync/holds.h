/*
 * Counts of holds: whoever gives up the last one ends what is held.
 */
#ifndef SYNC_HOLDS_H
#define SYNC_HOLDS_H

#include <stdbool.h>

#include "sync/atomic.h"

/* Give up one of *HOLDS: whether it was the last.  Release: what this holder did; acquire: what the
 * others did, before the last one ends it. */
#define holds_drop(holds) (atom_sub((holds), 1, acq_rel) == 1)

/* For tests: what the subtraction is there to prevent. */
static inline bool holds_drop_torn(_Atomic unsigned *holds)
{
	unsigned n = atom_load(holds, acquire);

	atom_store(holds, n - 1, release);
	return n == 1;
}

/* holds_drop(), or what the fault TORN makes of it. */
#define holds_drop_or_tear(holds, torn) ((torn) ? holds_drop_torn(holds) : holds_drop(holds))

#endif
