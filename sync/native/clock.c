#include "sync/clock.h"

#include <time.h>

bothy_time clock_now(void)
{
	struct timespec now;

	/* Can't fail: every Linux has this clock. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (bothy_time)now.tv_sec * 1000000000 + now.tv_nsec;
}
