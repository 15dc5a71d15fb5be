#include "sync/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	/* Can't fail: every Linux has these clocks. */
	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bothy_time clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_thread_now(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_wall_now(void)
{
	return read_clock(CLOCK_REALTIME);
}
