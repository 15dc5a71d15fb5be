#include <bothy/base.h>

#include "sync/clock.h"

bothy_time bothy_after_ms(int64_t ms)
{
	if (ms < 0)
		return BOTHY_NOW;
	if (ms > INT64_MAX / 1000000)
		return BOTHY_FOREVER;
	return clock_add(clock_now(), ms * 1000000);
}
