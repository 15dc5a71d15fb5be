/*
 * Locks under the scheduler.  Threads that are not part of a run have no number: -1 stands
 * for them, and they never meet another.
 */
#include "sync/lock.h"

#include "sync/point.h"
#include "sync/sim/sched.h"

static int me(void)
{
	const struct sim_thread *self = sim_self();

	return self != NULL ? sim_number(self) : -1;
}

void sim_lock_init(struct lock *lock)
{
	lock->holder = 0;
}

void sim_lock_fini(struct lock *lock)
{
	if (lock->holder != 0)
		sim_fail("a lock ends that thread %d holds", lock->holder);
}

void sim_lock_acquire(struct lock *lock, const char *file, int line)
{
	sim_point("lock", file, line);
	if (lock->holder == me())
		sim_fail("%s:%d: a lock is acquired again by its holder", file, line);
	while (lock->holder != 0)
		(void)sim_block("lock", lock, BOTHY_FOREVER);
	lock->holder = me();
}

void sim_lock_release(struct lock *lock, const char *file, int line)
{
	if (lock->holder != me())
		sim_fail("%s:%d: a lock is released that thread %d holds", file, line,
		         lock->holder);
	lock->holder = 0;
	if (sim_self() != NULL)
		sim_wake(lock);
	sim_point("unlock", file, line);
}
