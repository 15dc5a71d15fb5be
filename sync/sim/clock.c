#include "sync/clock.h"

#include "sync/sim/sched.h"

bothy_time clock_now(void)
{
	return sim_now();
}
