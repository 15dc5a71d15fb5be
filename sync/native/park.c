/*
 * Parking on a futex.
 *
 * The state goes round so (post by anyone, the rest by the owner):
 *
 *     EMPTY --park--> PARKED --post--> TOKEN --park--> EMPTY
 *     EMPTY --post--> TOKEN;  PARKED --timeout--> EMPTY
 *
 * Every change is one atomic swap or compare-and-swap, so a token can't be lost between
 * the look at the state and the sleep: the kernel compares the word again (futex(2)).
 */
#include "sync/park.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sync/atomic.h"

enum { EMPTY, TOKEN, PARKED };

/*
 * Times as the kernel reads them, which the C library's struct timespec need not be: where the
 * kernel's long has 32 bits, a time_t may have 64.
 */
struct time_in_longs {
	__kernel_long_t seconds, ns;
};

struct time_in_64 {
	int64_t seconds, ns;
};

#ifndef SYS_futex_time64 /* old headers, or a long has 64 bits */
#define SYS_futex_time64 (-1)
#endif

/* Sleep while the word is PARKED, by that system call: 0, or a negative error. */
static int futex_call(struct parker *parker, long call, const void *until)
{
	/* WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC. */
	if (syscall(call, &parker->state, FUTEX_WAIT_BITSET_PRIVATE, PARKED, until, NULL,
	            FUTEX_BITSET_MATCH_ANY) == 0)
		return 0;
	return -errno;
}

/* The same, until DEADLINE, which is not BOTHY_FOREVER and not below 0. */
static int futex_wait_until(struct parker *parker, bothy_time deadline)
{
	const struct time_in_64 until = {deadline / 1000000000, deadline % 1000000000};
	struct time_in_longs near = {(__kernel_long_t)until.seconds, (__kernel_long_t)until.ns};
	int error;

	if (sizeof(near) == sizeof(until))
		return futex_call(parker, SYS_futex, &near);
	error = futex_call(parker, SYS_futex_time64, &until);
	/* Before Linux 5.1; or a filter of system calls does not know it. */
	if (error != -ENOSYS && error != -EPERM)
		return error;
	if (until.seconds <= INT32_MAX)
		return futex_call(parker, SYS_futex, &near);
	near.seconds = INT32_MAX; /* then the caller comes again */
	(void)futex_call(parker, SYS_futex, &near);
	return 0;
}

/* Sleep while the word is PARKED.  -ETIMEDOUT, or 0 for anything else. */
static int futex_wait(struct parker *parker, bothy_time deadline)
{
	int error;

	if (deadline == BOTHY_FOREVER)
		error = futex_call(parker, SYS_futex, NULL);
	else /* the kernel would refuse a time below 0 */
		error = futex_wait_until(parker, deadline > 0 ? deadline : 0);
	return error == -ETIMEDOUT ? error : 0;
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

void parker_init(struct parker *parker)
{
	atomic_init(&parker->state, EMPTY);
}

int parker_park(struct parker *parker, bothy_time deadline)
{
	int saved_errno = errno;
	uint32_t state = EMPTY;

	/* Acquire, here and below: pairs with the release in parker_post(). */
	if (!atom_cas(&parker->state, &state, PARKED, acquire)) {
		/* It was TOKEN.  A post may have come since: the swap reads it, so that what was
		 * written before that post is seen, for its token goes too.  A store would not. */
		(void)atom_swap(&parker->state, EMPTY, acquire);
		return 0;
	}
	for (;;) {
		int error = futex_wait(parker, deadline);

		state = atom_load(&parker->state, acquire);
		if (state == TOKEN || error < 0)
			break;
	}
	errno = saved_errno;
	return atom_swap(&parker->state, EMPTY, acquire) == TOKEN ? 0 : -ETIMEDOUT;
}

void parker_pass(void)
{
	/* A look every time would take the line away from who is about to write it. */
	enum { PAUSES = 4 };

	for (int i = 0; i < PAUSES; i++)
		pause_briefly();
}

bool parker_look(struct parker *parker)
{
	for (int i = 0; i < PARKER_LOOKS; i++) {
		/* Relaxed: parker_park() looks again. */
		if (atom_load(&parker->state, relaxed) != EMPTY)
			return true;
		parker_pass();
	}
	return false;
}

bool parker_post(struct parker *parker)
{
	/* Release: pairs with the acquire in parker_park(). */
	return atom_swap(&parker->state, TOKEN, release) == PARKED;
}

void parker_kick(struct parker *parker)
{
	int saved_errno = errno;

	(void)syscall(SYS_futex, &parker->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved_errno;
}
