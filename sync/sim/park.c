/*
 * Parking under the scheduler: as natively (sync/native/park.c), with the scheduler's sleep
 * for the kernel's.  A post alone wakes nobody; the kick does.
 */
#include "sync/park.h"

#include <errno.h>
#include <stdatomic.h>

#include "sync/point.h"
#include "sync/sim/sched.h"

enum { EMPTY, TOKEN, PARKED };

void parker_init(struct parker *parker)
{
	atomic_init(&parker->state, EMPTY);
}

/* Sleep while the state is PARKED, at most until DEADLINE. */
static void sleep_parked(struct parker *parker, bothy_time deadline)
{
	while (atomic_load(&parker->state) == PARKED)
		if (!sim_block("park", parker, deadline))
			return;
}

int parker_park(struct parker *parker, bothy_time deadline)
{
	SYNC_POINT("park");
	if (atomic_load(&parker->state) != TOKEN) {
		if (sim_self() == NULL || (deadline != BOTHY_FOREVER && deadline <= sim_now()))
			return -ETIMEDOUT;
		atomic_store(&parker->state, PARKED);
		sleep_parked(parker, deadline);
		SYNC_POINT("unpark");
	}
	return atomic_exchange(&parker->state, EMPTY) == TOKEN ? 0 : -ETIMEDOUT;
}

bool parker_post(struct parker *parker)
{
	SYNC_POINT("post");
	return atomic_exchange(&parker->state, TOKEN) == PARKED;
}

void parker_kick(struct parker *parker)
{
	SYNC_POINT("kick");
	if (sim_self() != NULL)
		sim_wake(parker);
}

/* Who looks busily runs as long as the scheduler lets it: so it does not. */
bool parker_look(struct parker *parker)
{
	(void)parker;
	return false;
}

void parker_pass(void)
{
}
