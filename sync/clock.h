/*
 * Time: nanoseconds of CLOCK_MONOTONIC; virtual under the seeded scheduler.
 */
#ifndef SYNC_CLOCK_H
#define SYNC_CLOCK_H

#include <bothy/base.h>

bothy_time clock_now(void);

/* The same, but for a microsecond or so, at a third of the cost where the processor helps
 * (sync/native/stamp.c): for what is done for each job. */
bothy_time clock_stamp(void);

/* What the calling thread has used of a CPU since it started; virtual time likewise. */
int64_t clock_thread_now(void);

/* Nanoseconds since 1970, by the system's clock, which may be set back; virtual as well. */
int64_t clock_wall_now(void);

/* How many times as slow as usual this machine is.  Where instructions are counted, nothing is done
 * in time: bench/instructions says so. */
#ifndef CLOCK_SLOWNESS
#define CLOCK_SLOWNESS 1LL
#endif

/* T + NS for NS >= 0, at most BOTHY_FOREVER. */
static inline bothy_time clock_add(bothy_time t, int64_t ns)
{
	return t > BOTHY_FOREVER - ns ? BOTHY_FOREVER : t + ns;
}

#endif
