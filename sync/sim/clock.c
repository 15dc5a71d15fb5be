#include "sync/clock.h"

#include "sync/sim/sched.h"

bothy_time clock_now(void)
{
	return sim_now();
}

bothy_time clock_stamp(void)
{
	return sim_now();
}

int64_t clock_thread_now(void)
{
	return sim_now();
}

int64_t clock_wall_now(void)
{
	/* A run begins on the first day of 2025. */
	return INT64_C(1735689600) * 1000000000 + sim_now();
}
