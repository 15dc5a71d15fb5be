/*
 * Stamps: the time by the processor's own counter.
 *
 * Each thread remembers a reading of the clock and of the counter at the same moment, and adds
 * to it what the counter has moved on since, for a millisecond at most; then it reads the clock
 * again.  How fast the counter moves is measured once, between two such moments that are far
 * enough apart; until then, and where the kernel does not trust the counter itself (it would
 * differ from core to core, or change its pace), a stamp is the clock's reading.  A machine that
 * was suspended between the moments has counted on, but its clock has not: so they may not be far
 * apart, and a pace that no processor has is not believed.
 *
 * Locking: none.  `pace` is written by whoever measures it first.
 */
#include "sync/clock.h"

#if defined(__x86_64__) && defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "sync/atomic.h"

enum {
	SAME_MOMENT = 3000, /* ticks in which both are read, or it does not count */
	MEASURED_NS = 20 * 1000 * 1000,
	MEASURED_MAX_NS = 1000 * 1000 * 1000,
	TICKS_MAX = 16, /* in a ns: more are none of a counter that only ran */
	TRUSTED_FOR_NS = 1000 * 1000,
	PACE_BITS = 32
};

/* Paces that are none. */
enum { PACE_UNKNOWN = 0, PACE_UNTRUSTED = 1 };

/* ns in 2^PACE_BITS ticks. */
static _Atomic uint64_t pace = PACE_UNKNOWN;

struct moment {
	uint64_t ticks;
	bothy_time ns;
};

static _Thread_local struct moment last; /* all zero: none yet */
static _Thread_local struct moment first;

static bool kernel_trusts_counter(void)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	int saved_errno = errno;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[8] = "";
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, name, sizeof(name) - 1);
		(void)close(fd);
	}
	errno = saved_errno;
	return n > 0 && strcmp(name, "tsc\n") == 0;
}

static struct moment moment_now(void)
{
	struct moment moment = {__builtin_ia32_rdtsc(), clock_now()};

	if (__builtin_ia32_rdtsc() - moment.ticks > SAME_MOMENT)
		moment.ticks = 0; /* something came between */
	return moment;
}

/* Measure the pace, if this thread's first moment is long enough ago. */
static void measure(const struct moment *now)
{
	uint64_t none = PACE_UNKNOWN;
	uint64_t ns, ticks;

	if (first.ticks == 0) {
		if (!kernel_trusts_counter())
			(void)atom_cas(&pace, &none, PACE_UNTRUSTED, acquire);
		first = *now;
		return;
	}
	ns = (uint64_t)(now->ns - first.ns);
	ticks = now->ticks - first.ticks;
	if (ns < MEASURED_NS)
		return;
	if (ns > MEASURED_MAX_NS || ticks > ns * TICKS_MAX) {
		first = *now;
		return;
	}
	/* The number is all: no order.  A pace that is no plausible one is none. */
	(void)atom_cas(&pace, &none, ns < ticks ? (ns << PACE_BITS) / ticks : PACE_UNTRUSTED,
	               acquire);
}

static bothy_time read_clock_again(void)
{
	struct moment now = moment_now();

	last = now;
	if (now.ticks != 0 && atom_load(&pace, relaxed) == PACE_UNKNOWN)
		measure(&now);
	return now.ns;
}

bothy_time clock_stamp(void)
{
	uint64_t pace_now = atom_load(&pace, relaxed);
	uint64_t ticks, ns;

	if (pace_now == PACE_UNTRUSTED)
		return clock_now();
	ticks = __builtin_ia32_rdtsc() - last.ticks;
	/* Fewer ticks than 2^PACE_BITS, or the product may be too large. */
	if (pace_now == PACE_UNKNOWN || last.ticks == 0 || ticks >> PACE_BITS != 0)
		return read_clock_again();
	ns = ticks * pace_now >> PACE_BITS;
	return ns <= TRUSTED_FOR_NS ? last.ns + (bothy_time)ns : read_clock_again();
}

#else

bothy_time clock_stamp(void)
{
	return clock_now();
}

#endif
