/*
 * Threads that wait for something that a lock guards.
 *
 * Locking: the list, and the waiters on it, are guarded by the owner's lock.  A waiter is
 * taken off the list when it is woken; its thread removes it in any case before it goes.
 */
#ifndef POOL_WAITLIST_H
#define POOL_WAITLIST_H

#include <stdbool.h>

#include "pool/pool.h"

struct waiter {
	struct waiter *next;
	struct parker *parker;
	bool linked;
};

struct waitlist {
	struct waiter *first;
};

/* Add WAITER at the end. */
void waitlist_add_locked(struct waitlist *list, struct waiter *waiter);
void waitlist_remove_locked(struct waitlist *list, struct waiter *waiter);

void waitlist_wake_one_locked(struct waitlist *list, struct kicks *kicks);

#endif
